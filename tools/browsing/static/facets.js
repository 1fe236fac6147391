// Values to click, with how many images each would leave.

import {count, make} from "./dom.js";
import * as words from "./words.js";

// onChoose(facet, value, whether it is chosen now)
export function draw(element, facets, onChoose) {
  const focused = document.activeElement?.dataset?.choice;
  element.replaceChildren(...facets.map((facet) => {
    const legend = make("legend", {}, facet.heading);
    const list = facet.values.map((one) => {
      const box = make("input", {type: "checkbox", checked: one.chosen,
        "data-choice": `${facet.facet} ${one.value}`});
      box.addEventListener("change", () =>
        onChoose(facet.facet, one.value, box.checked));
      return make("label", {class: "value"}, box,
        make("span", {class: "word"}, words.value(facet.facet, one.value)),
        make("span", {class: "number"}, count(one.images)));
    });
    if (facet.more) {
      list.push(make("p", {class: "more"},
        `${count(facet.more)} more: use the filter`));
    }
    return make("fieldset", {}, legend, ...list);
  }));
  if (focused) {
    element.querySelector(`[data-choice="${CSS.escape(focused)}"]`)?.focus();
  }
}
