// Labels and predictions in words.

const CANCER = {0: "no cancer", 1: "cancer"};
const NUMBERED = {implant: {true: "implant", false: "none"}, cancer: CANCER};

export function value(facet, text) {
  if (text === "") return facet === "reason" ? "none" : "unknown";
  return NUMBERED[facet]?.[text] ?? text;
}

export function title(image) {
  const side = {L: "Left", R: "Right"}[image.laterality] ?? "Side unknown";
  return `${side} ${image.view ?? "view unknown"}`;
}

export function cancer(image) {
  return CANCER[image.cancer] ?? "not labelled";
}

export function score(image) {
  if (image.score === null) return "";
  return image.score >= 0.9995 || image.score < 0.0005
    ? image.score.toPrecision(3) : image.score.toFixed(3);
}

// Whether the model was right, with a sign that needs no colour.
export function verdict(image) {
  if (!image.verdict) return "";
  return `${image.verdict.startsWith("true") ? "✓" : "✗"} ${image.verdict}`;
}

export function described(image) {
  const parts = [title(image), image.split, cancer(image)];
  if (image.birads !== null) parts.push(`BI-RADS ${image.birads}`);
  if (image.status !== "written") {
    parts.push(`${image.status}${image.reason ? `: ${image.reason}` : ""}`);
  }
  if (image.score !== null) parts.push(`score ${score(image)}`);
  if (image.verdict) parts.push(image.verdict);
  return parts.filter(Boolean).join(", ");
}
