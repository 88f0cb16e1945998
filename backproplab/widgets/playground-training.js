/* The playground's training: the same random numbers, first weights, batches and sizes of δ as in playground.py. */

import { ACTIVATIONS, Dense, INITIALIZATIONS, Network, columns } from "backproplab/network.js";

/** Random numbers between 0 and 1: Marsaglia 2003, Xorshift RNGs. */
export function* uniform(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  for (let n = 0; ; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (n >= 8) yield ((state >>> 0) - 0.5) / 2 ** 32;
  }
}

/** A normal random number made of two uniform ones: Box and Muller 1958. */
const normal = (draw) => Math.sqrt(-2 * Math.log(draw.next().value)) * Math.cos(2 * Math.PI * draw.next().value);

/** The network of the first step: weights drawn row by row, biases at zero. */
export const network = ({ depth, width, activation, init }, draw) => {
  const sizes = [2, ...Array(depth).fill(width), 1];
  const layers = sizes.slice(1).map((outputs, l) => {
    const own = l < depth ? activation : "identity";
    const deviation = INITIALIZATIONS[init](sizes[l], outputs, ACTIVATIONS[own]);
    const W = Array.from({ length: outputs }, () => Array.from({ length: sizes[l] }, () => deviation * normal(draw)));
    return new Dense({ W, b: Array(outputs).fill(0), activation: own }, l + 1);
  });
  return new Network(layers, "binary_cross_entropy");
};

/** The examples of each batch, epoch after epoch, each in a new order; all of them, if `size` is 0. */
export function* batches(examples, size, draw) {
  while (true) {
    const order = [...examples];
    for (let i = size ? order.length - 1 : 0; i > 0; i--) {
      const j = Math.floor(draw.next().value * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    const step = size || order.length;
    for (let first = 0; first < order.length; first += step) yield order.slice(first, first + step);
  }
}

/** Points [x₁, x₂, label] as the columns that a network reads. */
export const pairs = (points) => [
  columns(points.map(([x1, x2]) => [x1, x2]), [2]),
  columns(points.map(([, , label]) => [label]), [1], "y"),
];

/** The mean size of δ in each layer. */
export const sizes = ({ steps }) => steps.map(({ delta }) => delta.reduce((total, d) => total + Math.abs(d), 0) / delta.length);

/** A run: a network, its points, the trace over all of them, and how many steps it has taken. */
export class Training {
  constructor(setting, points) {
    this.draw = uniform(setting.seed);
    this.network = network(setting, this.draw);
    this.step = 0;
    this.learn(points, setting.batch);
  }

  /** Go on with other points, or in other batches. */
  learn(points, batch) {
    this.points = points;
    this.batch = batch;
    this.batches = batches(points, batch, this.draw);
    this.all = points.length ? pairs(points) : undefined;
    this.trace = this.all && this.network.trace(...this.all);
  }

  /** One step of gradient descent; it throws NotFinite and leaves the network as it is if the numbers grow too large. */
  advance(rate) {
    const own = this.batches.next().value;
    const { gradients } = this.batch ? this.network.trace(...pairs(own)) : this.trace;
    const network = this.network.stepped(gradients, rate);
    this.trace = network.trace(...this.all);
    this.network = network;
    this.step += 1;
  }

  /** Which part of the points is on the correct side. */
  get right() {
    if (!this.trace) return 0;
    const { a } = this.trace.steps.at(-1);
    return this.points.filter(([, , label], n) => (a[n] > 0 ? 1 : 0) === label).length / this.points.length;
  }
}
