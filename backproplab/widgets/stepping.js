/* What both steppers share: an immutable list of moments, a place in it, and numbers that can be changed, after which the list
   is made anew. A stepper gives `parts()`, `moments(given, trace, after)`, `fill()` and `draw()`. */

import { Widget, h, roving, shown, typed } from "backproplab/element.js";
import { Network } from "backproplab/network.js";

const KINDS = { a: "activation", x: "activation", z: "weighted-input", δ: "error", w: "weight", b: "bias" };
const PAUSE = 1600;

/** A letter with its indices, one above the other. */
export const quantity = ({ letter, up, down }) =>
  h(
    "span",
    { class: `quantity ${KINDS[letter] ?? ""}` },
    h("i", {}, letter),
    h("span", {}, h("sup", {}, up), h("sub", {}, down)),
  );

const line = ({ tag, symbols, numbers = [], result }) => {
  const set = (parts) => parts.map((part) => (typeof part === "string" ? part : quantity(part)));
  return h(
    "p",
    {},
    ...(tag ? [equation(tag)] : []),
    h("span", { class: "symbols" }, ...set(symbols)),
    ...(numbers.length ? [h("span", { class: "numbers" }, " = ", ...set(numbers))] : []),
    ...(result === undefined ? [] : [h("span", { class: "result" }, ` = ${result}`)]),
  );
};

/** The tag of an equation; in the book it leads there. */
const equation = (tag) => {
  const page = tag.startsWith("BP") ? "network/four-equations/" : "notation/";
  const inside = /\/assets\/vendor\/backproplab\//.test(import.meta.url);
  const text = `(${tag})`;
  return inside
    ? h("a", { class: "tag", tabindex: -1, href: new URL(`../../../${page}#eq-${tag}`, import.meta.url) }, text)
    : h("span", { class: "tag" }, text);
};

export class Stepping extends Widget {
  start(data) {
    const flat = (values) => [values].flat(Infinity);
    this.first = { network: Network.from(data.network), x: flat(data.x), y: flat(data.y), eta: data.learning_rate };
    this.given = this.first;
    this.fields = new Map();
    this.lines = h("div", { class: "lines" });
    this.build();
    this.recall();
    addEventListener("popstate", () => this.recall(), { signal: this.signal });
    new ResizeObserver(() => this.ask(() => this.draw())).observe(this);
  }

  /* What is computed */

  /** Take over changed givens, unless something in them cannot be computed with; give the reason if so. */
  change(given) {
    try {
      const trace = given.network.trace(given.x, given.y);
      let after = Infinity;
      try {
        after = given.network.stepped(trace.gradients, given.eta).cost(given.x, given.y);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // a step so long that it leads out of all numbers
      }
      this.list = this.moments(given, trace, after);
      Object.assign(this, { given, trace });
    } catch (error) {
      if (error instanceof RangeError) return error.message;
      throw error;
    }
    this.describe();
    return "";
  }

  set(name, value) {
    const { network, x, y, eta } = this.given;
    if (name === "eta") return this.change({ network, x, y, eta: value });
    const [letter, number] = [name[0], Number(name.slice(1))];
    const put = (values) => values.with(number, value);
    if (letter === "x") return this.change({ network, x: put(x), y, eta });
    if (letter === "y") return this.change({ network, x, y: put(y), eta });
    const [parameter, place] = name.split(".");
    const values = Float64Array.from(network.parameters[parameter]).with(Number(place), value);
    try {
      return this.change({ network: network.with_parameters({ [parameter]: values }), x, y, eta });
    } catch (error) {
      return error.message;
    }
  }

  value(name) {
    const { network, x, y, eta } = this.given;
    const [parameter, place] = name.split(".");
    return { x, y }[name[0]]?.[Number(name.slice(1))] ?? (name === "eta" ? eta : network.parameters[parameter][Number(place)]);
  }

  original(name) {
    const now = this.given;
    this.given = this.first;
    const value = this.value(name);
    this.given = now;
    return value;
  }

  /* The address: id=place_name*value_… */

  recall() {
    const told = this.linked?.split("_") ?? [];
    this.given = this.first;
    const wrong = [];
    for (const change of told.slice(1)) {
      const [name, text] = change.split("*");
      const value = typed(text ?? "");
      if (!this.fields.has(name) || value === undefined || this.set(name, value)) wrong.push(change);
    }
    if (this.given === this.first) this.change(this.first);
    this.complain(wrong.length ? `The address asks for ${wrong.join(", ")}, which this network cannot have.` : "");
    for (const [name, field] of this.fields) this.write(field, this.value(name));
    this.go(Math.trunc(Number(told[0])) || 0, { quiet: true });
  }

  state() {
    const changes = [...this.fields.keys()].filter((name) => !Object.is(this.value(name), this.original(name)));
    const parts = [this.place, ...changes.map((name) => `${name}*${this.value(name)}`)];
    return parts.length > 1 || this.place ? parts.join("_") : "";
  }

  /* Moving through the moments */

  go(place, { quiet = false } = {}) {
    this.place = Math.max(0, Math.min(place, this.list.length - 1));
    const moment = this.list[this.place];
    this.slider.value = this.place;
    this.slider.setAttribute("aria-valuetext", `${this.place} of ${this.list.length - 1}: ${moment.title}`);
    this.slider.style.setProperty("--share", this.place / (this.list.length - 1));
    [...this.lines.children].forEach((part, n) => part.classList.toggle("now", n === this.place));
    this.draw();
    this.fill();
    if (quiet) return;
    this.say(moment.sentence);
    this.remember();
  }

  play(on) {
    clearTimeout(this.turn);
    this.playing = on;
    this.player.textContent = on ? "❚❚ Pause" : "▶ Play";
    if (!on) return;
    if (this.place === this.list.length - 1) this.go(0);
    const next = () => {
      if (this.signal.aborted || document.hidden || this.place === this.list.length - 1) return this.play(false);
      this.go(this.place + 1);
      this.turn = setTimeout(next, PAUSE);
    };
    this.turn = setTimeout(next, PAUSE / 2);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target === this.slider && event.key === " ") {
      event.preventDefault();
      this.play(!this.playing);
    } else if (event.key === "Escape") {
      this.play(false);
      this.slider.focus();
    }
  }

  take() {
    this.play(false);
    const { network, x, y, eta } = this.given;
    let reason;
    try {
      reason = this.change({ network: network.stepped(this.trace.gradients, eta), x, y, eta });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      reason = error.message;
    }
    this.complain(reason && `This step cannot be taken. ${reason}`);
    if (reason) return;
    for (const [name, field] of this.fields) this.write(field, this.value(name));
    this.go(0);
    this.say(`The step is taken. The cost is now ${shown(this.trace.cost)}.`);
  }

  reset() {
    this.play(false);
    this.change(this.first);
    this.complain("");
    for (const [name, field] of this.fields) this.write(field, this.value(name));
    this.go(0);
  }

  /* What is seen */

  /** Lay out the picture, the formulas, what the reader presses, and the numbers that can be changed. */
  build() {
    const last = () => this.list.length - 1;
    const step = (by) => {
      this.play(false);
      this.go(this.place + by);
    };
    const button = (text, label, action) =>
      h("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
    this.player = h("button", { type: "button", class: "play", onclick: () => this.play(!this.playing) });
    this.slider = h("input", {
      type: "range",
      min: 0,
      "aria-label": "Moment of the step",
      oninput: () => (this.play(false), this.go(Number(this.slider.value))),
    });
    this.complaint = h("p", { class: "complaint", role: "status" });
    const bar = h(
      "div",
      { class: "bar" },
      button("|◀", "To the beginning", () => step(-last())),
      button("◀", "One moment back", () => step(-1)),
      this.player,
      button("▶", "One moment on", () => step(1)),
      button("▶|", "To the end", () => step(last())),
      this.slider,
      button("Take the step", "Take the step: begin again with the new weights", () => this.take()),
      button("Reset", "Reset: back to the given network", () => this.reset()),
    );
    const { above, below } = this.parts();
    this.live.append(...above, bar, this.complaint, ...below);
    this.play(false);
    this.live.addEventListener("keydown", (event) => this.key(event), { signal: this.signal });
    roving(this.live, "button, input", this.signal);
    this.slider.tabIndex = 0;
    for (const other of this.live.querySelectorAll("button, input")) if (other !== this.slider) other.tabIndex = -1;
  }

  describe() {
    this.slider.max = this.list.length - 1;
    this.lines.replaceChildren(
      ...this.list.map(({ phase, title, lines }) =>
        h("div", { class: `moment ${phase}` }, h("p", { class: "title" }, title), ...lines.map(line)),
      ),
    );
  }

  /** A field for a number that can be changed. */
  field(name, symbol) {
    const field = h("input", {
      type: "text", inputmode: "text", autocomplete: "off", size: 5,
      "aria-label": `${symbol.letter}${symbol.up ? ` of layer ${symbol.up}` : ""}${symbol.down ? `, ${[...symbol.down].join(" ")}` : ""}`,
      onchange: () => this.edit(name, field),
    }); // prettier-ignore
    this.fields.set(name, field);
    return field;
  }

  edit(name, field) {
    const value = typed(field.value);
    const reason = value === undefined ? `“${field.value}” is no number: 0.25, 1/4 and 2.5e-1 are.` : this.set(name, value);
    field.setAttribute("aria-invalid", Boolean(reason));
    this.complain(reason);
    if (reason) return;
    this.write(field, value);
    this.go(this.place);
  }

  write(field, value) {
    field.value = String(Number(value.toPrecision(6))).replace("-", "−");
    field.setAttribute("aria-invalid", false);
  }

  complain(sentence) {
    this.complaint.textContent = sentence;
  }
}
