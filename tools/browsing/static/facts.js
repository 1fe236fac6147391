// What is known of an image: its label beside what the model says, and every
// column.

import {make} from "./dom.js";
import * as words from "./words.js";

export function drawJudged(element, image, run) {
  const rows = [
    ["Label", make("span", {class: `label ${kind(image)}`},
      words.cancer(image))],
    ["BI-RADS", image.birads ?? "–"],
    ["Split", image.split ?? "–"],
  ];
  const parts = [definitions(rows)];
  if (run) parts.push(make("h3", {}, run.name), ...model(image, run));
  for (const sentence of image.meaning) {
    parts.push(make("p", {class: "note"}, sentence));
  }
  element.replaceChildren(...parts);
}

const kind = (image) =>
  ({0: "negative", 1: "positive"}[image.cancer] ?? "unlabelled");

function model(image, run) {
  if (image.score === null) {
    return [make("p", {class: "quiet"}, "There is no prediction of it.")];
  }
  const right = image.verdict?.startsWith("true");
  const rows = [
    ["Truth", run.classes[image.label] ?? "unknown"],
    ["Score", words.score(image)],
  ];
  if (image.decision !== null) {
    rows.push(["Says", run.classes[image.decision]]);
  }
  if (image.verdict) {
    rows.push(["Verdict", make("span",
      {class: `verdict ${right ? "right" : "wrong"}`},
      words.verdict(image))]);
  }
  return [scoreBar(image.score, run.threshold), definitions(rows)];
}

function scoreBar(score, threshold) {
  const fill = make("span", {class: "fill"});
  fill.style.width = `${100 * score}%`;
  const marks = [fill];
  let text = `score ${score.toPrecision(3)} of 1`;
  if (threshold !== null) {
    const mark = make("span", {class: "threshold"});
    mark.style.left = `${100 * threshold}%`;
    marks.push(mark);
    text += `, threshold ${threshold.toPrecision(3)}`;
  }
  return make("div", {class: "scorebar", role: "img", "aria-label": text,
    title: text}, ...marks);
}

export function drawGroups(element, groups) {
  const open = new Set([...element.querySelectorAll("details[open]")].map(
    (box) => box.dataset.group));
  element.replaceChildren(...groups.map((group) => {
    const known = group.fields.filter((field) => field.value !== null);
    const unknown = group.fields.filter((field) => field.value === null);
    const box = make("details",
      {"data-group": group.name, open: open.has(group.name)},
      make("summary", {}, group.name === "Label" ? "Label in full"
        : group.name),
      definitions(known.map((field) => [field.name, text(field.value)]),
        Object.fromEntries(known.map((one) => [one.name, one.meaning]))));
    if (unknown.length) {
      box.append(make("p", {class: "quiet unknown"}, "unknown: ",
        unknown.map((field) => field.name).join(", ")));
    }
    return box;
  }));
}

function text(value) {
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (typeof value === "number" && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(6)));
  }
  return String(value);
}

function definitions(rows, meanings = {}) {
  return make("dl", {}, ...rows.flatMap(([name, value]) => [
    make("dt", {title: meanings[name]}, name), make("dd", {}, value)]));
}
