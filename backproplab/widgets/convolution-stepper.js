/* <backprop-convolution-stepper>: one step of gradient descent on an image, one kernel, one pool and one dense layer. */

import { h, shown } from "backproplab/element.js";
import { moments } from "backproplab/convolution-moments.js";
import { Stepping, quantity } from "backproplab/stepping.js";
import { q } from "backproplab/terms.js";

const DIGITS = 2;

/** A map of numbers, named, with as many columns as it has. */
const grid = (title, columns, cells, kind = "") =>
  h(
    "div",
    { class: `map ${kind}` },
    h("b", {}, ...title),
    h("div", { class: "cells", style: `--columns: ${columns}` }, ...cells),
  );

class ConvolutionStepper extends Stepping {
  parts() {
    const { network, x, y } = this.first;
    const [conv, , , dense] = network.layers;
    const steps = network.forward(x);
    const [, lines, line] = network.input_shape;
    const [, rows, columns] = steps[0].z.shape;
    const side = steps[1].z.shape[2];
    const [, , K, K2] = conv.W.shape;
    const [outputs, inputs] = dense.W.shape;
    this.cells = new Map();

    const place = (at, width) => `${Math.floor(at / width)},${at % width}`;
    const typedIn = (name, symbol) => {
      const field = this.field(name, symbol);
      field.classList.add("cell");
      return field;
    };
    const made = (name, length) => {
      const cells = Array.from({ length }, () => h("output", { class: "cell" }));
      this.cells.set(name, cells);
      return cells;
    };
    const fields = (name, parameter, letter, layer, length, width) => {
      const cells = Array.from({ length }, (_, at) => {
        return typedIn(`${parameter}${at}`, q(letter, layer, width ? place(at, width) : at));
      });
      this.cells.set(name, cells);
      return cells;
    };
    const sign = (letter, layer) => quantity(q(letter, layer));

    const image = grid(["image ", sign("x")], line, fields("x", "x", "x", "", lines * line, line), "image");
    const kernel = grid(["kernel ", sign("w", 1)], K2, fields("W1", "W1.", "w", "1", K * K2, K2), "given");
    const slopes = grid(["∂C/∂", sign("w", 1)], K2, made("G1", K * K2), "back");
    const weights = grid(["dense ", sign("w", 4)], inputs, fields("W4", "W4.", "w", "4", outputs * inputs, inputs), "given");
    const biases = grid(
      ["biases ", sign("b", 1), " ", sign("b", 4)],
      1 + outputs,
      [...fields("b1", "b1.", "b", "1", 1), ...fields("b4", "b4.", "b", "4", outputs)],
      "given",
    );
    const given = grid(
      ["targets ", sign("y"), ", rate ", sign("η")],
      1 + outputs,
      [...fields("y", "y", "y", "", y.length), typedIn("eta", q("η"))],
      "given",
    );

    const forward = [
      grid([sign("z", 1)], columns, made("z1", rows * columns)),
      grid([sign("a", 1)], columns, made("a1", rows * columns)),
      grid([sign("a", 2)], side, made("a2", steps[1].z.length)),
      grid([sign("a", 4)], 1, made("a4", outputs)),
    ];
    const backward = [
      grid([sign("δ", 1)], columns, made("d1", rows * columns), "back"),
      grid(["∂C/∂", sign("a", 1)], columns, made("g1", rows * columns), "back"),
      grid([sign("δ", 2)], side, made("d2", steps[1].z.length), "back"),
      grid([sign("δ", 4)], 1, made("d4", outputs), "back"),
    ];
    const others = [weights, biases, given];
    return {
      above: [h("div", { class: "signal" }, image, h("div", { class: "pair" }, kernel, slopes), this.lines)],
      below: [h("div", { class: "maps" }, ...forward, ...backward), h("div", { class: "signal" }, ...others)],
    };
  }

  moments({ network, eta }, trace, after) {
    return moments(network, trace, eta, after);
  }

  /** Write what is known into the cells, mark what is in use, and tint a cell by its size. */
  fill() {
    const moment = this.list[this.place];
    const [conv, pool, , dense] = this.trace.steps;
    const values = {
      z1: conv.z,
      a1: conv.a,
      a2: pool.a,
      a4: dense.a,
      d1: conv.delta,
      g1: conv.grad_a,
      d2: pool.delta,
      d4: dense.delta,
      G1: conv.gradients.W,
    };
    for (const [name, cells] of this.cells) {
      const numbers = values[name];
      const largest = numbers ? Math.max(...numbers.map(Math.abs)) || 1 : 1;
      cells.forEach((cell, at) => {
        cell.classList.toggle("now", moment.marks(name, at));
        cell.classList.toggle("in", (name === "a1" || name === "g1") && moment.marks("window", at));
        if (!numbers) return cell.style.setProperty("--share", name === "x" ? Math.min(1, Math.abs(this.given.x[at])) : 0);
        const known = moment.knows(name, at);
        cell.textContent = known ? shown(numbers[at], DIGITS) : "·";
        cell.classList.toggle("long", cell.textContent.length > 5);
        cell.style.setProperty("--share", known ? Math.abs(numbers[at]) / largest : 0);
      });
    }
  }

  draw() {} // cells follow their place by themselves
}

customElements.define("backprop-convolution-stepper", ConvolutionStepper);
