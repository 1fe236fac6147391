// The keyboard: one table, from which the help derives.

import {byId, make} from "./dom.js";

// page: {isViewing(), grid(direction), turn(pages), viewer}
function table(page) {
  const {viewer} = page;
  const {view} = viewer;
  return {
    "Everywhere": [
      [["?"], "these keys", () => byId("help").showModal()],
      [["Esc"], "close", null],
    ],
    "Among the images": [
      [["j", "ArrowRight"], "next image", () => page.grid("next")],
      [["k", "ArrowLeft"], "previous image", () => page.grid("previous")],
      [["ArrowDown"], "a row down", () => page.grid("down")],
      [["ArrowUp"], "a row up", () => page.grid("up")],
      [["Enter"], "look at it", null],
      [["n"], "next page", () => page.turn(1)],
      [["p"], "previous page", () => page.turn(-1)],
      [["/"], "to the filter", () => byId("where").focus()],
    ],
    "Looking at one": [
      [["j", "ArrowRight"], "next image", () => viewer.go("next")],
      [["k", "ArrowLeft"], "previous image", () => viewer.go("previous")],
      [["v"], "next picture of it", () => viewer.nextPicture()],
      [["."], "brighter", () => viewer.move(-1, 0)],
      [[","], "darker", () => viewer.move(1, 0)],
      [["]"], "less contrast", () => viewer.move(0, 1)],
      [["["], "more contrast", () => viewer.move(0, -1)],
      [["r"], "all levels", () => view.allLevels()],
      [["t"], "levels of the tissue", () => view.tissue()],
      [["i"], "invert", () => viewer.invert()],
      [["+", "="], "zoom in", () => view.zoomBy(1.25)],
      [["-"], "zoom out", () => view.zoomBy(0.8)],
      [["f"], "whole picture", () => view.fit()],
      [["o"], "one pixel is one pixel", () => view.actual()],
      [["s"], "stages of the recipe", () => toggleStages()],
    ],
    "With the mouse": [
      [["drag"], "window: across its width, down its level", null],
      [["Shift + drag"], "move the picture", null],
      [["wheel"], "zoom", null],
    ],
  };
}

const NAMES = {ArrowRight: "→", ArrowLeft: "←", ArrowDown: "↓", ArrowUp: "↑"};

export function listen(page) {
  const keys = table(page);
  drawHelp(keys);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (takesKeys(event.target, event.key)) return;
    if (byId("help").open || byId("stage-large").open) return;
    const here = page.isViewing() ? "Looking at one" : "Among the images";
    for (const [names, , action] of [...keys[here], ...keys.Everywhere]) {
      if (action && names.includes(event.key)) {
        event.preventDefault();
        action();
        return;
      }
    }
  });
}

// Whether a control has a use of its own for a key.
function takesKeys(element, key) {
  if (element.matches("select, textarea, input:not([type=checkbox])")) {
    if (element.type === "range" || element.type === "radio") {
      return key.startsWith("Arrow");
    }
    return true;
  }
  return false;
}

function toggleStages() {
  const box = byId("stages-box");
  box.open = !box.open;
  if (box.open) box.scrollIntoView({block: "nearest"});
}

function drawHelp(keys) {
  byId("keys").replaceChildren(...Object.entries(keys).map(
    ([where, entries]) => make("section", {}, make("h3", {}, where),
      make("dl", {}, ...entries.flatMap(([names, meaning]) => [
        make("dt", {}, ...names.map(
          (name) => make("kbd", {}, NAMES[name] ?? name))),
        make("dd", {}, meaning)])))));
  byId("show-help").addEventListener("click",
    () => byId("help").showModal());
  byId("hide-help").addEventListener("click", () => byId("help").close());
}
