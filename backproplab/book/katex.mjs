// Reads one formula per line, as JSON {tex, display} or {tex, tree: true}; answers one line each, {html}, {tree} or {error}.
import { createInterface } from "node:readline";
import katex from "katex";

const refuse = ({ command }) => {
  throw new Error(`${command} has no place in the book`); // KaTeX alone would print it in red and go on
};
const options = { output: "htmlAndMathml", strict: "error", throwOnError: true, trust: refuse };
const unplaced = (key, value) => (key === "loc" ? undefined : value);

for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display, tree } = JSON.parse(line);
  let answer;
  try {
    answer = tree
      ? { tree: katex.__parse(tex, { ...options, displayMode: true }) }
      : { html: katex.renderToString(tex, { ...options, displayMode: display }) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer, unplaced) + "\n");
}
