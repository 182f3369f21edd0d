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
  document.querySelectorAll(".sight"),
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
  offer("undo", sketch.canUndo);
  offer("redo", sketch.canRedo);
  offer("clear", !sketch.empty);
  if (element("pen").textContent !== paper.pen) element("pen").textContent = paper.pen;
  if (sketch.empty) {
    element("failure").hidden = true;
    results.clear("Nothing is drawn yet.");
  }
  asking.changed(sketch.empty);
}

// A button that is disabled by its attribute would lose the focus of somebody who has pressed it.
function offer(button, possible) {
  element(button).setAttribute("aria-disabled", !possible);
}

function answered(answer) {
  element("failure").hidden = true;
  results.show(answer);
}

function failed(line) {
  results.clear("");
  element("failure").textContent = line;
  element("failure").hidden = false;
}

// What a button and its keys do: "undo", "redo" or "clear".
function step(name) {
  paper.lift();
  sketch[name]();
  update();
}

for (const name of ["undo", "redo", "clear"]) {
  element(name).addEventListener("click", () => step(name));
}
document.addEventListener("keydown", (event) => {
  const name = stepOf(event);
  if (!name) return;
  event.preventDefault();
  step(name);
});

function stepOf({ key, ctrlKey, metaKey, shiftKey }) {
  if (key === "Escape") return "clear";
  if (!ctrlKey && !metaKey) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key.toLowerCase() === "y" ? "redo" : null;
}

update();
