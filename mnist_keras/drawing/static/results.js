// Shows an answer: the bars of every card, the verdict in words, and what the networks see.

const MOST_ROWS = 12; // of a card; of more classes the most probable ones are shown

export class Results {
  #cards;
  #verdict;
  #seen;

  constructor(cards, verdict, seen) {
    this.#cards = Array.from(cards, (card) => new Card(card));
    this.#verdict = verdict;
    this.#seen = Array.from(seen, (canvas) => canvas.getContext("2d"));
  }

  show({ seen, outputs }) {
    this.#cards.forEach((card, run) => card.show(outputs[run]));
    this.#say(verdict(this.#cards), false);
    seen.forEach(({ pixels }, form) => showPixels(this.#seen[form], pixels));
  }

  // No answer stands any more; the sentence says why.
  clear(sentence) {
    for (const card of this.#cards) card.clear();
    this.#say(sentence, true);
    this.#seen.forEach((context) => {
      const { width, height } = context.canvas;
      showPixels(context, new Array(width * height).fill(0));
    });
  }

  // Only another sentence is read out again.
  #say(sentence, waiting) {
    this.#verdict.classList.toggle("waiting", waiting);
    if (this.#verdict.textContent !== sentence) this.#verdict.textContent = sentence;
  }

}

function showPixels(context, pixels) {
  const image = new ImageData(context.canvas.width, context.canvas.height);
  pixels.forEach((value, pixel) => image.data.set([value, value, value, 255], 4 * pixel));
  context.putImageData(image, 0, 0);
}

class Card {
  constructor(card) {
    this.label = card.dataset.label;
    this.say = card.dataset.kind === "scores" ? score : percent;
    this.card = card;
    this.digit = card.querySelector(".digit");
    this.sure = card.querySelector(".sure");
    this.rows = Array.from(card.querySelectorAll("tbody tr"), (row) => ({
      row,
      name: row.querySelector("th").textContent,
      bar: row.querySelector(".bar span"),
      number: row.querySelector(".number"),
    }));
  }

  // A network whose training has failed answers with no numbers, but null.
  show(outputs) {
    this.clear();
    if (outputs.includes(null)) {
      this.sure.textContent = "no numbers";
      return;
    }
    const best = outputs.indexOf(Math.max(...outputs));
    this.card.classList.remove("waiting");
    this.winner = this.rows[best].name;
    this.digit.textContent = this.winner;
    this.sure.textContent = this.say(outputs[best]);
    this.rows[best].row.classList.add("best");
    this.rows.forEach(({ bar, number }, label) => {
      // A score may lie outside of 0 to 1.
      bar.style.width = `${100 * Math.min(Math.max(outputs[label], 0), 1)}%`;
      number.textContent = this.say(outputs[label]);
    });
    this.#arrange([...outputs.keys()].sort((one, other) => outputs[other] - outputs[one]));
  }

  // Few classes stay in their order; of many, the first ones of this order are shown.
  #arrange(order) {
    if (order.length <= MOST_ROWS) return;
    order.forEach((label, place) => {
      const { row } = this.rows[label];
      row.hidden = place >= MOST_ROWS;
      row.parentElement.append(row);
    });
  }

  clear() {
    this.winner = "nothing";
    this.card.classList.add("waiting");
    this.digit.textContent = "?";
    this.sure.textContent = "";
    for (const { row, bar, number } of this.rows) {
      row.classList.remove("best");
      bar.style.width = "0";
      number.textContent = "-";
    }
    this.#arrange([...this.rows.keys()]);
  }
}

// Who reads what: "All 3 read 7", or "perceptron reads 1; cnn2 and cnn3 read 7".
function verdict(cards) {
  const readers = new Map();
  for (const { winner, label } of cards) {
    readers.set(winner, [...(readers.get(winner) ?? []), label]);
  }
  if (readers.size === 1 && cards.length > 1) {
    const everyone = cards.length === 2 ? "Both" : `All ${cards.length}`;
    return `${everyone} read ${cards[0].winner}`;
  }
  const list = new Intl.ListFormat("en-GB");
  const clauses = Array.from(
    readers,
    ([winner, names]) => `${list.format(names)} ${names.length > 1 ? "read" : "reads"} ${winner}`,
  );
  return clauses.join("; ");
}

// Rounded to a tenth, but never to a certainty that is none.
function percent(probability) {
  if (probability > 0.999 && probability < 1) return ">99.9 %";
  if (probability > 0 && probability < 0.001) return "<0.1 %";
  return `${(100 * probability).toFixed(1)} %`;
}

function score(value) {
  const digits = Math.abs(value).toFixed(2);
  return value < 0 && Number(digits) > 0 ? `\u2212${digits}` : digits;
}
