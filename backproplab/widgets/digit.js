/* Draw a digit: a pen, the recorded network's ten outputs while it moves, and what a backward pass says about pixels and weights. */

import { Widget, h, roving, s, shown } from "backproplab/element.js";
import { layer_maps, paint, signs } from "backproplab/digit-drawing.js";
import { Network, numbers, softmax } from "backproplab/network.js";
import { ImageError, draw_line, prepare_digit } from "backproplab/preparing.js";

const REST = 100; // milliseconds between two looks at the paper
const STRONGEST = 5; // weights that are listed
const HELP = {
  rim: "Leave a little paper around it.",
  several: "Join the strokes, or undo one.",
  small: "Write larger.",
};

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const percent = (share) => (share < 0.0005 ? "<0.1%" : share < 1 && share > 0.9995 ? ">99.9%" : `${(100 * share).toFixed(1)}%`);
const signed = (value) => (Math.abs(value) < 0.0005 ? "0.000" : `${value < 0 ? "▼ −" : "▲ +"}${Math.abs(value).toFixed(3)}`);
const tenth = (value) => Math.round(10 * value) / 10;
const called = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;

/** Switch a button on or off; a focus that would be lost goes to another. */
const enable = (button, on, other) => {
  if (!on && document.activeElement === button) other.focus();
  button.disabled = !on;
};

class Digit extends Widget {
  start(data) {
    this.data = data;
    this.strokes ??= [];
    this.examples = 0;
    this.wide = data.pens.length - 1;
    this.version = 0;
    this.build();
    this.pad.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["down", "move", "up", "cancel"]) this.pad.addEventListener(`pointer${kind}`, (event) => this[kind](event));
    this.pad.addEventListener("blur", () => this.take(undefined));
    roving(this.live, "[data-stop]", this.signal);
    const sight = new IntersectionObserver((all) => all.some((one) => one.isIntersecting) && this.load(), { rootMargin: "100px" });
    sight.observe(this);
    this.signal.addEventListener("abort", () => sight.disconnect());
    this.live.addEventListener("focusin", () => this.load());
    this.rewrite();
  }

  /* The network: fetched when the widget comes into view, and again when somebody asks */

  async load() {
    if (this.first || this.loading) return;
    this.loading = true;
    this.again.hidden = true;
    try {
      const answer = await fetch(new URL("mnist-cnn.json", import.meta.url), { signal: this.signal });
      if (!answer.ok) throw new Error(answer.status);
      this.first = this.network = Network.from(await answer.json());
      this.shapes = [];
      this.first.layers.reduce((shape, layer) => (this.shapes.push(layer.output_shape(shape)), this.shapes.at(-1)), this.first.input_shape);
    } catch {
      this.again.hidden = false;
    }
    this.loading = false;
    if (!this.signal.aborted) this.changed();
  }

  /* The parts */

  build() {
    const { size } = this.data;
    const stop = { "data-stop": true };
    const button = (text, onclick, more = {}) => h("button", { type: "button", ...stop, ...more, onclick }, text);
    this.lines = s("g");
    this.hint = s("text", { x: size / 2, y: size / 2, class: "hint" }, "Write a digit here");
    this.point = s("circle", { class: "point", r: 3 });
    this.pad = h(
      "div",
      { class: "pad", role: "application", "aria-roledescription": "paper", ...stop,
        "aria-label": "Paper for a digit. Enter takes the pen, the arrows move it, space puts it down and lifts it, Escape lets it go" },
      s("svg", { viewBox: `0 0 ${size} ${size}`, "aria-hidden": "true" }, this.lines, this.hint, this.point),
    );
    this.undo = button("Undo", () => this.strokes.pop() && this.rewrite());
    this.clear = button("Clear", () => this.strokes.splice(0).length && this.rewrite());
    this.fine = button("Fine pen", () => this.choosePen(), { "aria-pressed": "false" });
    this.verdict = h("p", { class: "verdict" });
    this.again = button("Try again", () => this.load(), { hidden: true });
    this.rows = Array.from({ length: 10 }, (_, k) => {
      const parts = { fill: h("span", { class: "fill" }), share: h("span", { class: "share" }), nudge: h("span", { class: "nudge" }) };
      const row = button("", () => this.choose(k), { class: "output", "aria-pressed": "false" });
      row.append(h("b", {}, String(k)), h("span", { class: "track" }, parts.fill), parts.share, parts.nudge);
      return { row, ...parts };
    });
    this.heads = h("div", { class: "heads", "aria-hidden": "true" }, h("span", {}, "output p"), h("span", { class: "nudge" }));
    const image = (label, size) => h("canvas", { role: "img", "aria-label": label, width: size, height: size });
    this.input = image("The 28 by 28 pixels that the network reads", 28);
    this.slopes = s("svg", { class: "slopes", viewBox: "0 0 28 28", role: "img" });
    this.slopesOf = h("span");
    this.maps = h("div", { class: "activity" });
    this.truth = h("select", { "aria-label": "the true digit", ...stop, onchange: () => this.changed() },
      h("option", { value: "" }, "choose"), ...this.rows.map((_, k) => h("option", {}, String(k))));
    this.step = button("Take one step", () => this.learn());
    this.back = button("Reset the weights", () => this.forget());
    this.lesson = h("p", { class: "lesson" });
    this.weights = h("ol", { class: "weights" });
    this.live.append(
      h("div", { class: "paper" }, this.pad,
        h("div", { class: "bar" }, this.undo, this.clear, this.fine, button("Example", () => this.example()))),
      h("div", { class: "reading" }, h("div", { class: "said" }, this.verdict, this.again), h("div", { class: "outputs", role: "group", "aria-label": "the ten outputs; choose one to see its slopes" }, this.heads, ...this.rows.map(({ row }) => row))),
      h("div", { class: "inside" },
        h("div", { class: "one" }, this.input, h("p", {}, "What the network reads")),
        h("div", { class: "one" }, this.slopes, h("p", {}, this.slopesOf)),
        this.maps),
      h("div", { class: "judging" },
        h("div", { class: "bar" }, h("label", {}, "The true digit", this.truth), this.step, this.back), this.lesson, this.weights),
    );
  }

  /* The pen: pointer */

  place({ clientX, clientY }) {
    const { left, top, width } = this.pad.firstChild.getBoundingClientRect();
    return [clientX - left, clientY - top].map((at) => tenth((at * this.data.size) / width));
  }

  down(event) {
    if (event.button || !event.isPrimary) return;
    event.preventDefault();
    this.pad.focus({ preventScroll: true });
    this.pad.setPointerCapture(event.pointerId);
    this.begin(this.place(event));
  }

  move(event) {
    if (!this.drawing || !event.isPrimary) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.extend(this.place(one));
  }

  up(event) {
    if (!this.drawing || !event.isPrimary) return;
    this.drawing = false;
    this.changed();
  }

  cancel(event) {
    this.up(event);
  }

  begin(at) {
    this.drawing = true;
    this.strokes.push({ width: this.data.pens[this.wide], points: [at] });
    this.show(this.strokes.at(-1));
    this.ink([at, at]);
  }

  extend(at) {
    const { points } = this.strokes.at(-1);
    const before = points.at(-1);
    if (Math.hypot(at[0] - before[0], at[1] - before[1]) < 1) return;
    points.push(at);
    this.ink([before, at]);
  }

  ink(line) {
    draw_line(this.paper, line, this.strokes.at(-1).width);
    this.changed();
  }

  /* The pen: keyboard */

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { size } = this.data;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const press = event.key === " " || event.key === "Enter";
    if (!this.pen && press) this.take({ at: this.last ?? [size / 2, size / 4], down: false });
    else if (!this.pen) return;
    else if (event.key === "Escape") this.take(undefined);
    else if (press) {
      this.pen.down = !this.pen.down;
      if (this.pen.down) this.begin(this.pen.at);
      else this.up({ isPrimary: true });
      this.tellPen();
    } else if (event.key in moves) {
      const far = event.shiftKey ? 1 : 4;
      this.pen.at = this.pen.at.map((x, i) => Math.min(Math.max(x + far * moves[event.key][i], 0), size));
      this.last = this.pen.at;
      if (this.pen.down) this.extend(this.pen.at);
      this.tellPen();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(pen) {
    if (this.pen?.down) this.up({ isPrimary: true });
    if (!pen && !this.pen) return;
    this.pen = pen;
    this.tellPen();
  }

  tellPen() {
    const { pen } = this;
    this.changed(this.version);
    const share = (x) => Math.round((100 * x) / this.data.size);
    this.say(pen ? `Pen ${pen.down ? "down" : "up"}, ${share(pen.at[0])} per cent across, ${share(pen.at[1])} down.` : "The pen is put away.");
  }

  /* Buttons */

  choosePen() {
    this.wide = this.wide ? 0 : this.data.pens.length - 1;
    this.fine.setAttribute("aria-pressed", String(!this.wide));
  }

  example() {
    const { examples, pens } = this.data;
    const { digit, strokes } = examples[this.examples++ % examples.length];
    this.strokes = strokes.map((points) => ({ width: pens.at(-1), points }));
    this.rewrite();
    this.say(`${called(digit)} is written.`.replace("a", "A"));
  }

  choose(k) {
    this.chosen = this.chosen === k ? undefined : k;
    this.changed();
  }

  /** Draw all strokes anew. */
  rewrite() {
    const { size } = this.data;
    this.drawing = false;
    this.paper = numbers([size, size]);
    for (const { width, points } of this.strokes)
      points.forEach((at, i) => draw_line(this.paper, [points[Math.max(i - 1, 0)], at], width));
    this.lines.replaceChildren();
    for (const stroke of this.strokes) this.show(stroke);
    this.changed();
  }

  show(stroke) {
    stroke.line = s("path", { "stroke-width": stroke.width });
    this.lines.append(stroke.line);
  }

  /* What follows: the pen at once, the network when there is time */

  changed(version = this.version + 1) {
    this.version = version;
    this.ask(() => this.drawPen());
    this.read();
  }

  drawPen() {
    const draw = ({ line, points }) => line.setAttribute("d", `M${points.join("L")}${points.length === 1 ? "h0" : ""}`);
    this.strokes.slice(-1).forEach(draw);
    for (const stroke of this.strokes) if (!stroke.line.hasAttribute("d")) draw(stroke);
    this.hint.toggleAttribute("hidden", this.strokes.length > 0);
    for (const button of [this.undo, this.clear]) enable(button, this.strokes.length > 0, this.pad);
    const { pen, point } = this;
    point.toggleAttribute("hidden", !pen);
    point.classList.toggle("down", Boolean(pen?.down));
    if (pen) point.setAttribute("transform", `translate(${pen.at})`);
  }

  /** Prepare, send forward and send back, each before a frame of its own, until nothing new is on the paper. */
  async read() {
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.seen !== this.version && !this.signal.aborted) {
        const version = this.version;
        const still = () => version === this.version && !this.signal.aborted;
        this.prepare();
        if (this.drawing) await pause(REST / 2);
        if (this.signal.aborted) return;
        if (this.digit && this.network) this.forward();
        this.tell();
        await pause(this.drawing ? REST : 0);
        if (!still()) continue;
        this.backward();
        this.seen = version;
        if (this.drawing || this.said === this.written) continue;
        this.said = this.written;
        this.say(this.written);
      }
    } finally {
      this.reading = false;
    }
  }

  prepare() {
    this.digit = this.refusal = this.steps = undefined;
    try {
      this.digit = prepare_digit(numbers(this.paper.shape, this.paper.map((ink) => 1 - ink)));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.refusal = error;
    }
  }

  forward() {
    this.x = numbers([...this.network.input_shape, 1], this.digit);
    this.steps = this.network.forward(this.x);
    this.p = softmax(this.steps.at(-1).a);
    this.top = this.p.indexOf(Math.max(...this.p));
  }

  get label() {
    return this.truth.value === "" ? undefined : Number(this.truth.value);
  }

  /** Show the outputs, or say why there are none. */
  tell() {
    const { steps, p, refusal, label } = this;
    this.rows.forEach(({ row, fill, share, nudge }, k) => {
      fill.style.width = steps ? `${100 * p[k]}%` : 0;
      share.textContent = steps ? percent(p[k]) : "–";
      nudge.textContent = steps && label !== undefined ? signed((k === label) - p[k]) : "";
      row.classList.toggle("top", Boolean(steps) && k === this.top);
      row.setAttribute("aria-pressed", String(k === this.chosen));
    });
    this.heads.lastChild.textContent = steps && label !== undefined ? "y − p" : "";
    if (steps) this.written = `Read as ${called(this.top)}, with ${percent(p[this.top]).replace(">", "over ")}.`;
    else if (refusal?.reason === "blank") this.written = "The paper is blank, so nothing is predicted.";
    else if (refusal) this.written = `${refusal.message.replace("picture: expected", "Not read: expected")}. ${HELP[refusal.reason]}`;
    else this.written = this.again.hidden ? "Fetching the network …" : "The network could not be fetched, so nothing can be read.";
    this.verdict.textContent = this.written;
    this.verdict.classList.toggle("sure", Boolean(steps));
    const blank = numbers([28, 28]);
    paint(this.input, this.digit ?? blank, [28, 28]);
    if (!this.network) return;
    if (!this.layers) this.maps.replaceChildren(...(this.layers = layer_maps(this.network)).map(({ part }) => part));
    for (const { l, draw } of this.layers) draw(steps?.[l] ?? { a: numbers([...this.shapes[l], 1]) });
  }

  /** Send one output's slope back to the pixels and, if the true digit is known, the cost's to the weights. */
  backward() {
    const { steps, network, label } = this;
    const k = this.chosen ?? this.top;
    this.gradients = undefined;
    this.slopes.replaceChildren();
    this.slopesOf.textContent = steps ? `∂z/∂pixel of the ${k}: more ink raises z at ■, and lowers it at ━` : "∂z/∂pixel: how each pixel moves an output’s z";
    this.slopes.setAttribute("aria-label", this.slopesOf.textContent);
    if (steps) {
      const one = numbers(steps.at(-1).a.shape);
      one[k] = 1;
      this.slope = network.input_gradient(network.backward(steps, one));
      signs(this.slopes, this.slope, this.digit);
      if (label !== undefined) this.gradients = network.trace(this.x, onehot(label)).gradients;
    }
    this.showWeights();
  }

  /* The true digit, and a step */

  learn() {
    this.network = this.network.stepped(this.gradients, this.data.learning_rate);
    this.taken = (this.taken ?? 0) + 1;
    this.changed();
  }

  forget() {
    this.network = this.first;
    this.taken = 0;
    this.changed();
  }

  showWeights() {
    const { network, gradients, label, taken, data } = this;
    enable(this.step, Boolean(gradients), this.truth);
    enable(this.back, taken > 0, this.step);
    const steps = taken ? ` ${taken} ${taken === 1 ? "step" : "steps"} taken.` : "";
    if (!gradients) {
      this.lesson.textContent = `Choose the true digit, and see how each output should move: y − p, which is −∂C/∂z.${steps}`;
      return this.weights.replaceChildren();
    }
    const cost = -Math.log(this.p[label]);
    this.lesson.textContent = `C = −ln p = ${shown(cost, 3)}. Beside each output: y − p, which is −∂C/∂z. The weights that a step with η = ${data.learning_rate} changes most:${steps}`;
    this.weights.replaceChildren(
      ...steepest(gradients, STRONGEST).map(({ name, i, g }) =>
        h("li", {}, h("span", {}, whose(network, name, i)), h("span", {}, shown(network.parameters[name][i], 2)), h("b", {}, signed(-data.learning_rate * g)))),
    );
  }
}

const onehot = (label) => Array.from({ length: 10 }, (_, k) => Number(k === label));

/** The parameters with the largest slopes. */
const steepest = (gradients, count) => {
  let best = [];
  for (const [name, values] of Object.entries(gradients))
    values.forEach((g, i) => {
      if (best.length === count && Math.abs(g) <= Math.abs(best.at(-1).g)) return;
      best = [...best, { name, i, g }].sort((one, other) => Math.abs(other.g) - Math.abs(one.g)).slice(0, count);
    });
  return best;
};

/** Name a parameter by what it ties together; outputs are called by their digits, all else is counted from 1. */
const whose = ({ layers }, name, i) => {
  const l = Number(name.slice(1));
  const { shape } = layers[l - 1][name[0]];
  const at = shape.map((size, n) => Math.floor(i / shape.slice(n + 1).reduce((a, b) => a * b, 1)) % size);
  const end = l === layers.length ? `output ${at[0]}` : `${layers[l - 1].W.shape.length > 2 ? "map" : "neuron"} ${at[0] + 1} of layer ${l}`;
  if (name[0] === "b") return `the bias of ${end}`;
  return shape.length > 2 ? `${end}, from map ${at[1] + 1}, row ${at[2] + 1}, column ${at[3] + 1}` : `${end}, from neuron ${at[1] + 1}`;
};

customElements.define("backprop-digit", Digit);
