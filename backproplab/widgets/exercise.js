/* Exercises that answer back. Their HTML is made by exercises.py, which also says what the answers are. What is solved is
   kept in local storage where there is one, and counted at the heading of the exercises. */

import { Widget, h, roving, typed } from "backproplab/element.js";

const KEY = "backproplab.solved";
const SOLVED = "✓ solved";
const here = new Set(); // for those who have no storage, until they leave

const kept = () => {
  try {
    return new Set([...here, ...JSON.parse(localStorage.getItem(KEY) ?? "[]")]);
  } catch {
    return new Set(here);
  }
};

const keep = (names) => {
  here.clear();
  for (const name of names) here.add(name);
  try {
    localStorage.setItem(KEY, JSON.stringify([...names]));
  } catch {
    // full or forbidden: this page still knows
  }
};

/** The answers, which have been mixed with numbers that follow from the name. */
export const opened = (name, answers) => {
  let state = 2166136261;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 16777619);
  const bytes = Uint8Array.from(atob(answers), (sign) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return sign.charCodeAt(0) ^ (state & 255);
  });
  return JSON.parse(new TextDecoder().decode(bytes));
};

/** The shape that somebody has typed, 3×2, (3, 2), 3 x 2 or 3 by 2; undefined if it is none. */
export const typedShape = (text) => {
  const sizes = text.trim().match(/^[([]?\s*(\d+(?:\s*(?:,|×|x|\*|·|by)\s*\d+)*)\s*,?\s*[)\]]?$/i);
  return sizes?.[1].match(/\d+/g).map(Number);
};

/** What is to be said of a number: whether it's right, and a sentence. */
export const judgedNumber = (text, { right, digits, because, mistakes }) => {
  const value = typed(text);
  if (value === undefined) return { said: "That is no number that can be read here. Write 0.25, 1/4 or 2.5e-1." };
  const unit = digits === null ? 2e-9 * Math.max(1, Math.abs(right)) : 10 ** -digits;
  const near = (other, width) => Math.abs(value - other) <= (width / 2) * (1 + 1e-6);
  if (near(right, unit)) return { right: true, said: because };
  const mistake = mistakes.find(([wrong]) => near(wrong, unit));
  if (mistake) return { right: false, said: mistake[1] };
  const decimals = /[.,](\d*)/.exec(text)?.[1].length ?? 0;
  if (digits === null || /[/e]/i.test(text)) return { right: false, said: "" };
  if (value && decimals < digits && near(right, 10 ** -decimals)) return { right: false, said: "It's right as far as it goes. Give more decimals." };
  return { right: false, said: near(right, 3 * unit) ? "It's very near. Look at the last digit, and don't round on the way." : "" };
};

/** The same of a shape. */
export const judgedShape = (text, { right, because, mistakes }) => {
  const shape = typedShape(text);
  if (!shape) return { said: "That is no shape that can be read here. Write 3×2 or (3, 2)." };
  if (String(shape) === String(right)) return { right: true, said: because };
  return { right: false, said: mistakes.find(([wrong]) => String(wrong) === String(shape))?.[1] ?? "" };
};

const count = () => {
  const heading = document.getElementById("exercises");
  if (!heading) return;
  const names = [...document.querySelectorAll("backprop-exercise")].map(({ name }) => name);
  let tally = heading.nextElementSibling;
  if (!tally?.matches(".tally")) {
    const again = () => {
      keep([...kept()].filter((name) => !names.includes(name)));
      document.dispatchEvent(new Event("backprop-reset"));
      count();
    };
    tally = h("div", { class: "tally" }, h("span", { role: "status" }), h("button", { type: "button", onclick: again }, "Start again"));
    heading.after(tally);
  }
  const solved = names.filter((name) => kept().has(name)).length;
  tally.firstChild.textContent = `${solved} of ${names.length} solved`;
  tally.lastChild.hidden = solved === 0;
};

class Exercise extends Widget {
  start({ name, kind, answers }) {
    this.name = name;
    this.mark = h("span", { class: "mark" });
    this.answer = h("output", {});
    this.live.append(...(kind === "choice" ? this.choice(opened(name, answers)) : this.field(kind, opened(name, answers))));
    this.live.append(this.answer);
    this.mark.textContent = kept().has(name) ? SOLVED : "";
    document.addEventListener("backprop-reset", () => this.reset(), { signal: this.signal });
    cancelAnimationFrame(Exercise.counting);
    Exercise.counting = requestAnimationFrame(count);
  }

  field(kind, answers) {
    const judged = kind === "shape" ? judgedShape : judgedNumber;
    const id = `${this.id}-answer`;
    const input = h("input", { id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "done" });
    const check = () => {
      const verdict = judged(input.value, answers);
      input.setAttribute("aria-invalid", verdict.right === undefined);
      this.tell(verdict);
    };
    input.addEventListener("change", () => input.value.trim() && check()); // Tab leads away, and means the same as Enter
    const button = h("button", { type: "submit" }, "Check");
    const entry = h("form", { class: "entry", onsubmit: (event) => (event.preventDefault(), check()) }, input, button, this.mark);
    this.clear = () => {
      input.value = "";
      input.setAttribute("aria-invalid", false);
    };
    roving(entry, "input, button", this.signal);
    return [h("label", { for: id, class: "question" }, ...this.copied(".question")), entry];
  }

  choice({ right, sentences }) {
    const choose = (chosen) => {
      for (const option of options) option.setAttribute("aria-pressed", option === options[chosen]);
    };
    const options = [...this.querySelectorAll(".ask > .option")].map((option, at) => {
      const onclick = () => {
        choose(at);
        this.tell({ right: at === right, said: sentences[at] });
      };
      return h("button", { type: "button", class: "option", "aria-pressed": "false", onclick }, ...option.cloneNode(true).childNodes);
    });
    this.clear = choose;
    this.live.append(...options);
    roving(this.live, "button", this.signal);
    return [h("p", { class: "question" }, ...this.copied(".question"), " ", this.mark), ...options];
  }

  copied(selector) {
    return this.querySelector(`.ask > ${selector}`).cloneNode(true).childNodes;
  }

  /** Say what an answer is worth, also where the same has been said before. */
  tell(verdict) {
    this.verdict = verdict;
    this.answer.replaceChildren();
    this.ask(() => {
      const { right, said } = this.verdict;
      const word = right === undefined ? "" : right ? "Right. " : "Not yet. ";
      this.answer.dataset.verdict = right ?? "";
      this.answer.innerHTML = word + (said || (right ? "" : "What is folded below may help."));
    });
    if (!verdict.right) return;
    keep([...kept(), this.name]);
    this.mark.textContent = SOLVED;
    count();
  }

  reset() {
    this.clear();
    this.answer.replaceChildren();
    this.mark.textContent = "";
  }
}

customElements.define("backprop-exercise", Exercise);
