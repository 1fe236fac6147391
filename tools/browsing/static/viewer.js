// One image at full size, with all that is known of it.

import * as address from "./address.js";
import {byId, make, plural, showError} from "./dom.js";
import * as facts from "./facts.js";
import * as gestures from "./gestures.js";
import * as histogram from "./histogram.js";
import {PixelView} from "./pixelview.js";
import * as server from "./server.js";
import * as stages from "./stages.js";
import * as words from "./words.js";

const ORIGINAL = "original";

export class Viewer {
  // change(changes, {push}): asks for another state of the page.
  constructor(run, change) {
    this.run = run;
    this.change = change;
    this.dialog = byId("viewer");
    this.view = new PixelView(byId("canvas"), byId("frame"),
      () => this.changed());
    gestures.attach(byId("frame"), this.view, () => this.tool(), readout);
    this.listen();
  }

  tool() {
    return document.querySelector("input[name=tool]:checked").value;
  }

  listen() {
    const {view} = this;
    const actions = {
      close: () => this.close(), previous: () => this.go("previous"),
      next: () => this.go("next"), full: () => view.allLevels(),
      tissue: () => view.tissue(), invert: () => this.invert(),
      "zoom-in": () => view.zoomBy(1.25), "zoom-out": () => view.zoomBy(0.8),
      fit: () => view.fit(), actual: () => view.actual(),
    };
    for (const [id, action] of Object.entries(actions)) {
      byId(id).addEventListener("click", action);
    }
    byId("level").addEventListener("input", (event) =>
      view.setWindow(Number(event.target.value), view.width));
    byId("width").addEventListener("input", (event) =>
      view.setWindow(view.level, Number(event.target.value)));
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    byId("stages-box").addEventListener("toggle", () => this.drawStages());
  }

  get isOpen() {
    return this.dialog.open;
  }

  // Shows the image that the state names; the same one is not asked anew.
  async show(state) {
    this.state = state;
    if (!this.dialog.open) this.dialog.showModal();
    const parameters = address.selection(state);
    parameters.set("image", state.image);
    if (this.asked !== parameters.toString()) {
      this.asked = parameters.toString();
      try {
        this.image = await server.ask("image", parameters);
      } catch (error) {
        if (server.isStale(error)) return;
        this.asked = null;
        this.fail(error);
        return;
      }
      this.drawFacts();
    }
    await this.drawPicture();
  }

  close() {
    this.change({image: null, picture: null, window: null,
      page: this.image?.page ?? this.state.page}, {push: true});
  }

  hide() {
    this.dialog.close();
    this.asked = this.drawn = null;
    this.view.clear();
  }

  go(direction) {
    const key = this.image?.[direction];
    if (key) this.change({image: key, window: null});
  }

  nextPicture() {
    const there = this.image.pictures.filter((one) => !one.why_not);
    const at = there.findIndex((one) => one.name === this.picture?.name);
    if (there.length > 1) {
      this.choose(there[(at + 1) % there.length].name);
    }
  }

  choose(name) {
    this.change({picture: name, window: null});
  }

  invert() {
    this.view.setInverted(!this.view.inverted);
    byId("invert").setAttribute("aria-pressed", this.view.inverted);
  }

  // Share of all levels by which level and width are moved.
  move(level, width) {
    const step = (this.view.max + 1) / 40;
    this.view.setWindow(this.view.level + level * step,
      this.view.width + width * step);
  }

  drawFacts() {
    const {image} = this;
    byId("viewer-title").textContent = words.title(image);
    byId("position").textContent = image.position === null
      ? "not among the images selected"
      : `${image.position.toLocaleString("en")} of ${
        plural(image.total, "image")}`;
    byId("previous").disabled = !image.previous;
    byId("next").disabled = !image.next;
    facts.drawJudged(byId("judged"), image, this.run);
    facts.drawGroups(byId("groups"), image.groups);
    this.drawPictures();
    this.stagesOf = null;
    this.drawStages();
  }

  drawPictures() {
    const choices = this.image.pictures.map((picture) => {
      const input = make("input", {type: "radio", name: "picture",
        value: picture.name, disabled: Boolean(picture.why_not)});
      input.addEventListener("change", () => this.choose(picture.name));
      return make("label", {}, input,
        ` ${picture.name} `, make("span", {class: "quiet"},
          picture.name === ORIGINAL
            ? `${picture.width} × ${picture.height}` : ""));
    });
    const notes = this.image.pictures.filter((one) => one.why_not).map(
      (one) => make("p", {class: "note"}, one.why_not));
    byId("pictures").replaceChildren(make("legend", {}, "Picture"),
      ...choices, ...notes);
  }

  async drawPicture() {
    const there = this.image.pictures.filter((one) => !one.why_not);
    this.picture = there.find((one) => one.name === this.state.picture)
      ?? there[0];
    for (const input of document.querySelectorAll("input[name=picture]")) {
      input.checked = input.value === this.picture?.name;
    }
    if (!this.picture) {
      this.fail(new Error("There is no picture of it."));
      return;
    }
    const parameters = new URLSearchParams({
      image: this.image.key, picture: this.picture.name});
    if (this.drawn === parameters.toString()) {
      this.applyWindow();
      return;
    }
    byId("frame").setAttribute("aria-busy", "true");
    try {
      const picture = await server.pixels(parameters);
      this.drawn = parameters.toString();
      showError(byId("no-picture"), "");
      byId("controls").hidden = false;
      this.limitSliders(picture);
      this.view.show(picture, this.state.window);
    } catch (error) {
      if (server.isStale(error)) return;
      this.fail(error);
    }
    byId("frame").removeAttribute("aria-busy");
  }

  applyWindow() {
    const {window} = this.state;
    if (!window) return;
    if (window.level !== this.view.level || window.width !== this.view.width) {
      this.view.setWindow(window.level, window.width);
    }
  }

  limitSliders(picture) {
    let max = 1;
    for (const value of picture.values) if (value > max) max = value;
    byId("level").max = max;
    byId("level").step = 0.5;
    byId("width").max = 2 * max + 2;
  }

  fail(error) {
    this.drawn = null;
    this.view.clear();
    byId("controls").hidden = true;
    showError(byId("no-picture"), error.message);
  }

  // Called at every change of window, zoom or place.
  changed() {
    const {view} = this;
    if (!view.picture || !this.image) return;
    byId("level").value = view.level;
    byId("width").value = view.width;
    byId("level-value").textContent = view.level;
    byId("width-value").textContent = view.width;
    byId("zoom").textContent =
      `${Math.round(100 * view.scale * devicePixelRatio)} %`;
    byId("canvas").setAttribute("aria-label",
      `${words.described(this.image)}; ${this.picture?.name}, level ${
        view.level}, window ${view.width}`);
    histogram.draw(byId("histogram"), view);
    clearTimeout(this.kept);
    // The address follows when the hand rests.
    this.kept = setTimeout(() => this.keepWindow(), 250);
  }

  keepWindow() {
    if (!this.isOpen || !this.drawn) return;
    const {level, width, isDefault} = this.view;
    this.change({window: isDefault ? null : {level, width}});
  }

  drawStages() {
    if (!byId("stages-box").open || !this.image) return;
    if (this.stagesOf === this.image.key) return;
    this.stagesOf = this.image.key;
    stages.draw(this.image.key);
  }
}

function readout(point) {
  byId("readout").textContent = point
    ? `x ${point.column}  y ${point.row}  value ${
      point.value.toLocaleString("en")}` : "";
}
