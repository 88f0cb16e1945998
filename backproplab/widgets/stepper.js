/* <backprop-stepper>: one step of gradient descent on a small dense network, neuron by neuron, forward and back. */

import { h, shown } from "backproplab/element.js";
import { drawn } from "backproplab/graph.js";
import { moments } from "backproplab/moments.js";
import { Stepping, quantity } from "backproplab/stepping.js";
import { q } from "backproplab/terms.js";

class Stepper extends Stepping {
  /** A field with its quantity, and room for its slope below. */
  labelled(name, symbol) {
    const field = this.field(name, symbol);
    field.below = h("small", {});
    return h("label", {}, quantity(symbol), field, field.below);
  }

  parts() {
    this.graph = h("div", { class: "graph", "aria-hidden": "true" });
    this.table = h("div", { class: "neurons" });
    const { network, x, y } = this.first;
    this.table.append(
      h(
        "div",
        { class: "row inputs" },
        h("b", {}, "given"),
        h(
          "span",
          { class: "fields" },
          ...x.map((_, k) => this.labelled(`x${k}`, q("x", "", k + 1))),
          ...y.map((_, j) => this.labelled(`y${j}`, q("y", "", j + 1))),
          this.labelled("eta", q("η")),
        ),
      ),
    );
    this.rows = network.layers.flatMap((layer, l) => {
      const [outputs, inputs] = layer.W.shape;
      return Array.from({ length: outputs }, (_, j) => {
        const weights = Array.from({ length: inputs }, (_, k) =>
          this.labelled(`W${l + 1}.${j * inputs + k}`, q("w", l + 1, `${j + 1}${k + 1}`)),
        );
        const bias = this.labelled(`b${l + 1}.${j}`, q("b", l + 1, j + 1));
        const letters = ["z", "a", "δ"];
        const numbers = letters.map(() => h("output", {}));
        const told = letters.map((letter, n) =>
          h("span", { class: "told" }, quantity(q(letter, l + 1, j + 1)), " ", numbers[n]),
        );
        const row = h(
          "div",
          { class: "row" },
          h("b", {}, `layer ${l + 1}`, h("br"), ` neuron ${j + 1}`),
          h("span", { class: "fields" }, ...weights, bias),
          h("span", { class: "values" }, ...told),
        );
        this.table.append(row);
        return { row, l: l + 1, j: j + 1, inputs, numbers };
      });
    });
    return { above: [h("div", { class: "stepping" }, this.graph, this.lines)], below: [this.table] };
  }

  moments({ network, eta }, trace, after) {
    return moments(network, trace, eta, after);
  }

  fill() {
    const moment = this.list[this.place];
    for (const { row, l, j, inputs, numbers } of this.rows) {
      const { z, a, delta, gradients } = this.trace.steps[l - 1];
      const forward = moment.knows("forward", l, j);
      const values = [forward && z[j - 1], forward && a[j - 1], moment.knows("backward", l, j) && delta[j - 1]];
      numbers.forEach((out, n) => (out.textContent = values[n] === false ? "·" : shown(values[n])));
      row.classList.toggle("now", moment.at(l, j));
      const slopes = [...gradients.W.subarray((j - 1) * inputs, j * inputs), gradients.b[j - 1]];
      slopes.forEach((slope, k) => {
        const name = k < inputs ? `W${l}.${(j - 1) * inputs + k}` : `b${l}.${j - 1}`;
        this.fields.get(name).below.textContent = moment.knows("gradient", l, j) ? `slope ${shown(slope, 3)}` : "";
      });
    }
  }

  draw() {
    const width = this.graph.clientWidth;
    if (width) this.graph.replaceChildren(drawn(this.trace, this.list[this.place], width));
  }
}

customElements.define("backprop-stepper", Stepper);
