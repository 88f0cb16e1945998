/* How the descent explorer draws: a ground in one or two dimensions, the ways over it, and their cost step by step. */

import { contours } from "d3-contour";
import { s, shown } from "backproplab/element.js";

const FAR = 1e5; // pixels: no drawing needs more

/** A linear scale and its inverse. */
export const scale = ([a, b], [from, to]) => ({
  to: (x) => Math.max(-FAR, Math.min(FAR, from + ((x - a) / (b - a)) * (to - from))),
  back: (p) => a + ((p - from) / (to - from)) * (b - a),
});

const ticks = ([a, b], count) => {
  const raw = (b - a) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * size).find((k) => k >= raw);
  const first = Math.ceil(a / step);
  return Array.from({ length: Math.floor(b / step) - first + 1 }, (_, k) => (first + k) * step);
};

const line = (points) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

const spots = (points) => points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");

const axes = (box, x, y, xs, ys, xName, yName) => [
  ...xs.map((value) => s("text", { x: x.to(value), y: box.bottom + 16, "text-anchor": "middle", class: "tick" }, shown(value, 3))),
  ...ys.map(([value, text]) => s("text", { x: box.left - 5, y: y.to(value) + 4, "text-anchor": "end", class: "tick" }, text)),
  s("text", { x: box.right, y: box.bottom + 16, "text-anchor": "end", class: "axis" }, xName),
  s("text", { x: box.left + 5, y: box.top + 14, class: "axis" }, yName),
];

const boxOf = (width, height) => ({ left: 34, right: width - 8, top: 6, bottom: height - 22 });

/** The ground: what is drawn of it, where a point of it is in pixels, and which point a pixel is. */
export const ground = (land, { value }, width, height) => {
  const box = boxOf(width, height);
  const flat = land.ranges.length > 1;
  const [across] = land.ranges;
  const samples = Array.from({ length: 161 }, (_, k) => across[0] + (k / 160) * (across[1] - across[0]));
  const heights = flat ? [] : samples.map((w) => value([w]));
  const low = Math.min(...heights), high = Math.max(...heights);
  const up = flat ? land.ranges[1] : [low - 0.08 * (high - low), high];
  const x = scale(across, [box.left, box.right]), y = scale(up, [box.bottom, box.top]);
  const place = (w) => [x.to(w[0]), y.to(flat ? w[1] : value(w))];
  const inside = (w) => w.every((v, i) => v >= land.ranges[i][0] && v <= land.ranges[i][1]);
  const shapes = flat
    ? levels(land, value, box)
    : [s("path", { d: line(samples.map((w) => place([w]))), class: "ground" })];
  const marks = land.minima.map(({ at }) => {
    const [px, py] = place(at);
    return s("path", { d: `M${px - 5} ${py}h10M${px} ${py - 5}v10`, class: "minimum" });
  });
  const names = flat ? land.letters : [land.letters[0], "cost"];
  const own = (ends, count) => ticks(ends, count).filter((tick) => tick < ends[1] - (ends[1] - ends[0]) / 9);
  const yTicks = own(up, 5).map((tick) => [tick, shown(tick, 3)]);
  return {
    box, place, inside,
    at: (px, py) => (flat ? [x.back(px), y.back(py)] : [x.back(px)]),
    shapes: [...shapes, ...marks],
    frame: [s("path", { d: `M${box.left} ${box.top}H${box.right}V${box.bottom}H${box.left}Z`, class: "frame" }), ...axes(box, x, y, own(across, 6), yTicks, ...names)],
  };
};

const levels = (land, value, box) => {
  const cells = 60, more = 2; // on each side, because lines bend where the grid ends
  const size = cells + 2 * more;
  const [[left, right], [low, high]] = land.ranges;
  const share = (k) => (k + 0.5 - more) / cells; // a value belongs to the middle of its cell
  const values = Array.from({ length: size * size }, (_, k) =>
    value([left + share(k % size) * (right - left), high - share(Math.floor(k / size)) * (high - low)]),
  );
  const place = ([i, j]) => [
    box.left + ((i - more) / cells) * (box.right - box.left),
    box.top + ((j - more) / cells) * (box.bottom - box.top),
  ];
  const ring = (points) => `${line(points.map(place))}Z`;
  const drawn = contours().size([size, size]).thresholds(land.levels)(values);
  return drawn.map(({ coordinates }) => s("path", { d: coordinates.flat().map(ring).join(""), class: "level" }));
};

/** A way over the ground, and an arrow where it leaves it. */
export const way = ({ box, place, inside }, points, number) => {
  const seen = points.map(place);
  const gone = points.findIndex((point) => !inside(point));
  return s(
    "g", { class: `way n${number}` },
    s("path", { d: line(seen), class: "line" }),
    s("path", { d: spots(seen), class: "spots" }),
    ...(gone > 0 ? [arrow(box, seen[gone - 1], seen[gone])] : []),
  );
};

const arrow = (box, [x, y], [u, v]) => {
  const share = (from, by, low, high) => (by > 0 ? (high - from) / by : by < 0 ? (low - from) / by : Infinity);
  const part = Math.min(share(x, u - x, box.left, box.right), share(y, v - y, box.top, box.bottom), 1);
  const turn = (Math.atan2(v - y, u - x) * 180) / Math.PI;
  return s("path", { d: "M0 0l-12 -6v12z", transform: `translate(${x + part * (u - x)} ${y + part * (v - y)}) rotate(${turn})`, class: "arrow" });
};

const FLOOR = -10, CEILING = 12; // powers of ten between which costs are told apart; what is less lies on the lowest line

/** The cost of each way, step by step, over a logarithmic axis. */
export const costChart = (costs, steps, width, height) => {
  const box = boxOf(width, height);
  box.right -= 10;
  box.top += 22;
  const power = (cost) => Math.max(FLOOR, Math.min(CEILING + 1, Math.log10(cost)));
  const powers = costs.map(({ values }) => values.map(power));
  const top = Math.min(CEILING, Math.ceil(Math.max(...powers.flat(), -1)));
  const bottom = Math.min(top - 2, Math.floor(Math.min(...powers.flat())));
  const x = scale([0, steps], [box.left, box.right]), y = scale([bottom, top], [box.bottom, box.top]);
  const each = Math.max(1, Math.ceil((top - bottom) / 5));
  const marks = Array.from({ length: Math.floor((top - bottom) / each) + 1 }, (_, k) => bottom + k * each);
  const label = (mark) => (mark > 3 || mark < -2 ? shown(10 ** mark, 1).replace("1·", "") : shown(10 ** mark));
  return [
    ...marks.map((mark) => s("path", { d: `M${box.left} ${y.to(mark)}H${box.right}`, class: "grid" })),
    ...axes(box, x, y, ticks([0, steps], 4).filter((tick) => tick < 0.8 * steps), marks.map((mark) => [mark, label(mark)]), "step", ""),
    s("text", { x: box.left, y: 16, class: "axis" }, "cost above the lowest"),
    ...powers.map((each, k) => {
      const seen = each.map((value, step) => [x.to(step), y.to(Math.min(value, top))]);
      const [endX, endY] = seen.at(-1);
      return s(
        "g", { class: `way n${costs[k].number}` },
        s("path", { d: line(seen), class: "line" }),
        s("text", { x: endX + 4, y: endY + 4, class: "number" }, String(costs[k].number)),
      );
    }),
  ];
};
