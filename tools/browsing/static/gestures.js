// Dragging, pinching and the wheel on a picture.

// A drag over so many pixels goes through all levels.
const DRAG_PIXELS = 400;

export function attach(frame, view, tool, onPoint) {
  const pointers = new Map();
  const place = (event) => {
    const box = frame.getBoundingClientRect();
    return {x: event.clientX - box.left, y: event.clientY - box.top};
  };

  frame.addEventListener("pointerdown", (event) => {
    if (!view.picture || event.button > 1) return;
    frame.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    event.preventDefault();
  });

  frame.addEventListener("pointermove", (event) => {
    const to = place(event);
    const from = pointers.get(event.pointerId);
    onPoint(view.valueAt(to.x, to.y));
    if (!from) return;
    if (pointers.size === 2) pinch(view, pointers, event.pointerId, to);
    else if (pans(event, tool())) view.moveBy(to.x - from.x, to.y - from.y);
    else {
      const step = (view.max + 1) / DRAG_PIXELS;
      view.setWindow(view.level - (to.y - from.y) * step,
        view.width + (to.x - from.x) * step);
    }
    pointers.set(event.pointerId, to);
  });

  for (const name of ["pointerup", "pointercancel"]) {
    frame.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  frame.addEventListener("pointerleave", () => onPoint(null));

  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    const {x, y} = place(event);
    view.zoomBy(Math.exp(-event.deltaY / 400), x, y);
  }, {passive: false});
}

const pans = (event, tool) =>
  (tool === "pan") !== event.shiftKey || (event.buttons & 4) !== 0;

function pinch(view, pointers, moved, to) {
  const [other] = [...pointers].filter(([id]) => id !== moved);
  const from = pointers.get(moved);
  const length = (point) =>
    Math.hypot(point.x - other[1].x, point.y - other[1].y) || 1;
  const middle = {x: (to.x + other[1].x) / 2, y: (to.y + other[1].y) / 2};
  view.moveBy((to.x - from.x) / 2, (to.y - from.y) / 2);
  view.zoomBy(length(to) / length(from), middle.x, middle.y);
}
