// The page: its state is its address, and what is drawn follows from it.

import * as address from "./address.js";
import {byId, count, make, plural, showError} from "./dom.js";
import * as facets from "./facets.js";
import * as grid from "./grid.js";
import * as keys from "./keys.js";
import * as pager from "./pager.js";
import * as server from "./server.js";
import {Viewer} from "./viewer.js";

let state = address.parse(location.search);
let drawn = null; // the selection and page that the grid shows
let answer = null;
let viewer = null;

function change(changes, {push = false} = {}) {
  state = {...state, ...changes};
  const to = address.format(state);
  if (to !== location.pathname + location.search) {
    if (push) history.pushState(null, "", to);
    else history.replaceState(null, "", to);
  }
  return follow();
}

// Another selection begins at its first page.
const select = (changes) => change({...changes, page: 1}, {push: true});
const turnTo = async (page) => {
  await change({page}, {push: true});
  scrollTo(0, 0);
};

async function follow() {
  byId("where").value = state.where;
  byId("order").value = state.order;
  const showing = state.image ? viewer.show(state) : closeViewer();
  await Promise.all([drawGrid(), showing]);
}

function closeViewer() {
  if (!viewer.isOpen) return;
  const last = viewer.state.image;
  viewer.hide();
  byId("grid").querySelector(`[data-key="${CSS.escape(last)}"]`)?.focus();
}

async function drawGrid() {
  const parameters = address.selection(state);
  const selected = parameters.toString();
  parameters.set("page", state.page);
  if (drawn === parameters.toString()) return;
  const before = drawn;
  drawn = parameters.toString();
  byId("grid").setAttribute("aria-busy", "true");
  try {
    const isNew = before === null
      || before.replace(/&?page=\d+$/, "") !== selected;
    const [page, values] = await Promise.all([
      server.ask("page", parameters),
      isNew ? server.ask("facets", selected) : null]);
    answer = page;
    // Of a page beyond the last one, the last one is shown.
    state.page = page.page;
    showError(byId("filter-error"), "");
    byId("where").removeAttribute("aria-invalid");
    drawPage();
    if (values) drawFacets(values);
  } catch (error) {
    if (server.isStale(error)) return;
    drawn = null;
    // The images stay that were there; the message says why.
    showError(byId("filter-error"), error.message);
    byId("where").setAttribute("aria-invalid", "true");
  }
  byId("grid").removeAttribute("aria-busy");
}

function drawPage() {
  const last = answer.first + answer.images.length - 1;
  byId("count").textContent = answer.total
    ? `${count(answer.first)} to ${count(last)} of ${
      plural(answer.total, "image")}`
    : "Nothing is selected: change the filter or the values chosen";
  grid.draw(byId("grid"), answer.images, state,
    (key) => change({image: key, picture: state.picture}, {push: true}));
  for (const id of ["pager", "pager-below"]) {
    pager.draw(byId(id), answer, turnTo);
  }
  if (viewer.isOpen) return;
  document.title = state.where ? `${state.where} – Mammoflow` : "Mammoflow";
}

function drawFacets(values) {
  facets.draw(byId("facets"), values, (facet, value, isChosen) => {
    const others = (state.chosen[facet] ?? []).filter((one) => one !== value);
    select({chosen: {...state.chosen,
      [facet]: isChosen ? [...others, value] : others}});
  });
  const chosen = Object.values(state.chosen).flat().length;
  byId("chosen-count").textContent = chosen ? `(${chosen} chosen)` : "";
}

function drawDataset(dataset) {
  const {run} = dataset;
  const parts = [dataset.name, plural(dataset.files, "file"),
    plural(dataset.records, "record")];
  if (dataset.planned) parts.push("only planned");
  if (run) {
    parts.push(`${run.name}: ${plural(run.predicted, "prediction")}`);
  }
  byId("dataset").textContent = parts.join(" · ");
  byId("order").replaceChildren(...Object.entries(dataset.orders).map(
    ([name, heading]) => make("option", {value: name}, heading)));
  byId("columns").replaceChildren(...dataset.columns.map((column) => {
    const button = make("button", {type: "button", title: column.meaning},
      column.name);
    button.addEventListener("click", () => insert(column.name));
    return make("li", {}, button);
  }));
}

// Puts a column's name where the cursor is.
function insert(name) {
  const where = byId("where");
  const word = /^(rows|columns)$/.test(name) ? `"${name}"` : name;
  where.setRangeText(word, where.selectionStart, where.selectionEnd, "end");
  where.focus();
}

function listen() {
  byId("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    drawn = null; // The same filter again is a wish to see it anew.
    select({where: byId("where").value.trim()});
  });
  byId("clear").addEventListener("click", () =>
    select({where: "", chosen: {}}));
  byId("where").addEventListener("keydown", (event) => {
    if (event.key === "Escape") byId("where").blur();
  });
  byId("order").addEventListener("change", (event) =>
    select({order: event.target.value}));
  addEventListener("popstate", () => {
    state = address.parse(location.search);
    follow();
  });
  const wide = matchMedia("(min-width: 60rem)");
  const open = () => { byId("facets-box").open = wide.matches; };
  wide.addEventListener("change", open);
  open();
}

async function begin() {
  const dataset = await server.ask("dataset");
  drawDataset(dataset);
  viewer = new Viewer(dataset.run, change);
  keys.listen({
    viewer,
    isViewing: () => viewer.isOpen,
    grid: (direction) => grid.moveFocus(byId("grid"), direction),
    turn: (pages) => {
      const to = state.page + pages;
      if (answer && to >= 1 && to <= answer.pages) turnTo(to);
    },
  });
  listen();
  await follow();
}

begin().catch((error) => showError(byId("load-error"), error.message));
