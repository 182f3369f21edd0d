// The page: draws, asks while drawing, shows what comes back.

import { Asking } from "./asking.js";
import { Paper } from "./paper.js";
import { Results } from "./results.js";
import { Sketch } from "./sketch.js";

const element = (id) => document.getElementById(id);
const canvas = element("paper");
const sketch = new Sketch(Number(canvas.dataset.side));
const paper = new Paper(canvas, sketch, update);
const results = new Results(
  document.querySelectorAll(".card"),
  element("verdict"),
  element("seen"),
);
const asking = new Asking(
  () => sketch.ink(),
  answered,
  failed,
  (busy) => element("cards").setAttribute("aria-busy", busy),
);

function update() {
  paper.show();
  element("invitation").hidden = !sketch.empty;
  element("undo").disabled = !sketch.canUndo;
  element("clear").disabled = sketch.empty;
  if (element("pen").textContent !== paper.pen) element("pen").textContent = paper.pen;
  if (sketch.empty) results.clear();
  asking.changed(sketch.empty);
}

function answered(answer) {
  element("failure").hidden = true;
  results.show(answer);
}

function failed(line) {
  element("failure").textContent = line;
  element("failure").hidden = false;
}

function undo() {
  paper.lift();
  sketch.undo();
  update();
}

function clear() {
  paper.lift();
  sketch.clear();
  update();
}

element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clear();
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
    event.preventDefault();
    undo();
  }
});
