// Making elements.

export const byId = (id) => document.getElementById(id);

// make("a", {href: "/", class: "x"}, "text", element, ...)
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function showError(element, message) {
  element.textContent = message;
  element.hidden = !message;
}

export const count = (number) => number.toLocaleString("en");

export const plural = (number, word) =>
  `${count(number)} ${word}${number === 1 ? "" : "s"}`;
