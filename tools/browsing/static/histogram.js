// How often each level occurs, with the window over it.

export function draw(canvas, view) {
  const context = canvas.getContext("2d");
  const {width, height} = canvas;
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, width, height);
  const range = view.max + 1;
  const at = (level) => level / range * width;
  context.fillStyle = style.getPropertyValue("--window");
  context.fillRect(at(view.level - view.width / 2), 0,
    at(view.width), height);
  const bars = new Float64Array(width);
  for (let level = 1; level <= view.max; level++) {
    bars[Math.floor(at(level))] += view.counts[level];
  }
  const most = Math.log1p(Math.max(...bars)) || 1;
  context.fillStyle = style.color;
  bars.forEach((bar, x) => {
    const size = Math.log1p(bar) / most * (height - 2);
    context.fillRect(x, height - size, 1, size);
  });
}
