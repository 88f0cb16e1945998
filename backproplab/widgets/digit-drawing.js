/* How the digit widget draws numbers: pictures white on black, as MNIST is, and slopes with a mark for their sign. */

import { h, s } from "backproplab/element.js";

const FAINT = 0.25; // of the largest slope's root, below which none is drawn

/** Paint pictures of the same size into a canvas, side by side with a gap of a pixel; `most` is white. */
export const paint = (canvas, values, [height, width], across = 1, most = 1) => {
  const count = values.length / (height * width);
  const gap = count > 1 && height > 1 ? 1 : 0;
  const context = canvas.getContext("2d");
  canvas.width = Math.min(across, count) * (width + gap) - gap;
  canvas.height = Math.ceil(count / across) * (height + gap) - gap;
  const image = context.createImageData(canvas.width, canvas.height);
  for (let p = 0; p < values.length; p++) {
    const map = Math.floor(p / (height * width));
    const row = Math.floor(map / across) * (height + gap) + (Math.floor(p / width) % height);
    const grey = Math.round((255 * values[p]) / most);
    image.data.set([grey, grey, grey, 255], 4 * (row * canvas.width + (map % across) * (width + gap) + (p % width)));
  }
  context.putImageData(image, 0, 0);
};

/** What the layers that have learnt, but the last, make of the picture: for each a canvas and a line of text. */
export const layer_maps = (network) =>
  network.layers.slice(0, -1).flatMap((layer, l) => {
    if (!layer.W) return [];
    const flat = layer.W.shape.length === 2;
    const count = layer.W.shape[0];
    const name = `the ${count} ${flat ? "neurons" : "maps"} of layer ${l + 1}`;
    const canvas = h("canvas", { role: "img", "aria-label": `The activations of ${name}` });
    const draw = ({ a }) => {
      const most = a.reduce((top, value) => Math.max(top, value), 0) || 1;
      paint(canvas, a, flat ? [1, 1] : a.shape.slice(1, 3), flat ? 32 : count / 2, most);
    };
    return [{ l, draw, part: h("div", {}, canvas, h("p", {}, `${name[0].toUpperCase()}${name.slice(1)}`.replace("The ", ""))) }];
  });

/** Draw slopes by the pixel: a square where ink raises the output, a bar where it lowers it, the larger the steeper. */
export const signs = (svg, slopes, digit) => {
  const width = digit.shape[1];
  const most = slopes.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const paths = { ink: "", up: "", down: "" };
  slopes.forEach((slope, p) => {
    const [x, y] = [(p % width) + 0.5, Math.floor(p / width) + 0.5];
    if (digit[p] > 0.5) paths.ink += `M${x - 0.5} ${y - 0.5}h1v1h-1z`;
    const side = most && Math.sqrt(Math.abs(slope) / most);
    if (side < FAINT) return;
    const high = slope > 0 ? side : 0.3;
    paths[slope > 0 ? "up" : "down"] += `M${(x - side / 2).toFixed(2)} ${(y - high / 2).toFixed(2)}h${side.toFixed(2)}v${high.toFixed(2)}h${(-side).toFixed(2)}z`;
  });
  svg.replaceChildren(...Object.entries(paths).map(([name, d]) => s("path", { class: name, d })));
};
