/* One step of gradient descent on a network of one convolution, one pool and one dense layer, as a list of moments. */

import { shown } from "backproplab/element.js";
import { COSTS, NAMES, between, ending, number, q } from "backproplab/terms.js";

/** All places of a map. */
const all = (length) => Array.from({ length }, (_, place) => place);

/** Each moment with what is known after it, told by what each moment finds out; a place that is not known has no number. */
export const moments = (network, trace, eta, after) => {
  const [conv, pool, flat, dense] = trace.steps;
  const { W } = conv.layer;
  const [K, K2] = W.shape.slice(2);
  const [, rows, columns] = conv.z.shape;
  const [, , line] = conv.a_prev.shape;
  const [down, across] = conv.layer.stride;
  const pooled = pool.z.shape[2];
  const winners = pool.layer.winners?.(pool.a_prev);
  const [window, stride] = [pool.layer.window, pool.layer.stride];
  const output = [...network.loss.prediction(dense.a)];
  const words = COSTS[network.loss.name](output.length, 4);
  const squash = NAMES[conv.layer.activation.name];
  const list = [];
  let known = {};

  const at = (place, width) => `${Math.floor(place / width)},${place % width}`;
  const pixel = (place, u, v) => (Math.floor(place / columns) * down + u) * line + (place % columns) * across + v;
  const kernel = all(K * K2).map((m) => [Math.floor(m / K2), m % K2]);
  const cells = (m) => {
    const [i, j] = [Math.floor(m / pooled) * stride[0], (m % pooled) * stride[1]];
    return all(window[0] * window[1]).map((n) => (i + Math.floor(n / window[1])) * columns + j + (n % window[1]));
  };
  const products = (pairs) =>
    pairs.length ? between(pairs.map(([one, other]) => [`${number(one)} · ${number(other)}`])) : ["0"];

  const add = (phase, title, lines, sentence, marks = {}, found = {}) => {
    known = { ...known };
    for (const [name, places] of Object.entries(found)) known[name] = new Set([...(known[name] ?? []), ...places]);
    const now = known;
    list.push(
      Object.freeze({
        phase,
        title,
        lines,
        sentence,
        marks: (name, place) => marks[name]?.includes(place) ?? false,
        knows: (name, place) => now[name]?.has(place) ?? false,
      }),
    );
  };

  add(
    "start",
    "What is given",
    [{ symbols: ["An image, a kernel, weights, and the targets"] }],
    "What is given: an image, a kernel, weights, and the targets.",
  );

  all(rows * columns).forEach((place) => {
    const [z, a] = [conv.z[place], conv.a[place]];
    const seen = kernel.map(([u, v], m) => [W[m], conv.a_prev[pixel(place, u, v)]]);
    const name = at(place, columns);
    const gate = squash
      ? [
          {
            symbols: [q("a", 1, name), ` = ${squash}(`, q("z", 1, name), ")"],
            numbers: [`${squash}(${shown(z)})`],
            result: shown(a),
          },
        ]
      : [];
    add(
      "forward",
      `Forward: the window at ${name}`,
      [
        {
          symbols: [q("z", 1, name), " = Σ ", q("w", 1, "u,v"), " ", q("x"), " + ", q("b", 1, "")],
          numbers: [...products(seen.filter(([, x]) => x !== 0)), ` + ${number(conv.layer.b[0])}`],
          result: shown(z),
        },
        ...gate,
      ],
      `Forward, the window at ${name}: z is ${shown(z)}, a is ${shown(a)}.`,
      { x: kernel.map(([u, v]) => pixel(place, u, v)), W1: all(W.length), z1: [place], a1: [place] },
      { z1: [place], a1: [place] },
    );
  });

  all(pool.z.length).forEach((m) => {
    const name = at(m, pooled);
    const inside = cells(m);
    const values = inside.map((place) => shown(conv.a[place])).join(", ");
    const numbers = winners ? [`max(${values})`] : [`(${values.replaceAll(", ", " + ")}) / ${inside.length}`];
    const said = winners ? `the largest is at ${at(winners[m], columns)}` : "the mean";
    add(
      "forward",
      `Forward: the pool's window at ${name}`,
      [
        {
          symbols: [q("a", 2, name), winners ? " = the largest of its window" : " = the mean of its window"],
          numbers,
          result: shown(pool.a[m]),
        },
      ],
      `Forward, the pool's window at ${name}: ${said}, ${shown(pool.a[m])}.`,
      { a1: winners ? [winners[m]] : inside, window: inside, a2: [m] },
      { a2: [m] },
    );
  });

  const inputs = [...flat.a];
  const weights = (k) => [...dense.layer.W.subarray(k * inputs.length, (k + 1) * inputs.length)];
  const last = NAMES[dense.layer.activation.name];
  output.forEach((_, k) => {
    const [z, a] = [dense.z[k], dense.a[k]];
    const sum = all(inputs.length).map((m) => [q("w", 4, `${k},${m}`), " ", q("a", 3, m)]);
    const gate = last
      ? [
          {
            tag: "FWD2",
            symbols: [q("a", 4, k), ` = ${last}(`, q("z", 4, k), ")"],
            numbers: [`${last}(${shown(z)})`],
            result: shown(a),
          },
        ]
      : [];
    add(
      "forward",
      `Forward: output ${k}`,
      [
        {
          tag: "FWD1",
          symbols: [q("z", 4, k), " = ", ...between(sum), " + ", q("b", 4, k)],
          numbers: [...products(weights(k).map((w, m) => [w, inputs[m]])), ` + ${number(dense.layer.b[k])}`],
          result: shown(z),
        },
        ...gate,
      ],
      `Forward, output ${k}: z is ${shown(z)}, a is ${shown(a)}.`,
      { a2: all(inputs.length), W4: all(inputs.length).map((m) => k * inputs.length + m), a4: [k] },
      { a4: [k] },
    );
  });

  add(
    "cost",
    "The cost of the mistake",
    [
      {
        symbols: ["C = ", ...words.symbols(all(output.length))],
        numbers: words.numbers(output, trace.y),
        result: shown(trace.cost),
      },
    ],
    `The cost is ${shown(trace.cost)}.`,
    { a4: all(output.length) },
  );

  output.forEach((a, k) => {
    const gate = last ? [" σ′(", q("z", 4, k), ")"] : [];
    const opening = last ? [` · ${number(dense.prime_z[k])}`] : [];
    add(
      "backward",
      `Error: output ${k}`,
      [
        {
          tag: "BP1",
          symbols: [q("δ", 4, k), " = ", ...words.slope(k), ...gate],
          numbers: [...words.slopeNumbers(a, trace.y[k]), ...opening],
          result: shown(dense.delta[k]),
        },
      ],
      `Backward, output ${k}: delta is ${shown(dense.delta[k])}.`,
      { a4: [k], d4: [k] },
      { d4: [k] },
    );
  });

  all(inputs.length).forEach((m) => {
    const name = at(m, pooled);
    const back = all(output.length).map((k) => [weights(k)[m], dense.delta[k]]);
    const sum = all(output.length).map((k) => [q("w", 4, `${k},${m}`), " ", q("δ", 4, k)]);
    add(
      "backward",
      `Back through the dense layer: ${name}`,
      [{ symbols: [q("δ", 2, name), " = ", ...between(sum)], numbers: products(back), result: shown(pool.delta[m]) }],
      `Back through the dense layer, ${name}: delta is ${shown(pool.delta[m])}.`,
      { d4: all(output.length), W4: all(output.length).map((k) => k * inputs.length + m), d2: [m] },
      { d2: [m] },
    );
  });

  const alive = all(conv.z.length).filter((place) => conv.grad_a[place] !== 0);
  all(pool.z.length).forEach((m) => {
    const inside = cells(m);
    const to = winners ? [winners[m]] : inside;
    const line = winners
      ? {
          symbols: ["∂C/∂", q("a", 1, at(to[0], columns)), " gets all of ", q("δ", 2, at(m, pooled)), ", the others 0"],
          result: shown(pool.delta[m]),
        }
      : {
          symbols: ["each of ", String(inside.length), " cells gets ", q("δ", 2, at(m, pooled)), ` / ${inside.length}`],
          result: shown(pool.delta[m] / inside.length),
        };
    add(
      "backward",
      `${winners ? "The router" : "The equal split"}: ${at(m, pooled)}`,
      [line],
      winners
        ? `Back through the pool: all of it goes to the winner, at ${at(to[0], columns)}.`
        : "Back through the pool: each cell gets an equal share.",
      { d2: [m], window: inside, g1: to },
      { g1: inside },
    );
  });

  const shut = all(conv.z.length).filter((place) => !alive.includes(place));
  alive.forEach((place, n) => {
    const name = at(place, columns);
    const grad = ["∂C/∂", q("a", 1, name)];
    const gate = squash ? [" σ′(", q("z", 1, name), ")"] : [];
    const opening = squash ? [` · ${number(conv.prime_z[place])}`] : [];
    add(
      "backward",
      `Through the gate: ${name}`,
      [
        {
          tag: "BP1",
          symbols: [q("δ", 1, name), " = ", ...grad, ...gate],
          numbers: [shown(conv.grad_a[place]), ...opening],
          result: shown(conv.delta[place]),
        },
      ],
      `Through the gate at ${name}: delta is ${shown(conv.delta[place])}.`,
      { g1: [place], a1: [place], d1: [place] },
      { d1: n ? [place] : [place, ...shut] },
    );
  });

  const errors = all(conv.z.length).filter((place) => conv.delta[place] !== 0);
  kernel.forEach(([u, v], m) => {
    const pairs = errors.map((place) => [conv.delta[place], conv.a_prev[pixel(place, u, v)]]);
    const slope = conv.gradients.W[m];
    add(
      "gradient",
      `Gradient of the kernel: ${u},${v}`,
      [
        {
          symbols: ["∂C/∂", q("w", 1, `${u},${v}`), " = Σ ", q("δ", 1, "i,j"), " ", q("x")],
          numbers: products(pairs),
          result: shown(slope),
        },
      ],
      `The slope for weight ${u},${v} of the kernel is ${shown(slope)}.`,
      { d1: errors, x: errors.map((place) => pixel(place, u, v)), W1: [m], G1: [m] },
      { G1: [m] },
    );
  });
  add(
    "gradient",
    "Gradient of the shared bias",
    [
      {
        symbols: ["∂C/∂", q("b", 1, ""), " = Σ ", q("δ", 1, "i,j")],
        numbers: errors.length ? between(errors.map((place) => [number(conv.delta[place])])) : ["0"],
        result: shown(conv.gradients.b[0]),
      },
    ],
    `The slope for the shared bias is ${shown(conv.gradients.b[0])}.`,
    { d1: errors, b1: [0] },
    { Gb1: [0] },
  );
  output.forEach((_, k) => {
    const delta = dense.delta[k];
    const slopes = inputs.map((a, m) => ({
      tag: m ? "" : "BP4",
      symbols: ["∂C/∂", q("w", 4, `${k},${m}`), " = ", q("δ", 4, k), " ", q("a", 3, m)],
      numbers: [`${number(delta)} · ${number(a)}`],
      result: shown(delta * a),
    }));
    const places = all(inputs.length).map((m) => k * inputs.length + m);
    add(
      "gradient",
      `Gradient: output ${k}`,
      [...slopes, { tag: "BP3", symbols: ["∂C/∂", q("b", 4, k), " = ", q("δ", 4, k)], result: shown(delta) }],
      `The slopes for output ${k} are ${slopes.map(({ result }) => result).join(", ")}, and for its bias ${shown(delta)}.`,
      { d4: [k], a2: all(inputs.length), W4: places, b4: [k] },
      { G4: places, Gb4: [k] },
    );
  });

  const moved = (letter, layer, index, value, slope) => ({
    symbols: [q(letter, layer, index), " ← "],
    numbers: [`${shown(value)} − ${number(eta)} · ${number(slope)}`],
    result: shown(value - eta * slope),
  });
  all(K).forEach((u) => {
    const row = all(K2).map((v) => u * K2 + v);
    const lines = row.map((m, v) => moved("w", 1, `${u},${v}`, W[m], conv.gradients.W[m]));
    add(
      "update",
      `Update: row ${u} of the kernel`,
      lines,
      `Row ${u} of the kernel becomes ${lines.map(({ result }) => result).join(", ")}.`,
      { W1: row, G1: row },
    );
  });
  const bias = moved("b", 1, "", conv.layer.b[0], conv.gradients.b[0]);
  add("update", "Update: the shared bias", [bias], `The shared bias becomes ${bias.result}.`, { b1: [0] });
  output.forEach((_, k) => {
    const places = all(inputs.length).map((m) => k * inputs.length + m);
    const lines = [
      ...weights(k).map((w, m) => moved("w", 4, `${k},${m}`, w, dense.gradients.W[places[m]])),
      moved("b", 4, k, dense.layer.b[k], dense.gradients.b[k]),
    ];
    add(
      "update",
      `Update: output ${k}`,
      lines,
      `The weights of output ${k} become ${lines.map(({ result }) => result).join(", ")}.`,
      { W4: places, b4: [k] },
    );
  });

  add(...ending(trace.cost, after));
  return Object.freeze(list);
};
