/* The package's network once more, for the page: the same names, shapes and conventions, every number tested to be equal.

   Numbers are a Float64Array with a `shape`. One example is a column and a batch is its columns side by side, so the last
   axis counts the examples. Nothing is changed once it has been made: what moves is a new object. What does not fit throws a
   RangeError, and a number that is none its NotFinite, with a sentence that can be shown to the reader. */

export class NotFinite extends RangeError {
  name = "NotFinite";
}

const product = (sizes) => sizes.reduce((total, size) => total * size, 1);
const same = (some, others) => String(some) === String(others);
const shown = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** Numbers of a shape: all zero, or the given ones copied. */
export const numbers = (shape, values = product(shape)) => Object.assign(new Float64Array(values), { shape });

/** Numbers made one by one from others of the same shape. */
const each = (work, a, b = a) => {
  const result = numbers(a.shape);
  for (let i = 0; i < a.length; i++) result[i] = work(a[i], b[i]);
  return result;
};

/** Columns made one by one from others. */
const columnwise = (work, ...arrays) => {
  const result = numbers(arrays[0].shape);
  const rows = result.shape[0];
  const step = result.length / rows;
  for (let n = 0; n < step; n++) {
    const columns = arrays.map((a) => Array.from({ length: rows }, (_, j) => a[j * step + n]));
    work(...columns).forEach((value, j) => (result[j * step + n] = value));
  }
  return result;
};

const sum = (values) => values.reduce((total, value) => total + value, 0);

/* What is given */

/** What the axes of activations count. */
const axes_of = (shape) => {
  const axes = shape.length > 2 ? ["channel", "row", "column"].slice(1 - shape.length) : ["neuron"];
  return shape.at(-1) > 1 ? [...axes, "example"] : axes;
};

/** Return numbers, or throw a sentence that names the first one that is not finite; like the book it counts from 1. */
const finite = (values, name, axes = axes_of(values.shape)) => {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const { shape } = values;
    const place = axes.map((axis, n) => ` ${axis} ${(Math.floor(i / product(shape.slice(n + 1))) % shape[n]) + 1},`);
    throw new NotFinite(`${name},${place.join("")} is not a finite number: ${values[i]}`);
  }
  return values;
};

const shape_of = (value, name) => {
  if (!Array.isArray(value)) return [];
  const [first = [], ...others] = value.map((part) => shape_of(part, name));
  if (others.some((other) => !same(other, first))) throw new RangeError(`${name}: expected rows of one length`);
  return [value.length, ...first];
};

/** Read nested lists, numbers that have a shape, a flat typed array, or single precision written in base 64. */
const read = (value, name) => {
  if (typeof value?.float32 === "string") {
    const bytes = Uint8Array.from(atob(value.float32), (letter) => letter.charCodeAt(0));
    return numbers(value.shape, new Float32Array(bytes.buffer));
  }
  if (ArrayBuffer.isView(value)) return value.shape ? value : numbers([value.length], value);
  const flat = [value].flat(Infinity).map((part) => (typeof part === "number" ? part : NaN)); // null would become 0
  return numbers(shape_of(value, name), flat);
};

const fits = (given, shape) => same(given.shape, shape) || same(given.shape, [product(shape)]);

/** Read numbers of a shape, or as many in one row. */
const fitted = (value, shape, name) => {
  const given = read(value, name);
  if (fits(given, shape)) return numbers(shape, given);
  throw new RangeError(`${name}: expected shape ${shown(shape)}, got ${shown(given.shape)}`);
};

/** Read one example, or a list of them, as columns; numbers that are columns already stay as they are. */
export const columns = (value, shape, name = "x") => {
  const given = read(value, name);
  const [N, ...rest] = given.shape;
  if (value?.shape && given.length && same(given.shape.slice(0, -1), shape)) return finite(given, name);
  if (fits(given, shape)) return finite(numbers([...shape, 1], given), name);
  if (!N || !same(rest, shape)) {
    throw new RangeError(`${name}: expected one example of shape ${shown(shape)} or a list of them, got ${shown(given.shape)}`);
  }
  const result = numbers([...shape, N]);
  for (let i = 0; i < given.length; i++) result[(i % product(shape)) * N + Math.floor(i / product(shape))] = given[i];
  return finite(result, name);
};

const chosen = (parts, name, what) => {
  if (Object.hasOwn(parts, name)) return parts[name];
  throw new RangeError(`${what}: expected one of ${Object.keys(parts).join(", ")}, got ${name}`);
};

const named = (parts) => {
  for (const name in parts) Object.freeze(Object.assign(parts[name], { name }));
  return Object.freeze(parts);
};

/* Activations, each with its derivative under it */

const power = (z) => Math.exp(Math.min(z, 709)); // the last whole z whose power is finite
const LEAK = 0.01;

export const ACTIVATIONS = named({
  sigmoid: {
    function: (z) => power(z) / (1 + power(z)),
    derivative: (z) => power(z) / (1 + power(z)) / (1 + power(z)),
  },
  tanh: {
    function: Math.tanh,
    derivative: (z) => (2 / (power(Math.abs(z)) + power(-Math.abs(z)))) ** 2,
  },
  relu: {
    function: (z) => (z > 0 ? z : 0),
    derivative: (z) => (z > 0 ? 1 : 0),
    gain: Math.SQRT2,
  },
  leaky_relu: {
    function: (z) => (z > 0 ? z : LEAK * z),
    derivative: (z) => (z > 0 ? 1 : LEAK),
    gain: Math.SQRT2,
  },
  identity: {
    function: (z) => z,
    derivative: () => 1,
  },
});
const { identity, sigmoid } = ACTIVATIONS;

/** How widely a layer's first weights are spread: the standard deviation for its inputs, its outputs and its activation. */
export const INITIALIZATIONS = Object.freeze({
  lecun: (fan_in, fan_out, { gain = 1 }) => gain / Math.sqrt(fan_in),
  xavier: (fan_in, fan_out) => Math.sqrt(2 / (fan_in + fan_out)),
  he: (fan_in) => Math.sqrt(2 / fan_in),
  normal: () => 1,
});

export const softmax = (z) =>
  columnwise((z) => {
    const top = Math.max(...z);
    const e = z.map((z_j) => Math.exp(z_j - top));
    const total = sum(e);
    return e.map((e_j) => e_j / total);
  }, z);

/* Losses, each with its gradient under it: the mean over the examples */

const examples = (a) => a.shape.at(-1);

const probabilities = (y) => {
  const outside = y.find((y_j) => y_j < 0 || y_j > 1);
  if (outside !== undefined) throw new RangeError(`y: expected targets from 0 to 1, got ${outside}`);
};

const squares = (factor) => ({
  value: (a, y) => (factor(a) * sum(each((a_j, y_j) => (a_j - y_j) ** 2, a, y))) / examples(a),
  gradient: (a, y) => each((a_j, y_j) => (2 * factor(a) * (a_j - y_j)) / examples(a), a, y),
  prediction: (a) => a,
  check: () => {},
});

export const LOSSES = named({
  half_squared_error: squares(() => 1 / 2),
  squared_error: squares(() => 1),
  mean_squared_error: squares((a) => examples(a) / a.length),
  binary_cross_entropy: {
    value: (z, y) => {
      // −ln σ(z) is max(−z, 0) and −ln(1 − σ(z)) is max(z, 0), each with the same small term on top
      const cost = (z, y) => y * Math.max(-z, 0) + (1 - y) * Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
      return sum(each(cost, z, y)) / examples(z);
    },
    // σ(z) − y, with its digits where σ(z) rounds to 1
    gradient: (z, y) =>
      each((z_j, y_j) => ((1 - y_j) * sigmoid.function(z_j) - y_j * sigmoid.function(-z_j)) / examples(z), z, y),
    prediction: (z) => each(sigmoid.function, z),
    check: probabilities,
  },
  softmax_cross_entropy: {
    value: (z, y) => {
      const cost = (z, y) => {
        const top = Math.max(...z);
        const others = sum(z.toSpliced(z.indexOf(top), 1).map((z_j) => Math.exp(z_j - top)));
        return z.map((z_j, j) => y[j] * (Math.log1p(others) - (z_j - top)));
      };
      return sum(columnwise(cost, z, y)) / examples(z);
    },
    // softmax(z) − y, with its digits where a share rounds to 1
    gradient: (z, y) => {
      const error = (a, y) => {
        const small = sum(a.filter((a_j) => a_j <= 1 / 2));
        return a.map((a_j, j) => ((1 - y[j]) * a_j - y[j] * (a_j <= 1 / 2 ? 1 - a_j : small)) / examples(z));
      };
      return columnwise(error, softmax(z), y);
    },
    prediction: softmax,
    check: (y) => {
      probabilities(y);
      const wrong = columnwise((y) => y.map(() => sum(y)), y).find((total) => Math.abs(total - 1) > 1e-4);
      if (wrong !== undefined) throw new RangeError(`y: expected targets that add up to 1, got a sum of ${wrong}`);
    },
  },
});

/* Layers: parameters and an activation, nothing else */

class Layer {
  activation = identity;
  parameters = Object.freeze({});

  gradients() {
    return {};
  }

  /** Zeros for what comes out. */
  blank(a_prev) {
    return numbers([...this.output_shape(a_prev.shape.slice(0, -1)), examples(a_prev)]);
  }

  expect(fit, expected, got) {
    if (!fit) throw new RangeError(`${this}: expected an input of shape ${expected}, got ${shown(got)}`);
  }
}

/** A layer with weights and biases; its number tells an error whose they are. */
class Learning extends Layer {
  constructor({ W, b, activation = "identity" }, number = "") {
    super();
    const { axes } = this.constructor;
    this.W = read(W, `W${number}`);
    if (this.W.shape.length !== axes.W.length || !this.W.length) {
      throw new RangeError(`W${number}: expected numbers for each ${axes.W.join(", ")}, got ${shown(this.W.shape)}`);
    }
    this.b = fitted(b, [this.W.shape[0], 1], `b${number}`);
    this.parameters = Object.freeze({ W: this.W, b: this.b });
    for (const name in axes) finite(this[name], name + number, axes[name]);
    this.activation = chosen(ACTIVATIONS, activation, "activation");
  }

  /** A layer like this one with other parameters. */
  with_parameters(changed, number) {
    return new this.constructor({ ...this, activation: this.activation.name, ...changed }, number);
  }
}

export class Dense extends Learning {
  static axes = { W: ["row", "column"], b: ["neuron"] };

  constructor(settings, number) {
    super(settings, number);
    Object.freeze(this);
  }

  toString() {
    return `Dense(${this.W.shape[1]}, ${this.W.shape[0]}, ${this.activation.name})`;
  }

  output_shape(shape) {
    const [outputs, inputs] = this.W.shape;
    this.expect(same(shape, [inputs]), shown([inputs]), shape);
    return [outputs];
  }

  /** z = W a_prev + b */
  forward(a_prev) {
    const { W, b } = this;
    const [outputs, inputs] = W.shape;
    const N = examples(a_prev);
    const z = this.blank(a_prev);
    for (let j = 0; j < outputs; j++) {
      z.fill(b[j], j * N, (j + 1) * N);
      for (let k = 0; k < inputs; k++) {
        const w = W[j * inputs + k];
        for (let n = 0; n < N; n++) z[j * N + n] += w * a_prev[k * N + n];
      }
    }
    return z;
  }

  /** BP4 and BP3: ∂C/∂W = delta a_prevᵀ and ∂C/∂b = delta, each summed over the examples */
  gradients(a_prev, delta) {
    const W = numbers(this.W.shape);
    const b = numbers(this.b.shape);
    const [outputs, inputs] = W.shape;
    const N = examples(delta);
    for (let j = 0; j < outputs; j++) {
      for (let n = 0; n < N; n++) b[j] += delta[j * N + n];
      for (let k = 0; k < inputs; k++) {
        let total = 0;
        for (let n = 0; n < N; n++) total += delta[j * N + n] * a_prev[k * N + n];
        W[j * inputs + k] = total;
      }
    }
    return { W, b };
  }

  /** The first half of BP2: ∂C/∂a_prev = Wᵀ delta */
  pull_back(a_prev, delta) {
    const { W } = this;
    const [outputs, inputs] = W.shape;
    const N = examples(delta);
    const grad_a = numbers(a_prev.shape);
    for (let j = 0; j < outputs; j++) {
      for (let k = 0; k < inputs; k++) {
        const w = W[j * inputs + k];
        for (let n = 0; n < N; n++) grad_a[k * N + n] += w * delta[j * N + n];
      }
    }
    return grad_a;
  }
}

/** How many windows an image holds, down and across. */
const places = (size, window, stride, padding = [0, 0]) =>
  size.map((side, d) => Math.floor((side + 2 * padding[d] - window[d]) / stride[d]) + 1);

export class Conv2d extends Learning {
  static axes = { W: ["map", "channel", "row", "column"], b: ["map"] };

  constructor({ stride = [1, 1], padding = [0, 0], ...settings }, number) {
    super(settings, number);
    Object.assign(this, { stride, padding });
    Object.freeze(this);
  }

  toString() {
    const { W, activation, stride, padding } = this;
    const [outputs, inputs, K, K2] = W.shape;
    return `Conv2d(${inputs}, ${outputs}, ${K} × ${K2}, ${activation.name}, stride ${stride}, padding ${padding})`;
  }

  output_shape(shape) {
    const [outputs, inputs, ...kernel] = this.W.shape;
    const [height, width] = places(shape.slice(1), kernel, this.stride, this.padding);
    const fit = shape.length === 3 && shape[0] === inputs && height > 0 && width > 0;
    this.expect(fit, `(${inputs}, height, width), no smaller than the kernel`, shape);
    return [outputs, height, width];
  }

  /** z[f, i, j] = b[f] + the sum of W[f, c, u, v] · a_prev[c, i s + u − p, j s′ + v − p′] */
  forward(a_prev) {
    const { W, b } = this;
    const z = this.blank(a_prev);
    const size = z.length / b.length;
    for (let f = 0; f < b.length; f++) z.fill(b[f], f * size, (f + 1) * size);
    this.meet(a_prev, z, (q, from, stride, to, step, count) => {
      const w = W[q];
      for (let j = 0; j < count; j++) z[to + j * step] += w * a_prev[from + j * stride];
    });
    return z;
  }

  /** A shared weight, and a shared bias, collects what all places of its map send. */
  gradients(a_prev, delta) {
    const W = numbers(this.W.shape);
    const b = numbers(this.b.shape);
    const size = delta.length / b.length;
    for (let f = 0; f < b.length; f++) b[f] = sum(delta.subarray(f * size, (f + 1) * size));
    this.meet(a_prev, delta, (q, from, stride, to, step, count) => {
      let total = 0;
      for (let j = 0; j < count; j++) total += delta[to + j * step] * a_prev[from + j * stride];
      W[q] += total;
    });
    return { W, b };
  }

  /** Every neuron sends its delta, times the weight, back to each input of its window. */
  pull_back(a_prev, delta) {
    const { W } = this;
    const grad_a = numbers(a_prev.shape);
    this.meet(a_prev, delta, (q, from, stride, to, step, count) => {
      const w = W[q];
      for (let j = 0; j < count; j++) grad_a[from + j * stride] += w * delta[to + j * step];
    });
    return grad_a;
  }

  /** For each weight q, walk along the rows of inputs and of neurons between which it stands: the inputs from `from` by `stride`,
      the neurons from `to` by `step`; what lies in the padding is left out. */
  meet(a_prev, z, visit) {
    const [down, across] = this.stride;
    const [above, left] = this.padding;
    const [maps, channels, K, K2] = this.W.shape;
    const [, lines, line, N] = a_prev.shape;
    const [, height, width] = z.shape;
    for (let f = 0, q = 0; f < maps; f++)
      for (let c = 0; c < channels; c++)
        for (let u = 0; u < K; u++)
          for (let v = 0; v < K2; v++, q++) {
            const first = Math.max(0, Math.ceil((left - v) / across));
            const count = Math.min(width, Math.floor((line - 1 + left - v) / across) + 1) - first;
            for (let i = 0; i < height; i++) {
              const row = i * down + u - above;
              if (row < 0 || row >= lines) continue;
              const from = ((c * lines + row) * line + first * across + v - left) * N;
              const to = ((f * height + i) * width + first) * N;
              for (let n = 0; n < N; n++) visit(q, from + n, across * N, to + n, N, count);
            }
          }
  }
}

class Pool2d extends Layer {
  constructor({ window, stride = window }) {
    super();
    Object.assign(this, { window, stride });
    Object.freeze(this);
  }

  toString() {
    return `${this.constructor.name}(${this.window.join(" × ")}, stride ${this.stride})`;
  }

  output_shape(shape) {
    const [height, width] = places(shape.slice(1), this.window, this.stride);
    const fit = shape.length === 3 && height > 0 && width > 0;
    this.expect(fit, "(channels, height, width), no smaller than the window", shape);
    return [shape[0], height, width];
  }

  /** For each window: the neuron it belongs to, its first entry, and how far from that its entries lie, row by row. */
  windows(a_prev, z, visit) {
    const [K, K2] = this.window;
    const [down, across] = this.stride;
    const [, lines, line, N] = a_prev.shape;
    const [channels, height, width] = z.shape;
    const entries = Array.from({ length: K * K2 }, (_, m) => (Math.floor(m / K2) * line + (m % K2)) * N);
    for (let c = 0, to = 0; c < channels; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++)
          for (let n = 0; n < N; n++, to++) visit(to, ((c * lines + i * down) * line + j * across) * N + n, entries);
  }
}

export class MaxPool2d extends Pool2d {
  /** For each neuron the place in a_prev of its window's largest entry; of equal ones the first, row by row from the left. */
  winners(a_prev) {
    const places = this.blank(a_prev);
    this.windows(a_prev, places, (to, from, entries) => {
      let place = from;
      for (const entry of entries) if (a_prev[from + entry] > a_prev[place]) place = from + entry;
      places[to] = place;
    });
    return places;
  }

  forward(a_prev) {
    return each((place) => a_prev[place], this.winners(a_prev));
  }

  /** To the winner all of it; what several windows send to one place adds up. */
  pull_back(a_prev, delta) {
    const grad_a = numbers(a_prev.shape);
    this.winners(a_prev).forEach((place, to) => (grad_a[place] += delta[to]));
    return grad_a;
  }
}

export class AvgPool2d extends Pool2d {
  forward(a_prev) {
    const z = this.blank(a_prev);
    this.windows(a_prev, z, (to, from, entries) => {
      let total = 0;
      for (const entry of entries) total += a_prev[from + entry];
      z[to] = total / entries.length;
    });
    return z;
  }

  /** To every entry an equal share; what several windows send to one place adds up. */
  pull_back(a_prev, delta) {
    const grad_a = numbers(a_prev.shape);
    this.windows(a_prev, delta, (to, from, entries) => {
      for (const entry of entries) grad_a[from + entry] += delta[to] / entries.length;
    });
    return grad_a;
  }
}

export class Flatten extends Layer {
  constructor() {
    super();
    Object.freeze(this);
  }

  toString() {
    return "Flatten()";
  }

  output_shape(shape) {
    return [product(shape)];
  }

  forward(a_prev) {
    return numbers(this.blank(a_prev).shape, a_prev);
  }

  pull_back(a_prev, delta) {
    return numbers(a_prev.shape, delta);
  }
}

export const LAYERS = Object.freeze({ Dense, Conv2d, MaxPool2d, AvgPool2d, Flatten });

/* The network */

/** BP1: delta = grad_a ⊙ σ′(z) */
export const output_error = (grad_a, prime_z) => each((g, p) => g * p, grad_a, prime_z);

const by_name = (layers) =>
  Object.freeze(
    Object.fromEntries(layers.flatMap((own, l) => Object.entries(own).map(([name, values]) => [`${name}${l + 1}`, values]))),
  );

export class Network {
  constructor(layers, loss = "half_squared_error", input_shape = [layers[0].W.shape[1]]) {
    this.layers = Object.freeze([...layers]);
    this.loss = chosen(LOSSES, loss, "loss");
    this.input_shape = Object.freeze([...input_shape]);
    this.output_shape = this.layers.reduce((shape, layer) => layer.output_shape(shape), input_shape);
    Object.freeze(this);
  }

  /** Read what `network_json` of backproplab/widgets/traces.py returns. */
  static from({ layers, loss, input_shape }) {
    const make = ({ type, ...settings }, l) => new (chosen(LAYERS, type, "type"))(settings, l + 1);
    return new Network(layers.map(make), loss, input_shape);
  }

  /** All parameters by name: W1, b1, W2 and so on. */
  get parameters() {
    return by_name(this.layers.map((layer) => layer.parameters));
  }

  /** Send examples through all layers and return a step for each: its layer, a_prev, z and a. */
  forward(x) {
    let a = columns(x, this.input_shape);
    return this.layers.map((layer, l) => {
      const a_prev = a;
      const z = finite(layer.forward(a_prev), `z of layer ${l + 1}`);
      a = layer.activation === identity ? z : each(layer.activation.function, z);
      return Object.freeze({ layer, a_prev, z, a });
    });
  }

  /** Go back from grad_a = ∂C/∂a of the last layer; return the steps with grad_a, prime_z = σ′(z), delta and gradients. */
  backward(steps, grad_a) {
    const back = [];
    grad_a = finite(fitted(grad_a, steps.at(-1).a.shape, "grad_a"), "grad_a");
    for (let l = steps.length; l > 0; l--) {
      const { layer, a_prev, z, a } = steps[l - 1];
      const prime_z = each(layer.activation.derivative, z);
      const delta = finite(output_error(grad_a, prime_z), `delta of layer ${l}`);
      const gradients = Object.freeze(layer.gradients(a_prev, delta));
      for (const name in gradients) finite(gradients[name], `gradient of ${name}${l}`, layer.constructor.axes[name]);
      back.unshift(Object.freeze({ layer, a_prev, z, a, grad_a, prime_z, delta, gradients }));
      if (l > 1) grad_a = layer.pull_back(a_prev, delta);
    }
    return back;
  }

  /** One whole pass: the steps of `backward`, the targets y as columns, the cost, and all gradients by name. */
  trace(x, y) {
    const forward = this.forward(x);
    const { a, targets, cost } = this.judged(forward, y);
    const steps = this.backward(forward, this.loss.gradient(a, targets));
    return Object.freeze({ steps, y: targets, cost, gradients: by_name(steps.map((step) => step.gradients)) });
  }

  cost(x, y) {
    return this.judged(this.forward(x), y).cost;
  }

  judged(steps, y) {
    const { a } = steps.at(-1);
    const targets = columns(y, this.output_shape, "y");
    if (examples(targets) !== examples(a)) {
      throw new RangeError(`y: expected a target for each of ${examples(a)} examples, got ${examples(targets)}`);
    }
    this.loss.check(targets);
    const cost = this.loss.value(a, targets);
    if (!Number.isFinite(cost)) throw new NotFinite(`The cost is not a finite number: ${cost}`);
    return { a, targets, cost };
  }

  /** What the network makes of each example, as columns: probabilities under the two cross-entropies. */
  predict(x) {
    return this.loss.prediction(this.forward(x).at(-1).a);
  }

  /** ∂C/∂x, from the steps of a backward pass. */
  input_gradient([{ layer, a_prev, delta }]) {
    return finite(layer.pull_back(a_prev, delta), "gradient of x");
  }

  /** A network like this one with some parameters changed, given by name. */
  with_parameters(changed) {
    const own = this.layers.map(() => ({}));
    for (const name in changed) {
      const { shape } = chosen(this.parameters, name, "parameter");
      own[name.slice(1) - 1][name[0]] = fitted(changed[name], shape, name);
    }
    const change = (layer, l) => (Object.keys(own[l]).length ? layer.with_parameters(own[l], l + 1) : layer);
    return new Network(this.layers.map(change), this.loss.name, this.input_shape);
  }

  /** One step of gradient descent, W − η ∂C/∂W, for every parameter whose gradient is given. */
  stepped(gradients, eta) {
    if (!Number.isFinite(eta)) throw new NotFinite(`The learning rate is not a finite number: ${eta}`);
    const move = ([name, gradient]) => {
      const parameter = chosen(this.parameters, name, "gradients");
      return [name, each((w, g) => w - eta * g, parameter, fitted(gradient, parameter.shape, `gradient of ${name}`))];
    };
    return this.with_parameters(Object.fromEntries(Object.entries(gradients).map(move)));
  }
}
