/* The descent explorer: starts to drag over a curve or a map, a learning rate to slide, and the way down. */

import { Widget, h, roving, s, shown, typed } from "backproplab/element.js";
import { landscapes } from "backproplab/landscapes.js";
import { downhill, optimizers, walk } from "backproplab/optimizers.js";
import { costChart, ground, way } from "backproplab/descent-drawing.js";

const MOST = 4; // starts
const STEPS = 200;
const RATE = 1000;
const NOTCHES = 600; // of the slider, whose scale is logarithmic

const short = (x, digits = 4) => Number(x.toPrecision(digits));
const plain = (x) => String(short(x, 6)).replace("-", "−");
const copied = (state) => ({ ...state, starts: state.starts.map((w) => [...w]) });
const between = (x, low, high) => Number.isFinite(x) && x >= low && x <= high;

class Descent extends Widget {
  start(data) {
    this.data = data;
    this.first = this.beginning(data.landscapes[0], data);
    this.build();
    this.restore();
    addEventListener("popstate", () => this.restore(), { signal: this.signal });
    const sizes = new ResizeObserver(() => this.ask(() => this.draw()));
    sizes.observe(this.map);
    this.signal.addEventListener("abort", () => sizes.disconnect());
    roving(this.live, "[data-stop]", this.signal);
  }

  beginning(land, { rate, starts, steps }) {
    return { land, rate, method: this.data.methods[0][0], mu: 0.9, steps, starts: land.starts.slice(0, starts).map((at) => [...at]), active: 0 };
  }

  /* The address: name=land_rate_method_mu_steps_start_start… */

  restore() {
    const given = this.linked ? this.read(this.linked) : this.first;
    this.now = copied(given ?? this.first);
    this.complain(given ? "" : "The address holds values that this figure cannot show; these are its own.");
    this.ground = undefined;
    this.changed({ quiet: true });
  }

  read(text) {
    const [name, rate, method, mu, steps, ...points] = text.split("_");
    const land = this.data.landscapes.find((one) => one.name === name);
    const starts = points.map((point) => point.split("*").map((x) => typed(x) ?? NaN));
    const sound =
      land &&
      this.data.methods.some(([key]) => key === method) &&
      Number(rate) > 0 && between(Number(rate), 0, RATE) &&
      between(Number(mu), 0, 0.99) &&
      Number.isInteger(Number(steps)) && between(Number(steps), 1, STEPS) &&
      between(starts.length, 1, MOST) &&
      starts.every((w) => w.length === land.letters.length && w.every((x, i) => between(x, ...land.ranges[i])));
    return sound ? { land, rate: Number(rate), method, mu: Number(mu), steps: Number(steps), starts, active: 0 } : undefined;
  }

  state() {
    const { land, rate, method, mu, steps, starts } = this.now;
    return [land.name, rate, method, mu, steps, ...starts.map((w) => w.join("*"))].join("_");
  }

  /* The parts */

  build() {
    const stop = { "data-stop": true };
    const { landscapes: grounds, methods } = this.data;
    const slider = (label, max, set, min = 0) =>
      h("input", { type: "range", min, max, step: "any", "aria-label": label, ...stop, oninput: ({ target }) => set(Number(target.value)) });
    const field = (label, set) => {
      const input = h("input", {
        type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", size: 6, "aria-label": label, "aria-describedby": `${this.id}-complaint`, ...stop,
        onchange: () => set(typed(input.value), input),
        onkeydown: ({ key }) => {
          if (key === "Enter") set(typed(input.value), input);
          if (key === "Escape") this.complain(""), this.changed({ quiet: true });
        },
      });
      return input;
    };
    const button = (text, onclick, more = {}) => h("button", { type: "button", ...stop, ...more, onclick }, text);

    this.choice = h("select", { "aria-label": "landscape", ...stop, onchange: () => this.choose(grounds[this.choice.selectedIndex]) },
      ...grounds.map(({ title }) => h("option", {}, title)));
    this.formula = h("span", { class: "formula" });
    this.choices = methods.map(([key, name]) => button(name, () => this.set({ method: key }), { "data-method": key }));
    this.map = s("svg", { class: "map", role: "group", "aria-label": "map with the starts", onclick: (event) => this.put(event) });
    this.costs = s("svg", { class: "costs", role: "img" });
    this.rate = slider("learning rate η", NOTCHES, (notch) => this.set({ rate: short(this.rateAt(notch), 3) }));
    this.rate.step = 1;
    this.rateField = field("learning rate η as a number", (value, input) =>
      value > 0 && value <= RATE ? this.set({ rate: value }) : this.complain(`η: a number above 0 and at most ${RATE}, such as 0.1 or 1/4.`, input));
    this.border = h("span", { class: "border", "aria-hidden": "true" });
    this.mu = slider("momentum μ", 0.99, (mu) => this.set({ mu }));
    this.mu.step = 0.01;
    this.muName = h("span", { class: "name" });
    this.muValue = h("span", { class: "value" });
    this.steps = slider("steps", STEPS, (steps) => this.set({ steps }), 1);
    this.steps.step = 1;
    this.stepsValue = h("span", { class: "value" });
    this.startName = h("span", { class: "name" });
    this.letters = [0, 1].map((i) => h("span", {}));
    this.fields = [0, 1].map((i) => field("", (value, input) => this.type(i, value, input)));
    this.more = button("Add start", () => this.addStart());
    this.fewer = button("Remove", () => this.removeStart());
    this.told = h("ol", { class: "told" });
    this.complaint = h("p", { class: "complaint", id: `${this.id}-complaint`, role: "status" });
    const row = (name, name2, control, value, more = {}) => h("div", { class: `row ${name}`, ...more }, name2, control, value);
    this.muRow = row("mu", this.muName, this.mu, this.muValue);
    this.live.append(
      h("div", { class: "bar choices" }, this.choice, ...(methods.length > 1 ? [h("div", { class: "bar methods" }, ...this.choices)] : []), this.formula),
      this.map,
      this.costs,
      h("div", { class: "rows" },
        row("rate", h("span", { class: "name" }, "η"), h("div", { class: "track" }, this.rate, this.border), this.rateField),
        ...(methods.length > 1 ? [this.muRow] : []),
        row("steps", h("span", { class: "name" }, "steps"), this.steps, this.stepsValue)),
      this.told,
      h("div", { class: "bar starts" }, this.startName,
        ...this.fields.map((input, i) => h("label", {}, this.letters[i], input)),
        this.more, this.fewer, button("Reset", () => this.reset()), button("Copy link", (event) => this.copy(event.target))),
      this.complaint,
    );
    this.handles = [];
    this.scene = s("g", { "aria-hidden": "true" });
    this.map.append(this.scene);
  }

  handle(number) {
    const element = s(
      "g", { class: `start n${number}`, "data-stop": true, tabindex: -1 },
      s("circle", { r: 20, class: "reach" }), s("circle", { r: 11 }), s("text", { y: 4.5, "text-anchor": "middle", "aria-hidden": "true" }, String(number)),
    );
    const index = number - 1;
    element.addEventListener("focus", () => this.activate(index));
    element.addEventListener("blur", () => this.hold(element, false));
    element.addEventListener("keydown", (event) => this.key(event, index, element));
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      element.focus({ preventScroll: true });
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && this.moveTo(index, this.under(event), { quiet: true }));
    element.addEventListener("pointerup", () => this.changed());
    return element;
  }

  /* What a hand does */

  choose(land) {
    const rate = short(Math.sqrt(land.rates[0] * land.rates[1]), 2);
    this.ground = undefined;
    this.set({ ...this.beginning(land, { ...this.data, rate }), method: this.now.method, mu: this.now.mu });
  }

  reset() {
    this.now = copied(this.first);
    this.ground = undefined;
    this.set({});
  }

  set(some) {
    Object.assign(this.now, some);
    this.complain("");
    this.changed();
  }

  activate(index) {
    this.now.active = index;
    this.ask(() => this.draw());
  }

  under({ clientX, clientY }) {
    const { left, top } = this.map.getBoundingClientRect();
    return this.ground.at(clientX - left, clientY - top);
  }

  put(event) {
    if (!event.target.closest(".start")) this.moveTo(this.now.active, this.under(event));
  }

  moveTo(index, place, how) {
    const { ranges } = this.now.land;
    this.now.starts[index] = place.map((x, i) => Number(Math.max(ranges[i][0], Math.min(ranges[i][1], x)).toFixed(2)));
    this.complain("");
    this.changed(how);
  }

  type(i, value, input) {
    const { land, starts, active } = this.now;
    const [low, high] = land.ranges[i];
    if (!between(value, low, high)) return this.complain(`${land.letters[i]}: a number from ${plain(low)} to ${plain(high)}, such as ${plain(starts[active][i])}.`, input);
    starts[active][i] = value;
    this.set({});
  }

  addStart() {
    const { land, starts } = this.now;
    const free = land.starts.find((at) => !starts.some((w) => w.every((x, i) => x === at[i]))) ?? land.starts[0];
    starts.push([...free]);
    this.set({ active: starts.length - 1 });
    if (starts.length === MOST) this.fewer.focus();
  }

  removeStart() {
    const { starts, active } = this.now;
    starts.splice(active, 1);
    this.set({ active: Math.max(0, active - 1) });
    if (starts.length === 1) this.more.focus();
  }

  /* On a curve the arrows move a start at once; on a map, which needs all four of them, Enter picks it up. */
  key(event, index, element) {
    const flat = this.now.land.letters.length > 1;
    if (flat && ["Enter", " "].includes(event.key)) this.hold(element, !this.held);
    else if (event.key === "Escape" && this.held) this.hold(element, false);
    else {
      if (event.ctrlKey || event.altKey || event.metaKey || (flat && !this.held)) return;
      const { ranges } = this.now.land;
      const place = [...this.now.starts[index]];
      const size = (i) => (ranges[i][1] - ranges[i][0]) / (event.shiftKey ? 500 : 50);
      const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ...(flat ? { ArrowDown: [1, -1], ArrowUp: [1, 1] } : { Home: [0, -Infinity], End: [0, Infinity] }) };
      if (!(event.key in moves)) return;
      const [i, sign] = moves[event.key];
      place[i] += sign * size(i);
      this.moveTo(index, place);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  hold(element, held) {
    this.held = held && element;
    this.ask(() => this.draw());
  }

  complain(sentence, input) {
    for (const one of [this.rateField, ...this.fields]) one.toggleAttribute("aria-invalid", false);
    input?.setAttribute("aria-invalid", "true");
    this.complaint.textContent = sentence;
  }

  /* What follows from it */

  rateAt(notch) {
    const [low, high] = this.now.land.rates;
    return low * (high / low) ** (notch / NOTCHES);
  }

  notchOf(rate) {
    const [low, high] = this.now.land.rates;
    return (NOTCHES * Math.log(rate / low)) / Math.log(high / low);
  }

  /** From which η on the walkers can't settle in the minimum below the chosen start; Adam has none. */
  limit() {
    const { land, method, mu, starts, active } = this.now;
    if (method === "adam") return undefined;
    const size = Math.hypot(...land.ranges.map(([a, b]) => b - a)) / 500;
    const { curvature } = downhill(landscapes[land.name], land.minima, starts[active], size);
    const [over, name] = method === "momentum" ? [2 * (1 + mu), "2(1+μ)/λ"] : [2, "2/λ"];
    return { rate: over / curvature, text: `${name} = ${shown(over / curvature, 3)}` };
  }

  changed({ quiet = false } = {}) {
    this.ask(() => this.draw());
    if (quiet) return;
    this.remember();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.signal.aborted || this.say(`Start ${this.now.active + 1} ${this.sentences[this.now.active]}`), 200);
  }

  tell(points, costs) {
    const { land, steps, starts } = this.now;
    const at = (w) => land.letters.map((letter, i) => `${letter}\u00a0=\u00a0${plain(Number(w[i].toFixed(3)))}`).join(", ");
    const last = points.at(-1);
    const { gradient } = landscapes[land.name];
    const end = costs.at(-1);
    if (points.length <= steps) return `runs away: after ${points.length - 1} steps its numbers are too large to compute with.`;
    if (gradient(points[0]).every((x) => x === 0)) return "stays where it is: the slope is zero here.";
    const gone = points.findIndex((w) => !this.ground.inside(w));
    const fall = `cost ${shown(costs[0], 3)} → ${shown(end, 3)} in ${steps} ${steps === 1 ? "step" : "steps"}`;
    if (gone < 0) return `${fall}, to ${at(last)}.`;
    if (this.ground.inside(last)) return `${fall}; it left the map at step ${gone} and came back.`;
    return `${fall}; off the map at step ${gone}${end > costs[0] ? ": it diverges" : ""}.`;
  }

  draw() {
    const { land, rate, method, mu, steps, starts, active } = this.now;
    const formula = landscapes[land.name];
    const width = this.map.clientWidth;
    if (!width) return;
    if (!this.ground || this.drawnWidth !== width) {
      const height = Math.round(0.72 * width);
      this.map.setAttribute("height", height);
      this.ground = ground(land, formula, width, height);
      const { left, right, top, bottom } = this.ground.box;
      const mask = `${this.id}-box`;
      this.ways = s("g", { "clip-path": `url(#${mask})`, "aria-hidden": "true" });
      this.scene.replaceChildren(
        s("clipPath", { id: mask }, s("rect", { x: left, y: top, width: right - left, height: bottom - top })),
        s("g", { "clip-path": `url(#${mask})`, "aria-hidden": "true" }, ...this.ground.shapes),
        s("g", { "aria-hidden": "true" }, ...this.ground.frame),
        this.ways,
      );
      this.drawnWidth = width;
    }
    const lowest = Math.min(...land.minima.map(({ cost }) => cost));
    const paths = starts.map((start) => walk(formula, optimizers[method](rate, mu), start, steps));
    const costs = paths.map((points) => points.map(formula.value));
    this.sentences = paths.map((points, k) => this.tell(points, costs[k]));
    this.ways.replaceChildren(...paths.map((points, k) => way(this.ground, points, k + 1)));
    const above = costs.map((values, k) => ({ number: k + 1, values: values.map((cost) => Math.max(0, cost - lowest)) }));
    const wide = this.costs.clientWidth;
    const high = this.costs.clientHeight;
    this.costs.replaceChildren(...costChart(above, steps, wide, high));
    this.costs.setAttribute("aria-label", `Cost above the lowest, step by step. ${this.sentences.map((one, k) => `Start ${k + 1} ${one}`).join(" ")}`);
    this.told.replaceChildren(...this.sentences.map((one, k) => h("li", {}, h("b", { class: `n${k + 1}` }, String(k + 1)), one)));
    this.showHandles();
    this.showControls();
    if (active >= starts.length) this.now.active = 0;
  }

  showHandles() {
    const { land, starts, active } = this.now;
    while (this.handles.length > starts.length) {
      if (this.handles.at(-1).tabIndex === 0) this.choice.tabIndex = 0; // so that the widget keeps its tab stop
      this.handles.pop().remove();
    }
    while (this.handles.length < starts.length) {
      this.handles.push(this.handle(this.handles.length + 1));
      this.map.append(this.handles.at(-1));
    }
    const flat = land.letters.length > 1;
    starts.forEach((w, k) => {
      const element = this.handles[k];
      const [x, y] = this.ground.place(w);
      const where = land.letters.map((letter, i) => `${letter} = ${plain(w[i])}`).join(", ");
      element.setAttribute("transform", `translate(${x} ${y})`);
      element.classList.toggle("active", k === active);
      element.classList.toggle("held", element === this.held);
      const about = flat
        ? { role: "button", "aria-label": `start ${k + 1}, ${where}; Enter picks it up, the arrows move it`, "aria-pressed": String(element === this.held) }
        : { role: "slider", "aria-label": `start ${k + 1}`, "aria-valuemin": land.ranges[0][0], "aria-valuemax": land.ranges[0][1], "aria-valuenow": w[0], "aria-valuetext": where };
      for (const name of ["aria-pressed", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"]) element.removeAttribute(name);
      for (const [name, value] of Object.entries(about)) element.setAttribute(name, value);
    });
  }

  showControls() {
    const { land, rate, method, mu, steps, starts, active } = this.now;
    const limit = this.limit();
    this.choice.selectedIndex = this.data.landscapes.indexOf(land);
    this.formula.textContent = `C(${land.letters.join(", ")}) = ${land.formula}`;
    for (const one of this.choices) one.setAttribute("aria-pressed", String(one.dataset.method === method));
    this.rate.value = this.notchOf(rate);
    const side = limit ? `, ${rate < limit.rate ? "below" : rate > limit.rate ? "above" : "at"} ${limit.text}` : "";
    this.rate.setAttribute("aria-valuetext", `${plain(rate)}${side}`);
    const keep = (input, value) => input === document.activeElement && input.matches("[aria-invalid]") ? undefined : (input.value = value);
    keep(this.rateField, plain(rate));
    const track = this.rate.parentElement;
    track.classList.toggle("free", !limit);
    track.style.setProperty("--at", limit ? Math.max(0, Math.min(1, this.notchOf(limit.rate) / NOTCHES)) : 1);
    this.border.textContent = limit ? limit.text : "no border with Adam";
    this.muName.textContent = method === "adam" ? "β₁" : "μ";
    this.mu.setAttribute("aria-label", method === "adam" ? "β₁" : "momentum μ");
    this.mu.disabled = method === "plain";
    this.mu.value = mu;
    this.muValue.textContent = method === "plain" ? "none" : shown(mu, 2);
    this.steps.value = steps;
    this.stepsValue.textContent = String(steps);
    this.startName.textContent = starts.length > 1 ? `Start ${active + 1}` : "Start";
    this.fields.forEach((input, i) => {
      input.parentElement.hidden = i >= land.letters.length;
      this.letters[i].textContent = land.letters[i] ?? "";
      input.setAttribute("aria-label", `start ${active + 1}: ${land.letters[i]}`);
      if (i < land.letters.length) keep(input, plain(starts[active][i]));
    });
    this.more.disabled = starts.length >= MOST;
    this.fewer.disabled = starts.length < 2;
  }
}

customElements.define("backprop-descent", Descent);
