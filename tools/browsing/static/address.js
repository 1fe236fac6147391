// What the page shows, and the address that says so.
//
// Everything that can be returned to stands in the address: filter, chosen
// values, order, page, image, its picture and window.

const OWN = ["where", "order", "page", "image", "picture", "window"];

export function parse(search) {
  const parameters = new URLSearchParams(search);
  const chosen = {};
  for (const [name, value] of parameters) {
    if (!OWN.includes(name)) (chosen[name] ??= []).push(value);
  }
  const [level, width] = (parameters.get("window") || "").split(",")
    .map(Number);
  return {
    where: parameters.get("where") || "",
    chosen,
    order: parameters.get("order") || "file",
    page: Math.max(1, Number.parseInt(parameters.get("page"), 10) || 1),
    image: parameters.get("image"),
    picture: parameters.get("picture"),
    window: width >= 1 && Number.isFinite(level) ? {level, width} : null,
  };
}

// What the server is asked by: the selection alone.
export function selection(state) {
  const parameters = new URLSearchParams();
  if (state.where) parameters.set("where", state.where);
  for (const name of Object.keys(state.chosen).sort()) {
    for (const value of state.chosen[name]) parameters.append(name, value);
  }
  if (state.order !== "file") parameters.set("order", state.order);
  return parameters;
}

export function format(state) {
  const parameters = selection(state);
  if (state.page > 1) parameters.set("page", state.page);
  if (state.image) {
    parameters.set("image", state.image);
    if (state.picture) parameters.set("picture", state.picture);
    if (state.window) {
      parameters.set("window", `${state.window.level},${state.window.width}`);
    }
  }
  const text = parameters.toString();
  return text ? `/?${text}` : "/";
}
