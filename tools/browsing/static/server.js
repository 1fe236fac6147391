// Asking the server. A newer question of the same kind ends an older one.

const asked = new Map();

async function respond(kind, path, parameters) {
  asked.get(kind)?.abort();
  const controller = new AbortController();
  asked.set(kind, controller);
  let response;
  try {
    response = await fetch(`/api/${path}?${parameters}`,
      {signal: controller.signal});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; is browse.py still running?");
  }
  if (response.ok) return response;
  throw new Error((await response.json()).error);
}

export async function ask(path, parameters = "", kind = path) {
  return (await respond(kind, path, parameters)).json();
}

// Values of a picture: width, height and a Uint16Array of them row by row.
export async function pixels(parameters) {
  const response = await respond("pixels", "pixels", parameters);
  const data = await response.arrayBuffer();
  const words = new Uint16Array(data.byteLength / 2);
  const view = new DataView(data);
  // Little-endian, whatever this machine is.
  for (let at = 0; at < words.length; at++) {
    words[at] = view.getUint16(2 * at, true);
  }
  return {
    width: Number(response.headers.get("X-Width")),
    height: Number(response.headers.get("X-Height")),
    values: words,
  };
}

export const isStale = (error) => error.name === "AbortError";
