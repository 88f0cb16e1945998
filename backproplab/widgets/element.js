/* What all widgets share. A widget is a custom element whose HTML, as the page has it, can be read without it: a figure in
   `.stage`, a table in a fold, and the numbers as JSON. It lays its live part over the figure, which is still what is printed. */

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
};

/** An HTML element, its attributes (`onclick` and its like are listeners) and its children. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A number as the book prints it: some significant digits, a true minus sign. */
export const shown = (value, digits = 4) => {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 10 ** digits || size < 1e-4) {
    const [factor, power] = value.toExponential(Math.max(0, digits - 1)).split("e");
    return `${Number(factor)}·10${superscript(Number(power))}`.replace("-", "−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
};

const superscript = (whole) => [...String(whole)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("");

/** The number that somebody has typed, 0.25, 0,25, ¼ as 1/4, 2.5e-1 or −3; undefined if it is none. */
export const typed = (text) => {
  const plain = text.trim().replace(/[−–]/g, "-").replace(/,(?=\d)/g, ".");
  const parts = plain.split("/").map((part) => part.trim());
  if (parts.length > 2 || !parts.every((part) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(part))) return undefined;
  const [over, under = 1] = parts.map(Number);
  return Number.isFinite(over / under) ? over / under : undefined;
};

/** Give a group of controls one tab stop: the arrows lead from one to the next, Home and End to the first and the last. */
export const roving = (group, selector, signal) => {
  const items = () => [...group.querySelectorAll(selector)].filter((item) => !item.disabled && item.getClientRects().length);
  const select = (chosen) => {
    for (const item of group.querySelectorAll(selector)) item.tabIndex = item === chosen ? 0 : -1;
  };
  const ours = (event) => event.target.closest(selector);
  group.addEventListener("focusin", (event) => ours(event) && select(ours(event)), { signal });
  group.addEventListener(
    "keydown",
    (event) => {
      const all = items();
      const at = all.indexOf(ours(event));
      const own = event.target.matches("input, select, [role=slider]"); // they need left and right, and some of them Home and End
      const steps = { ArrowDown: at + 1, ArrowUp: at - 1, ...(own || { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }) };
      if (at < 0 || !(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      all.at(steps[event.key] % all.length).focus();
    },
    { signal },
  );
  select(items()[0] ?? group.querySelector(selector));
};

/** Whether the reader wants things to keep still. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The base of all widgets: `start(data)` builds the live part in `this.live`; `this.signal` ends with the element. */
export class Widget extends HTMLElement {
  #end;
  #news = h("div", { class: "news", "aria-live": "polite" });

  connectedCallback() {
    if (this.#end) return; // moved within the page
    this.#end = new AbortController();
    this.signal = this.#end.signal;
    this.live = h("div", { class: "live", role: "group", "aria-label": this.getAttribute("label") ?? "" });
    const stage = this.querySelector(":scope > .stage");
    const data = this.querySelector(":scope > script[type='application/json']");
    try {
      this.start(data ? JSON.parse(data.textContent) : null);
    } catch (error) {
      this.#end.abort();
      throw error; // the figure stays
    }
    stage.append(this.live, this.#news);
    this.dataset.on = "";
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#end?.abort();
      this.#end = undefined;
      this.live?.remove();
      this.#news.remove();
      delete this.dataset.on;
    });
  }

  /** Have a screen reader say something, once a hand has come to rest. */
  say(sentence) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => (this.#news.textContent = sentence), 150);
  }

  /* The address keeps what a reader has set, under the widget's id, so that it can be sent: `state()` says what to write. */

  /** What the address says, if anything. */
  get linked() {
    return new URLSearchParams(location.search).get(this.id);
  }

  /** Write the state into the address, once a hand has come to rest. */
  remember() {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.signal.aborted || this.#address(), 200);
  }

  #address(hash = location.hash) {
    const address = new URL(location.href);
    const state = this.state();
    if (state) address.searchParams.set(this.id, state);
    else address.searchParams.delete(this.id);
    address.hash = hash;
    if (this.id && address.protocol.startsWith("http")) history.replaceState(history.state, "", address);
    return address.href;
  }

  /** Copy a link that leads to the widget in its state. */
  async copy(button) {
    const text = button.textContent;
    const done = await navigator.clipboard?.writeText(this.#address(this.id)).then(() => true, () => false);
    button.textContent = done ? "Copied" : "It’s in the address";
    this.say(done ? "The link is copied." : "The link is in the address bar.");
    setTimeout(() => (button.textContent = text), 2000);
  }

  /** Call `draw` before the next frame, once however often this is asked for. */
  ask(draw) {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      if (!this.signal.aborted) draw();
    });
  }

  /** Call `step(milliseconds)` before every frame while it gives true, the element is there and the page is in sight. */
  run(step) {
    let last = performance.now();
    const turn = (now) => {
      if (this.signal.aborted) return;
      if (!document.hidden && step(Math.min(now - last, 100)) === false) return;
      last = now;
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }
}
