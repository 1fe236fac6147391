// From page to page.

import {count, make} from "./dom.js";

export function draw(element, answer, turnTo) {
  const {page, pages} = answer;
  element.hidden = pages < 2;
  if (pages < 2) return;
  const button = (name, sign, to) => {
    const made = make("button", {type: "button", "aria-label": name,
      title: name, disabled: to < 1 || to > pages || to === page}, sign);
    made.addEventListener("click", () => turnTo(to));
    return made;
  };
  const input = make("input", {type: "number", min: 1, max: pages,
    value: page, "aria-label": "Page"});
  input.addEventListener("change", () => {
    const to = Number.parseInt(input.value, 10);
    if (to >= 1) turnTo(Math.min(to, pages));
  });
  element.replaceChildren(
    button("First page", "«", 1), button("Previous page", "‹", page - 1),
    make("label", {}, input, ` of ${count(pages)}`),
    button("Next page", "›", page + 1), button("Last page", "»", pages));
}
