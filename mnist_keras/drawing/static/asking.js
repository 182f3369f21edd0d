// Asks the server about the newest drawing, one question at a time.

const PAUSE = 40; // milliseconds from an answer to the next question
const PATIENCE = 15_000; // milliseconds until an answer is given up

const GONE = "The server does not answer. Is mnist-keras draw still running?";

export class Asking {
  #ink;
  #answered;
  #failed;
  #turned;
  #number = 0; // of the newest drawing
  #cleared = 0; // of the newest drawing with nothing on it
  #busy = false;

  // `ink` gives the drawing's bytes; `answered` and `failed` take what came back: an answer, or a
  // line of text; `turned` takes whether an answer is still to come.
  constructor(ink, answered, failed, turned) {
    this.#ink = ink;
    this.#answered = answered;
    this.#failed = failed;
    this.#turned = turned;
  }

  // There is a new drawing. While a question is out, only the newest of the next ones is kept.
  async changed(empty) {
    this.#number += 1;
    if (empty) this.#cleared = this.#number;
    if (this.#busy) return;
    this.#busy = true;
    this.#turned(true);
    for (let asked = 0; asked !== this.#number; ) {
      asked = this.#number;
      if (asked !== this.#cleared) await this.#ask(asked);
      await new Promise((resume) => setTimeout(resume, PAUSE));
    }
    this.#busy = false;
    this.#turned(false);
  }

  // While an answer or an error is on its way, the drawing may be cleared: then neither is told.
  async #ask(number) {
    try {
      const answer = await question(this.#ink());
      if (number > this.#cleared) this.#answered(answer);
    } catch (error) {
      if (number > this.#cleared) this.#failed(error instanceof Refusal ? error.message : GONE);
    }
  }
}

class Refusal extends Error {}

async function question(ink) {
  const response = await fetch("read", {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: ink,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const content = await response.json();
  if (!response.ok) throw new Refusal(content.error);
  return content;
}
