/* One step of gradient descent as a list of moments: at each an equation in symbols and in numbers, what it marks, and a
   sentence to be spoken. */

import { shown } from "backproplab/element.js";
import { COSTS, NAMES, between, bracketed, ending, number, q } from "backproplab/terms.js";

const place = (l, j) => `layer ${l}, neuron ${j}`;

/** All moments of one step, for a dense network and one example; `after` is the cost once the step has been taken. */
export const moments = (network, trace, eta, after) => {
  const { steps, y, cost } = trace;
  const L = steps.length;
  const output = [...network.loss.prediction(steps.at(-1).a)];
  const words = COSTS[network.loss.name](output.length, L);
  const neurons = steps.flatMap(({ z }, l) => Array.from(z, (_, j) => ({ l: l + 1, j: j + 1 })));
  const backward = neurons.toSorted((one, other) => other.l - one.l || one.j - other.j);
  const list = [];
  const order = { forward: neurons, backward, gradient: backward, update: backward };
  const add = (phase, title, lines, sentence, marks = {}) => {
    const { neuron = [], weights = [], ...known } = marks;
    list.push(
      Object.freeze({
        phase,
        title,
        lines,
        sentence,
        at: (l, j) => neuron[0] === l && neuron[1] === j,
        marks: (l, j, k) => weights.some((weight) => weight[0] === l && weight[1] === j && weight[2] === k),
        knows: (what, l, j) => order[what].slice(0, known[what] ?? 0).some((other) => other.l === l && other.j === j),
      }),
    );
  };

  const at = (l, j) => {
    const { layer, a_prev, z, a, prime_z, delta } = steps[l - 1];
    const K = a_prev.length;
    return {
      z: z[j - 1],
      a: a[j - 1],
      prime: prime_z[j - 1],
      delta: delta[j - 1],
      b: layer.b[j - 1],
      weights: [...layer.W.subarray((j - 1) * K, j * K)],
      a_prev: [...a_prev],
      name: NAMES[layer.activation.name],
    };
  };
  const below = (l, k) => (l === 1 ? q("x", "", k) : q("a", l - 1, k));
  const incoming = (l, j) => at(l, j).weights.map((_, k) => [l, j, k + 1]);

  const values = steps[0].a_prev;
  const named = (letter, numbers) =>
    between(
      [...numbers].map((value, k) => [q(letter, "", k + 1), ` = ${shown(value)}`]),
      ", ",
    );
  add(
    "start",
    "What is given",
    [
      {
        symbols: [...named("x", values), ", target ", ...named("y", y)],
      },
    ],
    `The input is ${[...values].map((v) => shown(v)).join(", ")}, the target ${[...y].map((v) => shown(v)).join(", ")}.`,
  );

  neurons.forEach(({ l, j }, n) => {
    const { z, a, b, weights, a_prev, name } = at(l, j);
    const sum = weights.map((_, k) => [q("w", l, `${j}${k + 1}`), " ", below(l, k + 1)]);
    const products = weights.map((w, k) => [`${number(w)} · ${number(a_prev[k])}`]);
    const squash = name
      ? [
          {
            tag: "FWD2",
            symbols: [q("a", l, j), ` = ${name}(`, q("z", l, j), ")"],
            numbers: [`${name}(${shown(z)})`],
            result: shown(a),
          },
        ]
      : [];
    add(
      "forward",
      `Forward: ${place(l, j)}`,
      [
        {
          tag: "FWD1",
          symbols: [q("z", l, j), " = ", ...between(sum), " + ", q("b", l, j)],
          numbers: [...between(products), ` + ${number(b)}`],
          result: shown(z),
        },
        ...squash,
      ],
      `Forward, ${place(l, j)}: z is ${shown(z)}, a is ${shown(a)}.`,
      { neuron: [l, j], weights: incoming(l, j), forward: n + 1 },
    );
  });

  add(
    "cost",
    "The cost of the mistake",
    [
      {
        symbols: ["C = ", ...words.symbols(output.map((_, j) => j + 1))],
        numbers: words.numbers(output, y),
        result: shown(cost),
      },
    ],
    `The cost is ${shown(cost)}.`,
    { forward: neurons.length },
  );

  backward.forEach(({ l, j }, n) => {
    const { prime, delta, name } = at(l, j);
    const gate = name ? [" ", "σ′(", q("z", l, j), ")"] : [];
    const opening = name ? [` · ${number(prime)}`] : [];
    const marks = { neuron: [l, j], forward: neurons.length, backward: n + 1 };
    if (l === L) {
      add(
        "backward",
        `Error: ${place(l, j)}`,
        [
          {
            tag: "BP1",
            symbols: [q("δ", l, j), " = ", ...words.slope(j), ...gate],
            numbers: [...words.slopeNumbers(output[j - 1], y[j - 1]), ...opening],
            result: shown(delta),
          },
        ],
        `Backward, ${place(l, j)}: delta is ${shown(delta)}.`,
        marks,
      );
      return;
    }
    const next = steps[l];
    const { W } = next.layer;
    const K = steps[l - 1].a.length;
    const from = [...next.delta].map((delta_i, i) => ({ i: i + 1, w: W[i * K + j - 1], delta_i }));
    const sum = from.map(({ i }) => [q("w", l + 1, `${i}${j}`), " ", q("δ", l + 1, i)]);
    const summed = gate.length ? bracketed : between;
    const products = from.map(({ w, delta_i }) => [`${number(w)} · ${number(delta_i)}`]);
    add(
      "backward",
      `Error: ${place(l, j)}`,
      [
        {
          tag: "BP2",
          symbols: [q("δ", l, j), " = ", ...summed(sum), ...gate],
          numbers: [...summed(products), ...opening],
          result: shown(delta),
        },
      ],
      `Backward, ${place(l, j)}: delta is ${shown(delta)}.`,
      { ...marks, weights: from.map(({ i }) => [l + 1, i, j]) },
    );
  });

  const done = { forward: neurons.length, backward: neurons.length };
  backward.forEach(({ l, j }, n) => {
    const { delta, a_prev } = at(l, j);
    const slopes = a_prev.map((a_k, k) => ({
      tag: k ? "" : "BP4",
      symbols: ["∂C/∂", q("w", l, `${j}${k + 1}`), " = ", q("δ", l, j), " ", below(l, k + 1)],
      numbers: [`${number(delta)} · ${number(a_k)}`],
      result: shown(delta * a_k),
    }));
    add(
      "gradient",
      `Gradient: ${place(l, j)}`,
      [...slopes, { tag: "BP3", symbols: ["∂C/∂", q("b", l, j), " = ", q("δ", l, j)], numbers: [], result: shown(delta) }],
      `Gradient, ${place(l, j)}: ${a_prev.map((a_k) => shown(delta * a_k)).join(", ")}, and for the bias ${shown(delta)}.`,
      { ...done, neuron: [l, j], weights: incoming(l, j), gradient: n + 1 },
    );
  });

  backward.forEach(({ l, j }, n) => {
    const { delta, a_prev, weights, b } = at(l, j);
    const moved = (letter, down, value, slope) => ({
      symbols: [q(letter, l, down), " ← ", q(letter, l, down), " − η ∂C/∂", q(letter, l, down)],
      numbers: [`${shown(value)} − ${number(eta)} · ${number(slope)}`],
      result: shown(value - eta * slope),
    });
    const lines = [...weights.map((w, k) => moved("w", `${j}${k + 1}`, w, delta * a_prev[k])), moved("b", j, b, delta)];
    add("update", `Update: ${place(l, j)}`, lines, `Update, ${place(l, j)}: ${lines.map(({ result }) => result).join(", ")}.`, {
      ...done,
      gradient: neurons.length,
      update: n + 1,
      neuron: [l, j],
      weights: incoming(l, j),
    });
  });

  add(...ending(cost, after), { ...done, gradient: neurons.length, update: neurons.length });
  return Object.freeze(list);
};
