// The text that stands out too little from its background (WCAG 2.2, 1.4.3).
const rgb = (text) => text.match(/[\d.]+/g).map(Number);
const luminance = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = rgb(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const texts = [...document.querySelectorAll("body *")].filter((element) =>
  element.checkVisibility() && !element.disabled
  && !element.closest(".skip") && !element.closest(".frame")
  && [...element.childNodes].some((node) =>
    node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
return texts.map((element) => {
  const [low, high] = [luminance(rgb(getComputedStyle(element).color)),
    luminance(behind(element))].sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  return ratio < 4.5
    ? `${ratio.toFixed(2)}: ${element.tagName} ${element.className} ${
      element.textContent.trim().slice(0, 30)}` : null;
}).filter(Boolean);
