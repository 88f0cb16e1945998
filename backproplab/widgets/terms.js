/* The words of the formulas that the steppers write: quantities, numbers in a product, sums, and the cost in both. */

import { shown } from "backproplab/element.js";

/** A quantity with its layer above and its indices below, for the page to set. */
export const q = (letter, up = "", down = "") => Object.freeze({ letter, up: String(up), down: String(down) });

export const NAMES = { sigmoid: "σ", tanh: "tanh", relu: "ReLU", leaky_relu: "leaky ReLU" };
export const number = (value) => (value < 0 ? `(${shown(value)})` : shown(value));
export const between = (parts, mark = " + ") => parts.flatMap((part, n) => (n ? [mark, ...part] : part));
export const bracketed = (parts) => (parts.length > 1 ? ["(", ...between(parts), ")"] : parts[0]);

/** The cost in symbols and in numbers, and its slope, for each loss; a is what the network puts out, or makes probabilities of. */
const squares = (before, factor, L) => ({
  symbols: (places) => [before, ...bracketed(places.map((j) => ["(", q("a", L, j), " − ", q("y", "", j), ")²"]))],
  numbers: (a, y) => [before, ...bracketed(a.map((a_j, j) => [`(${shown(a_j)} − ${number(y[j])})²`]))],
  slope: (j) => [factor, "(", q("a", L, j), " − ", q("y", "", j), ")"],
  slopeNumbers: (a_j, y_j) => [`${factor}(${shown(a_j)} − ${number(y_j)})`],
});
const logarithms = (letter) => ({
  symbols: (places) => ["−", ...bracketed(places.map((j) => [q("y", "", j), " ln ", q(letter, "", j)]))],
  numbers: (a, y) => ["−", ...bracketed(a.map((a_j, j) => [`${number(y[j])} ln ${shown(a_j)}`]))],
  slope: (j) => ["(", q(letter, "", j), " − ", q("y", "", j), ")"],
  slopeNumbers: (a_j, y_j) => [`(${shown(a_j)} − ${number(y_j)})`],
});
export const COSTS = {
  half_squared_error: (n, L) => squares("½ ", "", L),
  squared_error: (n, L) => squares("", "2 ", L),
  mean_squared_error: (n, L) => (n === 1 ? squares("", "2 ", L) : squares(`1/${n} `, `2/${n} `, L)),
  softmax_cross_entropy: () => logarithms("p"),
  binary_cross_entropy: () => {
    const each = (y, p) => [...y, " ln ", ...p, " + (1 − ", ...y, ") ln(1 − ", ...p, ")"];
    return {
      ...logarithms("p"),
      symbols: (places) => ["−(", ...between(places.map((j) => each([q("y", "", j)], [q("p", "", j)]))), ")"],
      numbers: (a, y) => ["−(", ...between(a.map((a_j, j) => each([number(y[j])], [shown(a_j)]))), ")"],
    };
  },
};

/** The last moment of a step: what the cost was, and what it is. */
export const ending = (cost, after) => {
  const end = Number.isFinite(after) ? shown(after) : "too large for a number";
  const lines = [
    { symbols: ["C before"], result: shown(cost) },
    { symbols: ["C after"], result: end },
  ];
  return ["end", "After the step", lines, `The cost was ${shown(cost)} before the step; now it is ${end}.`];
};
