/* A small dense network as it is at one moment of a step: its values above, its errors below, and what is marked. */

import { s, shown } from "backproplab/element.js";

const RADIUS = 27;
const ROW = 76;
const LAYER = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Where each neuron is drawn, layer 0 being the input. */
const placed = (columns, width) => {
  const left = RADIUS + 4;
  const gap = Math.min(150, (width - 2 * left) / (columns.length - 1));
  const tallest = Math.max(...columns.map(({ length }) => length));
  const height = tallest * ROW + 14;
  const at = (l, j) => ({
    x: (width - (columns.length - 1) * gap) / 2 + l * gap,
    y: (height - 10) / 2 + (j - 1 - (columns[l].length - 1) / 2) * ROW,
  });
  return { at, height };
};

/** A weight as a line: thick if it is large, broken if it is negative; in use, with an arrow and its number. */
const edge = (start, end, w, use) => {
  const [from, to] = use === "back" ? [end, start] : [start, end];
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const tip = { x: to.x - dx * (RADIUS + 2), y: to.y - dy * (RADIUS + 2) };
  const lines = [
    s("line", {
      class: `edge ${use}`,
      x1: from.x + dx * RADIUS,
      y1: from.y + dy * RADIUS,
      x2: tip.x - dx * 6,
      y2: tip.y - dy * 6,
      "stroke-width": 1 + Math.min(5, 2 * Math.abs(w)),
      "stroke-dasharray": w < 0 ? "7 4" : undefined,
    }),
  ];
  if (!use) return { lines, labels: [] };
  const head = `M${tip.x} ${tip.y}l${-11 * dx - 5.5 * dy} ${-11 * dy + 5.5 * dx}l${11 * dy} ${-11 * dx}z`;
  lines.push(s("path", { class: `head ${use}`, d: head }));
  const [x, y] = [from.x + 0.42 * (to.x - from.x), from.y + 0.42 * (to.y - from.y)];
  const ground = s("rect", { class: "ground", x: x - 19, y: y - 9, width: 38, height: 18, rx: 5 });
  return { lines, labels: [ground, s("text", { class: "weight", x, y: y + 4.5 }, shown(w, 3))] };
};

const neuron = ({ x, y }, phase, value, error, layer) => {
  const inner = phase === "backward" ? [s("circle", { cx: x, cy: y, r: RADIUS - 4, class: "inner" })] : [];
  const above = value === undefined ? `a${LAYER[layer]}` : shown(value, 3);
  const below = error === undefined ? [] : [s("text", { class: "error", x, y: y + 12 }, `δ ${shown(error, 2)}`)];
  return s(
    "g",
    { class: `node ${phase}` },
    s("circle", { cx: x, cy: y, r: RADIUS }),
    ...inner,
    s("text", { class: value === undefined ? "waiting" : "activation", x, y: y + (below.length ? -2 : 4.5) }, above),
    ...below,
  );
};

/** The network of a trace at a moment, as SVG of a width. */
export const drawn = ({ steps, y }, moment, width) => {
  const columns = [steps[0].a_prev, ...steps.map(({ a }) => a)];
  const { at, height } = placed(columns, width);
  const using = moment.phase === "backward" ? "back" : "on";
  const edges = steps.flatMap(({ layer: { W } }, n) =>
    Array.from(W, (w, place) => {
      const [j, k] = [Math.floor(place / W.shape[1]) + 1, (place % W.shape[1]) + 1];
      return edge(at(n, k), at(n + 1, j), w, moment.marks(n + 1, j, k) ? using : "");
    }),
  );
  const neurons = columns.flatMap((values, l) =>
    Array.from(values, (value, index) => {
      const j = index + 1;
      const known = l === 0 || moment.knows("forward", l, j) ? value : undefined;
      const error = l > 0 && moment.knows("backward", l, j) ? steps[l - 1].delta[index] : undefined;
      return neuron(at(l, j), moment.at(l, j) ? moment.phase : "", known, error, l);
    }),
  );
  const targets = Array.from(y, (target, index) => {
    const { x, y } = at(steps.length, index + 1);
    return s("text", { class: "target", x, y: y + RADIUS + 12 }, `target ${shown(target, 3)}`);
  });
  const parts = [...edges.flatMap(({ lines }) => lines), ...edges.flatMap(({ labels }) => labels), ...neurons, ...targets];
  return s("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, ...parts);
};
