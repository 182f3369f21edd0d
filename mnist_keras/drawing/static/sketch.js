// What has been drawn: strokes of points in a square, its ink, and the way back and forth.

// Shares of the square's side.
const PEN = 0.06; // how wide the pen is, as it is seen
const EXTENT = 0.7; // how long the longer side of the strokes becomes as ink
const INK_PEN = 0.11; // how wide they become: 2.7 of the 20 pixels of a digit, as MNIST's own are

export class Sketch {
  // States from first to last; each is a list of strokes, each stroke a list of {x, y}.
  #states = [[]];
  #now = 0; // the number of the state that is shown; those after it have been undone

  constructor(side) {
    this.side = side;
  }

  get strokes() {
    return this.#states[this.#now];
  }

  get empty() {
    return this.strokes.length === 0;
  }

  get canUndo() {
    return this.#now > 0;
  }

  get canRedo() {
    return this.#now < this.#states.length - 1;
  }

  begin(point) {
    this.#add([...this.strokes, [this.#inside(point)]]);
  }

  extend(point) {
    this.strokes.at(-1).push(this.#inside(point));
  }

  // A cleared sketch can be had back, too.
  clear() {
    if (!this.empty) this.#add([]);
  }

  undo() {
    if (this.canUndo) this.#now -= 1;
  }

  redo() {
    if (this.canRedo) this.#now += 1;
  }

  // Paint the strokes in the context's own colour; the context's unit is the sketch's.
  paint(context) {
    stroke(context, this.strokes, PEN * this.side);
  }

  // One byte a pixel, row by row: 0 is paper, 255 is ink. The strokes are scaled to the same
  // extent before they are given the pen's width, so that a small drawing does not become a blot.
  ink() {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = this.side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillRect(0, 0, this.side, this.side);
    context.strokeStyle = "#fff";
    stroke(context, this.#enlarged(), INK_PEN * this.side);
    const { data } = context.getImageData(0, 0, this.side, this.side);
    return Uint8Array.from({ length: this.side ** 2 }, (_, pixel) => data[4 * pixel]);
  }

  // What had been undone before is gone.
  #add(state) {
    this.#states.splice(this.#now + 1, Infinity, state);
    this.#now += 1;
  }

  // The strokes in the middle of the square, scaled to its EXTENT; a dot stays one.
  #enlarged() {
    const points = this.strokes.flat();
    const [x, y] = ["x", "y"].map((axis) => range(points.map((point) => point[axis])));
    const scale = (EXTENT * this.side) / Math.max(x.length, y.length, PEN * this.side);
    const half = this.side / 2;
    return this.strokes.map((stroke) =>
      stroke.map((point) => ({
        x: half + scale * (point.x - x.middle),
        y: half + scale * (point.y - y.middle),
      })),
    );
  }

  #inside({ x, y }) {
    const within = (value) => Math.min(Math.max(value, 0), this.side);
    return { x: within(x), y: within(y) };
  }
}

function range(values) {
  const low = values.reduce((one, other) => Math.min(one, other));
  const high = values.reduce((one, other) => Math.max(one, other));
  return { middle: (low + high) / 2, length: high - low };
}

function stroke(context, strokes, width) {
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = width;
  for (const points of strokes) context.stroke(path(points));
}

// A curve through the middles of the lines between points, so that quick strokes stay round.
function path(points) {
  const curve = new Path2D();
  const [first] = points;
  const last = points.at(-1);
  curve.moveTo(first.x, first.y);
  for (let i = 1; i < points.length - 1; i += 1) {
    const { x, y } = points[i];
    curve.quadraticCurveTo(x, y, (x + points[i + 1].x) / 2, (y + points[i + 1].y) / 2);
  }
  // A line of no length at all would not be painted: a dot is a very short one.
  curve.lineTo(last.x + 0.01, last.y);
  return curve;
}
