// A picture of 16-bit values on a canvas: window and level, zoom and place.
//
// The canvas has the picture's own size, so that each value is one pixel of
// it; zoom and place are the browser's. The window is DICOM's linear one
// (PS3.3 C.11.2.1.2.1), computed from the values themselves: nothing is lost
// but on the screen.

const LARGEST_ZOOM = 32;

export function windowed(value, level, width, inverted = false) {
  let grey;
  if (width <= 1) grey = value > level - 0.5 ? 255 : 0;
  else grey = 255 * ((value - (level - 0.5)) / (width - 1) + 0.5);
  grey = Math.min(255, Math.max(0, Math.round(grey)));
  return inverted ? 255 - grey : grey;
}

export class PixelView {
  constructor(canvas, frame, onChange) {
    this.canvas = canvas;
    this.frame = frame;
    this.onChange = onChange;
    this.context = canvas.getContext("2d", {alpha: false});
    this.picture = null;
    this.inverted = false;
    this.pending = 0;
    new ResizeObserver(() => this.fitted && this.fit()).observe(frame);
  }

  // picture: {width, height, values}, values a Uint16Array.
  show(picture, window = null) {
    this.picture = picture;
    this.counts = counted(picture.values);
    this.max = Math.max(1, this.counts.findLastIndex((n) => n > 0));
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    this.image = this.context.createImageData(picture.width, picture.height);
    this.words = new Uint32Array(this.image.data.buffer);
    if (window) this.setWindow(window.level, window.width);
    else this.allLevels();
    this.draw();
    this.fit();
  }

  clear() {
    this.picture = null;
    this.canvas.width = this.canvas.height = 0;
  }

  allLevels() {
    this.setWindow((this.max + 1) / 2, this.max + 1);
    this.isDefault = true;
  }

  // From the 1st to the 99th percentile of what is not black.
  tissue() {
    const all = this.counts.reduce((sum, n) => sum + n, 0) - this.counts[0];
    const at = (share) => {
      let sum = 0;
      for (let value = 1; value <= this.max; value++) {
        sum += this.counts[value];
        if (sum >= share * all) return value;
      }
      return this.max;
    };
    if (all) {
      const [low, high] = [at(0.01), at(0.99)];
      this.setWindow((low + high + 1) / 2, high - low + 1);
    }
  }

  setWindow(level, width) {
    this.width = Math.min(2 * this.max + 2, Math.max(1, Math.round(width)));
    this.level = Math.min(this.max, Math.max(0, Math.round(level * 2) / 2));
    this.isDefault = false;
    this.redraw();
  }

  setInverted(inverted) {
    this.inverted = inverted;
    this.redraw();
  }

  redraw() {
    this.pending ||= requestAnimationFrame(() => this.draw());
    this.onChange(this);
  }

  draw() {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
    if (!this.picture) return;
    const table = new Uint32Array(this.max + 1);
    for (let value = 0; value <= this.max; value++) {
      const grey = windowed(value, this.level, this.width, this.inverted);
      table[value] = (0xff000000 | grey * 0x010101) >>> 0;
    }
    const {values} = this.picture;
    const {words} = this;
    for (let at = 0; at < values.length; at++) words[at] = table[values[at]];
    this.context.putImageData(this.image, 0, 0);
  }

  // Shows the whole picture; small ones are not enlarged beyond the frame.
  fit() {
    if (!this.picture) return;
    const {width, height} = this.picture;
    const frame = this.frame.getBoundingClientRect();
    this.scale = Math.min(frame.width / width, frame.height / height) || 1;
    this.x = (frame.width - width * this.scale) / 2;
    this.y = (frame.height - height * this.scale) / 2;
    this.fitted = true;
    this.place();
  }

  // One pixel of the picture becomes one of the screen.
  actual() {
    const frame = this.frame.getBoundingClientRect();
    this.zoomTo(1 / devicePixelRatio, frame.width / 2, frame.height / 2);
  }

  zoomBy(factor, x = null, y = null) {
    const frame = this.frame.getBoundingClientRect();
    this.zoomTo(this.scale * factor, x ?? frame.width / 2,
      y ?? frame.height / 2);
  }

  // x, y: the point of the frame that stays where it is.
  zoomTo(scale, x, y) {
    if (!this.picture) return;
    const bounded = Math.min(LARGEST_ZOOM, Math.max(0.02, scale));
    this.x = x - (x - this.x) * bounded / this.scale;
    this.y = y - (y - this.y) * bounded / this.scale;
    this.scale = bounded;
    this.fitted = false;
    this.place();
  }

  moveBy(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.place();
  }

  place() {
    const frame = this.frame.getBoundingClientRect();
    const {width, height} = this.picture;
    // A corner of the picture always stays within reach.
    const margin = 40;
    this.x = Math.min(frame.width - margin,
      Math.max(margin - width * this.scale, this.x));
    this.y = Math.min(frame.height - margin,
      Math.max(margin - height * this.scale, this.y));
    this.canvas.style.transform =
      `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.canvas.classList.toggle("enlarged",
      this.scale * devicePixelRatio >= 2);
    this.onChange(this);
  }

  // The value under a point of the frame, or null.
  valueAt(x, y) {
    if (!this.picture) return null;
    const column = Math.floor((x - this.x) / this.scale);
    const row = Math.floor((y - this.y) / this.scale);
    const {width, height, values} = this.picture;
    if (column < 0 || row < 0 || column >= width || row >= height) return null;
    return {column, row, value: values[row * width + column]};
  }
}

function counted(values) {
  const counts = new Uint32Array(65536);
  for (let at = 0; at < values.length; at++) counts[values[at]]++;
  return counts;
}
