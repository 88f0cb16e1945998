/* How the playground draws: what the network answers everywhere, the points, the cost, and the size of δ in each layer. */

import { contours } from "d3-contour";
import { columns, numbers } from "backproplab/network.js";
import { s } from "backproplab/element.js";

const CELLS = 32; // of the map, across and down
const EDGE = 1; // of the map: x from −1 to 1

/* Where the network is asked: the middles of the cells, row by row from the top, and one cell beyond each edge. */
const SIDE = CELLS + 2;
const place = (k) => ((2 * (k - 0.5)) / CELLS - 1) * EDGE;
const GRID = columns(numbers([2, SIDE * SIDE], Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
  const n = i % (SIDE * SIDE);
  return i < SIDE * SIDE ? place(n % SIDE) : -place(Math.floor(n / SIDE));
})), [2]);

const small = document.createElement("canvas");
small.width = small.height = SIDE;

const rgb = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);

/** Draw what the network answers: towards one colour or the other, and a line where it can't decide. */
export const drawGround = (canvas, network, { none, some, paper, ink }) => {
  const { a: z } = network.forward(GRID).at(-1);
  const [from, to, ground] = [none, some, paper].map(rgb);
  const pixels = small.getContext("2d");
  const image = pixels.createImageData(SIDE, SIDE);
  for (let n = 0; n < z.length; n++) {
    const lean = Math.tanh(z[n] / 2); // 2 σ(z) − 1
    const tone = lean > 0 ? to : from;
    const share = 0.1 + 0.45 * Math.abs(lean);
    for (let c = 0; c < 3; c++) image.data[4 * n + c] = ground[c] + share * (tone[c] - ground[c]);
    image.data[4 * n + 3] = 255;
  }
  pixels.putImageData(image, 0, 0);
  const pen = canvas.getContext("2d");
  const cell = canvas.width / CELLS;
  pen.imageSmoothingEnabled = true;
  pen.drawImage(small, -cell, -cell, SIDE * cell, SIDE * cell);
  pen.beginPath();
  for (const ring of contours().size([SIDE, SIDE]).contour(z, 0).coordinates.flat()) {
    ring.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"]((x - 1) * cell, (y - 1) * cell));
  }
  pen.strokeStyle = ink;
  pen.lineWidth = canvas.width / 180;
  pen.stroke();
};

/** Draw points, full circles and hollow triangles, and the cross of the keyboard. */
export const drawPoints = (canvas, points, { none, some, paper, ink }, cross) => {
  const pen = canvas.getContext("2d");
  const { width } = canvas;
  pen.clearRect(0, 0, width, width);
  const at = (x) => ((x / EDGE + 1) / 2) * width;
  const r = width / 75;
  pen.lineWidth = width / 220;
  for (const [x1, x2, label] of points) {
    const [x, y] = [at(x1), at(-x2)];
    pen.beginPath();
    if (label) {
      pen.moveTo(x, y - 1.3 * r), pen.lineTo(x + 1.2 * r, y + 0.9 * r), pen.lineTo(x - 1.2 * r, y + 0.9 * r), pen.closePath();
    } else pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fillStyle = label ? paper : none;
    pen.strokeStyle = label ? some : paper;
    pen.fill(), pen.stroke();
  }
  if (!cross) return;
  const [x, y] = [at(cross[0]), at(-cross[1])];
  pen.beginPath();
  pen.moveTo(x - 4 * r, y), pen.lineTo(x + 4 * r, y), pen.moveTo(x, y - 4 * r), pen.lineTo(x, y + 4 * r);
  pen.strokeStyle = ink, pen.lineWidth = width / 120;
  pen.stroke();
};

/** Which point of the map a pixel of its box is. */
export const pointAt = ({ left, top, width, height }, { clientX, clientY }) => {
  const within = (share) => Math.max(-EDGE, Math.min(EDGE, (2 * share - 1) * EDGE));
  return [within((clientX - left) / width), -within((clientY - top) / height)].map((x) => Math.round(100 * x) / 100 + 0);
};

const WIDE = 300, LEFT = 38, RIGHT = WIDE - 6, TOP = 22; // of both charts
const BELOW = 20;

/** Draw a chart's axes anew if they have changed, and return the parts in them that move. */
const chart = (svg, key, build) => {
  if (svg.key !== key) {
    const { name, high, axes, moving } = build();
    svg.setAttribute("viewBox", `0 0 ${WIDE} ${high}`);
    svg.replaceChildren(
      s("text", { x: 0, y: 10, class: "axis" }, name),
      ...axes,
      ...moving,
      s("path", { d: `M${LEFT} ${TOP}V${high - BELOW}H${RIGHT}`, class: "frame" }),
    );
    Object.assign(svg, { key, moving });
  }
  return svg.moving;
};

const tick = (y, text) => s("text", { x: LEFT - 4, y: y + 4, "text-anchor": "end", class: "tick" }, text);

/** The cost over the steps, beside what it costs to know nothing: ln 2. */
export const drawCosts = (svg, history) => {
  const high = 116, bottom = high - BELOW;
  const last = Math.max(10, history.at(-1)?.[0] ?? 0);
  const top = Math.max(1, Math.min(20, Math.ceil(Math.max(...history.map(([, cost]) => cost), 0))));
  const x = (step) => LEFT + (step / last) * (RIGHT - LEFT);
  const y = (cost) => bottom - (Math.min(cost, top) / top) * (bottom - TOP);
  const [line, end] = chart(svg, top, () => ({
    name: "cost", high,
    axes: [
      tick(y(0), "0"), tick(y(top), String(top)), tick(y(Math.LN2), top < 5 ? "ln 2" : ""),
      s("text", { x: LEFT, y: high - 6, class: "tick" }, "0"),
      s("path", { d: `M${LEFT} ${y(Math.LN2)}H${RIGHT}`, class: "guess" }),
    ],
    moving: [s("path", { class: "line" }), s("text", { x: RIGHT, y: high - 6, "text-anchor": "end", class: "tick" })],
  }));
  const way = history.map(([step, cost], k) => `${k ? "L" : "M"}${x(step).toFixed(1)} ${y(cost).toFixed(1)}`).join("");
  line.setAttribute("d", way && `${way}h.1`);
  end.textContent = `step ${last}`;
};

const LOWEST = -10, HIGHEST = 0; // powers of ten between which bars have a length
const LINES = [[0, "1"], [-2, "10⁻²"], [-4, "10⁻⁴"], [-6, "10⁻⁶"], [-8, "10⁻⁸"]];

/** The mean size of δ in each layer, over a logarithmic axis. */
export const drawBars = (svg, sizes) => {
  const high = 168, bottom = high - BELOW;
  const y = (power) => bottom - ((power - LOWEST) / (HIGHEST - LOWEST)) * (bottom - TOP);
  const room = (RIGHT - LEFT) / sizes.length;
  const middle = (l) => LEFT + (l + 0.5) * room;
  const bars = chart(svg, sizes.length, () => ({
    name: "average size of δ", high,
    axes: [
      s("text", { x: 0, y: bottom + 14, class: "axis" }, "layer"),
      ...LINES.flatMap(([power, text]) => [s("path", { d: `M${LEFT} ${y(power)}H${RIGHT}`, class: "grid" }), tick(y(power), text)]),
      ...sizes.map((_, l) => s("text", { x: middle(l), y: bottom + 14, "text-anchor": "middle", class: "tick" }, String(l + 1))),
    ],
    moving: sizes.map((_, l) => s("g", {},
      s("rect", { x: middle(l) - 0.3 * room, width: 0.6 * room, class: "bar" }),
      s("text", { x: middle(l), y: bottom - 4, "text-anchor": "middle" }))),
  }));
  sizes.forEach((size, l) => {
    const top = y(Math.max(LOWEST, Math.min(HIGHEST, Math.log10(size))));
    const [bar, none] = bars[l].children;
    bar.setAttribute("y", top);
    bar.setAttribute("height", bottom - top);
    none.textContent = size ? "" : "0";
  });
};
