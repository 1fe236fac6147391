// The recipe's steps side by side, drawn from the original file.

import {byId, make} from "./dom.js";
import * as server from "./server.js";

export async function draw(key) {
  const note = byId("stages-note");
  const list = byId("stages");
  list.replaceChildren();
  note.textContent = "Drawing…";
  try {
    const parameters = new URLSearchParams({image: key});
    const answer = await server.ask("stages", parameters);
    note.textContent = answer.ended;
    list.replaceChildren(...answer.stages.map((stage, number) =>
      item(key, stage, number)));
  } catch (error) {
    if (!server.isStale(error)) note.textContent = error.message;
  }
}

function item(key, stage, number) {
  const parameters = new URLSearchParams({image: key, number});
  const address = `/api/stage?${parameters}`;
  const [name, ...rest] = stage.lines;
  const button = make("button", {type: "button", class: "stage-button",
    "aria-label": `Enlarge: ${stage.lines.join(", ")}`},
  make("img", {src: address, alt: "", width: stage.width,
    height: stage.height}));
  button.addEventListener("click", () => enlarge(address, stage));
  return make("li", {}, button, make("strong", {}, name),
    ...rest.map((line) => make("span", {class: "quiet"}, line)));
}

function enlarge(address, stage) {
  byId("stage-caption").textContent = stage.lines.join(" · ");
  const picture = byId("stage-picture");
  picture.src = address;
  picture.alt = stage.lines.join(", ");
  byId("stage-large").showModal();
}

byId("stage-close").addEventListener("click",
  () => byId("stage-large").close());
