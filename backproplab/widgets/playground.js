/* Train it here: a small network learns points, and shows what it answers, its cost, and the size of δ in each layer. */

import { Widget, h, roving, s, shown, still, typed } from "backproplab/element.js";
import { Training, sizes } from "backproplab/playground-training.js";
import { RATE, SEED, read, whole, written } from "backproplab/playground-address.js";
import { drawBars, drawCosts, drawGround, drawPoints, pointAt } from "backproplab/playground-drawing.js";

const STEPS = 3; // at most before each frame,
const BUDGET = 6; // and no further one after as many milliseconds
const REST = 4; // times as long as it takes to draw the map, until it is drawn again,
const PAUSE = 500; // and so many milliseconds for those who want things to keep still
const KEPT = 160; // costs in the chart
const PIXELS = 480;

const SHAPES = ["●", "△"];
const grouped = new Intl.NumberFormat("en-GB");
const many = (x) => grouped.format(Number(x.toPrecision(2)));

class Playground extends Widget {
  start(data) {
    this.data = data;
    this.seen = true;
    this.running = false;
    this.build();
    this.restore();
    const again = () => this.ask(() => this.draw());
    addEventListener("popstate", () => this.restore(), { signal: this.signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, { signal: this.signal });
    const scheme = new MutationObserver(again);
    scheme.observe(document.body, { attributes: true });
    const sight = new IntersectionObserver(([{ isIntersecting }]) => (this.seen = isIntersecting));
    sight.observe(this.map);
    this.signal.addEventListener("abort", () => (scheme.disconnect(), sight.disconnect()));
    roving(this.live, "[data-stop]", this.signal);
  }

  restore() {
    const first = { setting: this.data.setting, own: [] };
    const given = this.linked ? read(this.linked, this.data) : first;
    const { setting, own } = given ?? first;
    this.setting = { ...setting };
    this.own = own;
    this.fresh();
    this.complain(given ? "" : "The address holds values that this figure cannot show; these are its own.");
  }

  state() {
    return written(this.setting, this.own);
  }

  /* The parts */

  build() {
    const stop = { "data-stop": true };
    const button = (text, onclick, more = {}) => h("button", { type: "button", ...stop, ...more, onclick }, text);
    const labelled = (text, control) => h("label", {}, h("span", {}, text), control);
    this.selects = {};
    const select = (name, text, options) => {
      const own = h("select", { "aria-label": text, ...stop, onchange: () => this.set(name, options[own.selectedIndex][0]) }, ...options.map(([, title]) => h("option", {}, String(title))));
      this.selects[name] = [own, options.map(([value]) => value)];
      return labelled(text, own);
    };
    const field = (name, text, sound, sentence) => {
      const own = h("input", {
        type: "text", autocomplete: "off", spellcheck: "false", size: 4, "aria-label": text, "aria-describedby": `${this.id}-complaint`, ...stop,
        onchange: () => {
          const value = typed(own.value);
          if (sound(value)) this.set(name, value);
          else this.complain(sentence, own);
        },
        onkeydown: ({ key }) => key === "Escape" && (this.complain(""), this.fill()),
      });
      this.selects[name] = [own];
      return labelled(text, own);
    };
    const { sets, depths, widths, activations, inits, batches } = this.data;
    const plain = (values) => values.map((value) => [value, value]);
    const names = { relu: "ReLU", leaky_relu: "leaky ReLU", xavier: "Xavier", he: "He", lecun: "LeCun", normal: "standard normal" };
    const named = (values) => values.map((value) => [value, names[value] ?? value]);

    this.go = button("Run", () => this.toggle(), { class: "go" });
    this.map = h(
      "div",
      { class: "map", role: "button", "aria-pressed": "false", ...stop, onclick: (event) => this.click(event), onkeydown: (event) => this.key(event), onblur: () => this.edit(false) },
      h("canvas", { width: PIXELS, height: PIXELS }), h("canvas", { width: PIXELS, height: PIXELS }),
    );
    this.costs = s("svg", { role: "img", class: "costs" });
    this.bars = s("svg", { role: "img", class: "sizes" });
    this.told = h("p", { class: "told" });
    this.complaint = h("p", { class: "complaint", id: `${this.id}-complaint`, role: "status" });
    this.labels = SHAPES.map((shape, label) =>
      button(shape, () => this.choose(label), { "aria-label": `Add points of the class ${shape}`, class: "shape" }));
    this.back = button("Take back", () => this.change(this.own.slice(0, -1)));
    this.inks = Object.fromEntries(["none", "some", "paper", "ink"].map((name) => [name, h("i", { class: `tone ${name}` })]));
    this.live.append(
      h("div", { class: "settings" },
        select("data", "Points", [...Object.entries(sets).map(([key, { title }]) => [key, title]), ["none", "only your own"]]),
        select("depth", "Hidden layers", plain(depths)),
        select("width", "Neurons in each", plain(widths)),
        select("activation", "Activation", named(activations)),
        select("init", "First weights", named(inits)),
        field("seed", "drawn with seed", (value) => whole(value, 0, SEED), `Seed: a whole number from 0 to ${SEED}.`),
        field("rate", "Learning rate η", (value) => value > 0 && value <= RATE, `η: a number above 0 and at most ${RATE}, such as 0.1 or 1/4.`),
        select("batch", "Batch", batches.map((size) => [size, size || "all points"]))),
      h("div", { class: "bar" }, this.go, button("One step", () => this.once()), button("Reset", () => this.reset()),
        button("New seed", () => this.set("seed", (this.setting.seed + 1) % (SEED + 1)))),
      h("div", { class: "pictures" }, this.map, this.bars, this.costs),
      h("div", { class: "bar own" }, h("span", {}, "A tap adds"), ...this.labels, this.back, button("Copy link", ({ target }) => this.copy(target))),
      h("div", { class: "words" }, this.told, this.complaint),
      h("span", { class: "inks", "aria-hidden": "true" }, ...Object.values(this.inks)),
    );
    this.choose(1);
    this.edit(false);
  }

  /** Let the controls say what is set. */
  fill() {
    for (const [name, [control, values]] of Object.entries(this.selects)) {
      if (values) control.selectedIndex = values.indexOf(this.setting[name]);
      else control.value = String(this.setting[name]);
    }
    this.back.disabled = !this.own.length;
  }

  /* What a hand does */

  set(name, value) {
    this.setting[name] = value;
    this.complain("");
    if (name === "batch") this.training.learn(this.points, value);
    if (name === "batch" || name === "rate") this.fill();
    else this.fresh();
    this.remember();
  }

  /** Begin anew, with the weights that the seed gives. */
  fresh() {
    this.stop();
    this.training = new Training(this.setting, this.points);
    this.history = [];
    this.every = 1;
    this.note();
    this.fill();
    this.ask(() => this.draw());
  }

  reset() {
    this.complain("");
    this.fresh();
    this.say(this.sentence());
  }

  get points() {
    return [...(this.data.sets[this.setting.data]?.points ?? []), ...this.own];
  }

  /** Learn other points from here on. */
  change(own) {
    this.own = own;
    this.complain("");
    this.training.learn(this.points, this.setting.batch);
    if (!this.points.length) this.stop();
    this.note();
    this.fill();
    this.remember();
    this.ask(() => this.draw());
  }

  choose(label) {
    this.label = label;
    this.labels.forEach((button, own) => button.setAttribute("aria-pressed", own === label));
  }

  put(point) {
    this.change([...this.own, [...point, this.label]]);
    this.say(`A ${SHAPES[this.label]} at ${point.map((x) => shown(x)).join(", ")}.`);
  }

  click(event) {
    this.edit(!event.detail && !this.cross); // without a pointer it's the keyboard's, or a screen reader's
    if (event.detail) this.put(pointAt(this.map.getBoundingClientRect(), event));
  }

  /* Enter takes the keyboard to the map, where the arrows move a cross and Enter puts a point; Escape leads back. */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { key } = event;
    const size = event.shiftKey ? 0.01 : 0.1;
    const moves = { ArrowLeft: [-size, 0], ArrowRight: [size, 0], ArrowDown: [0, -size], ArrowUp: [0, size] };
    if (["Enter", " "].includes(key)) {
      if (this.cross) this.put(this.cross);
      else this.edit(true);
    } else if (!this.cross) return;
    else if (key === "Escape") this.edit(false);
    else if (key === "Backspace" || key === "Delete") this.own.length && this.change(this.own.slice(0, -1));
    else if (key in moves) {
      this.cross = this.cross.map((x, i) => Math.max(-1, Math.min(1, Math.round(100 * (x + moves[key][i])) / 100)) + 0);
      this.say(this.cross.map((x) => shown(x)).join(", "));
      this.ask(() => this.draw());
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  edit(on) {
    this.cross = on ? [0, 0] : undefined;
    this.map.setAttribute("aria-pressed", on);
    this.map.setAttribute("aria-label", on ? "Map: the arrows move the cross, Enter adds a point, Backspace takes it back, Escape leaves" : "Map of the points: Enter adds some by keyboard");
    if (this.training) this.ask(() => this.draw());
  }

  complain(sentence, input) {
    for (const [control] of Object.values(this.selects)) control.removeAttribute("aria-invalid");
    input?.setAttribute("aria-invalid", "true");
    this.complaint.textContent = sentence;
  }

  /* Training */

  toggle() {
    if (this.running) {
      this.stop();
      this.say(this.sentence());
    } else if (this.ready()) {
      this.running = true;
      this.go.textContent = "Pause";
      this.due = 0;
      this.run(() => this.turn());
    }
  }

  stop() {
    this.running = false;
    this.go.textContent = "Run";
  }

  ready() {
    this.complain(this.points.length ? "" : "There is nothing to learn yet: put some points of both classes on the map.");
    return this.points.length > 0;
  }

  once() {
    this.stop();
    if (this.ready()) this.advance();
    this.ask(() => this.draw());
    this.say(this.sentence());
  }

  turn() {
    if (!this.running || !this.seen) return this.running;
    const begin = performance.now();
    for (let k = 0; k < STEPS && this.running && performance.now() - begin < BUDGET; k++) this.advance();
    const due = !this.running || begin > this.due;
    if (due) {
      this.drawGround();
      this.due = begin + (still() ? PAUSE : REST * (performance.now() - begin));
    }
    if (due || !still()) this.drawCharts();
    return this.running;
  }

  advance() {
    try {
      this.training.advance(this.setting.rate);
      this.note();
    } catch (error) {
      if (error.name !== "NotFinite") throw error;
      this.stop();
      this.complain(`Step ${this.training.step + 1} can’t be taken: ${error.message}. Choose a smaller η and reset.`);
    }
  }

  note() {
    const { step, trace } = this.training;
    if (!trace) return;
    if (step % this.every === 0 && this.history.at(-1)?.[0] !== step) this.history.push([step, trace.cost]);
    if (this.history.length <= KEPT) return;
    this.history = this.history.filter((_, k) => k % 2 === 0);
    this.every *= 2;
  }

  sentence() {
    const { step, trace, right } = this.training;
    if (!trace) return "No points yet.";
    const all = sizes(trace);
    const [first, last] = [all[0], all.at(-1)];
    const times = first === 0 ? "no error at all reaches layer 1"
      : last >= first ? `δ in layer 1 is ${many(last / first)} times smaller than in layer ${all.length}`
      : `δ in layer 1 is ${many(first / last)} times larger than in layer ${all.length}`;
    return `Step ${step}: cost ${shown(trace.cost)}, ${Math.floor(100 * right)} % of the points correct; ${times}.`;
  }

  draw() {
    this.colours = Object.fromEntries(Object.entries(this.inks).map(([name, ink]) => [name, getComputedStyle(ink).color]));
    drawPoints(this.map.lastChild, this.points, this.colours, this.cross);
    this.drawGround();
    this.drawCharts();
  }

  drawGround() {
    drawGround(this.map.firstChild, this.training.network, this.colours);
  }

  drawCharts() {
    const { step, trace } = this.training;
    const all = trace ? sizes(trace) : Array(this.setting.depth + 1).fill(0);
    drawBars(this.bars, all);
    drawCosts(this.costs, trace ? [...this.history, [step, trace.cost]] : []);
    this.bars.setAttribute("aria-label", `Average size of δ by layer: ${all.map((size) => shown(size, 2)).join(", ")}`);
    this.costs.setAttribute("aria-label", trace ? `Cost: from ${shown(this.history[0][1])} to ${shown(trace.cost)} in ${step} steps` : "Cost");
    this.told.textContent = this.sentence();
  }
}

customElements.define("backprop-playground", Playground);
