// The canvas that is drawn on: it shows the sketch and turns pointers and keys into strokes.

const STEP = 10;
const SMALL_STEP = 2;

const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

export class Paper {
  #canvas;
  #sketch;
  #changed;
  #pointer = null; // id of the pointer that draws
  #penDown = false; // the keyboard's pen
  #byKeyboard = false;
  #held = new Set();
  #cursor;

  // `changed` is called after everything that changes the sketch or the pen.
  constructor(canvas, sketch, changed) {
    this.#canvas = canvas;
    this.#sketch = sketch;
    this.#changed = changed;
    this.#cursor = { x: sketch.side / 2, y: sketch.side / 4 };
    this.#listenToPointers();
    this.#listenToKeys();
    const again = () => this.show();
    new ResizeObserver(again).observe(canvas);
    for (const scheme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(scheme).addEventListener("change", again);
    }
  }

  // What the pen of the keyboard does, in words; empty while the keyboard is not used.
  get pen() {
    if (!this.#byKeyboard) return "";
    return this.#penDown ? "pen down" : "pen up";
  }

  lift() {
    this.#penDown = false;
    this.#pointer = null;
  }

  show() {
    const canvas = this.#canvas;
    const pixels = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
    const context = canvas.getContext("2d");
    const scale = pixels / this.#sketch.side;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.#sketch.side, this.#sketch.side);
    const style = getComputedStyle(canvas);
    context.strokeStyle = style.color;
    this.#sketch.paint(context);
    if (this.#byKeyboard) this.#showCursor(context, style.getPropertyValue("--accent"));
  }

  #showCursor(context, colour) {
    const { x, y } = this.#cursor;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 7 * dx, y + 7 * dy);
      context.lineTo(x + 18 * dx, y + 18 * dy);
    }
    context.stroke();
    context.beginPath();
    context.arc(x, y, 12, 0, 2 * Math.PI);
    context.stroke();
    if (!this.#penDown) return;
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.fill();
  }

  #listenToPointers() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.#pointer !== null || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.lift();
      this.#pointer = event.pointerId;
      this.#byKeyboard = false;
      this.#cursor = this.#place(event);
      this.#sketch.begin(this.#cursor);
      this.#changed();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const one of passed.length ? passed : [event]) this.#sketch.extend(this.#place(one));
      this.#cursor = this.#place(event);
      this.#changed();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId === this.#pointer) this.#pointer = null;
      });
    }
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    const scale = this.#sketch.side / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  }

  #listenToKeys() {
    const canvas = this.#canvas;
    canvas.addEventListener("focus", () => {
      this.#byKeyboard = canvas.matches(":focus-visible");
      this.#changed();
    });
    canvas.addEventListener("blur", () => {
      this.#penDown = this.#byKeyboard = false;
      this.#held.clear();
      this.#changed();
    });
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isPen = event.key === " " || event.key === "Enter";
      if (!isPen && !(event.key in DIRECTIONS)) return;
      event.preventDefault();
      if (this.#pointer !== null) return;
      this.#byKeyboard = true;
      if (!isPen) this.#move(event);
      else if (!event.repeat) this.#turnPen();
      this.#changed();
    });
  }

  #turnPen() {
    this.#penDown = !this.#penDown;
    if (this.#penDown) this.#sketch.begin(this.#cursor);
  }

  // One step along the sum of the keys that are held.
  #move(event) {
    this.#held.add(event.key);
    const step = event.shiftKey ? SMALL_STEP : STEP;
    const along = (axis) =>
      Math.sign([...this.#held].reduce((sum, key) => sum + DIRECTIONS[key][axis], 0));
    const within = (value) => Math.min(Math.max(value, 0), this.#sketch.side);
    this.#cursor = {
      x: within(this.#cursor.x + step * along(0)),
      y: within(this.#cursor.y + step * along(1)),
    };
    if (this.#penDown) this.#sketch.extend(this.#cursor);
  }
}
