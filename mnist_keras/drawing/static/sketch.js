// What has been drawn: strokes of points in a square, its ink, and the way back.

// The share of the square's side that the pen is wide: near that of MNIST's own strokes when a
// digit fills most of the square.
const BRUSH = 0.08;

export class Sketch {
  // States from first to last; each is a list of strokes, each stroke a list of {x, y}.
  #states = [[]];

  constructor(side) {
    this.side = side;
  }

  get strokes() {
    return this.#states.at(-1);
  }

  get empty() {
    return this.strokes.length === 0;
  }

  get canUndo() {
    return this.#states.length > 1;
  }

  begin(point) {
    this.#states.push([...this.strokes, [this.#inside(point)]]);
  }

  extend(point) {
    this.strokes.at(-1).push(this.#inside(point));
  }

  // A cleared sketch can be had back, too.
  clear() {
    if (!this.empty) this.#states.push([]);
  }

  undo() {
    if (this.canUndo) this.#states.pop();
  }

  // Paint the strokes in the context's own colour; the context's unit is the sketch's.
  paint(context) {
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = BRUSH * this.side;
    for (const stroke of this.strokes) context.stroke(path(stroke));
  }

  // One byte a pixel, row by row: 0 is paper, 255 is ink.
  ink() {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = this.side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillRect(0, 0, this.side, this.side);
    context.strokeStyle = "#fff";
    this.paint(context);
    const { data } = context.getImageData(0, 0, this.side, this.side);
    return Uint8Array.from({ length: this.side ** 2 }, (_, pixel) => data[4 * pixel]);
  }

  #inside({ x, y }) {
    const within = (value) => Math.min(Math.max(value, 0), this.side);
    return { x: within(x), y: within(y) };
  }
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
