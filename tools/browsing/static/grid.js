// One page of images.

import * as address from "./address.js";
import {make} from "./dom.js";
import * as words from "./words.js";

export function draw(element, images, state, onOpen) {
  element.replaceChildren(...images.map((image) => {
    const link = make("a", {
      class: "tile",
      href: address.format({...state, image: image.key, picture: null,
        window: null}),
      "data-key": image.key,
      "aria-label": words.described(image),
    }, picture(image), ...captions(image));
    link.addEventListener("click", (event) => {
      // A new tab remains a new tab.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onOpen(image.key);
    });
    return make("li", {}, link);
  }));
}

function picture(image) {
  if (!image.stored) {
    return make("span", {class: "thumb empty"},
      make("span", {}, image.status),
      make("span", {class: "why"}, image.reason ?? ""));
  }
  const parameters = new URLSearchParams({image: image.key});
  return make("span", {class: "thumb"}, make("img", {
    src: `/api/thumbnail?${parameters}`, alt: "", loading: "lazy",
    decoding: "async"}));
}

function captions(image) {
  const kind = {0: "negative", 1: "positive"}[image.cancer] ?? "unlabelled";
  const birads = image.birads === null ? "" : `BI-RADS ${image.birads}`;
  const lines = [
    make("span", {class: "line"},
      make("strong", {},
        `${image.laterality ?? "?"} ${image.view ?? "?"}`),
      make("span", {class: "quiet"}, image.split ?? "")),
    make("span", {class: "line"},
      make("span", {class: `label ${kind}`}, words.cancer(image)),
      make("span", {class: "quiet"}, birads)),
  ];
  if (image.score !== null) {
    const right = image.verdict?.startsWith("true");
    lines.push(make("span", {class: "line"},
      make("span", {class: `verdict ${right ? "right" : "wrong"}`},
        words.verdict(image)),
      make("span", {class: "quiet"}, words.score(image))));
  }
  return lines;
}

// Moves the focus over the tiles; returns whether it could.
export function moveFocus(element, direction) {
  const tiles = [...element.querySelectorAll(".tile")];
  if (!tiles.length) return false;
  const at = tiles.indexOf(document.activeElement);
  const across = columns(tiles);
  const step = {next: 1, previous: -1, down: across, up: -across}[direction];
  const to = at < 0 ? 0 : at + step;
  if (to < 0 || to >= tiles.length) return false;
  tiles[to].focus();
  return true;
}

function columns(tiles) {
  const top = tiles[0].offsetTop;
  const second = tiles.findIndex((tile) => tile.offsetTop > top);
  return second < 0 ? tiles.length : second;
}
