// Asks the server about the newest drawing, one question at a time.

const PAUSE = 40; // milliseconds from an answer to the next question
const PATIENCE = 15_000; // milliseconds until an answer is given up

const GONE = "The server does not answer. Is mnist-keras draw still running?";

export class Asking {
  #ink;
  #answered;
  #failed;
  #number = 0; // of the newest drawing
  #busy = false;

  // `ink` gives a drawing's bytes, or null when there is none; `answered` and `failed` take what
  // came back: an answer, or a line of text.
  constructor(ink, answered, failed) {
    this.#ink = ink;
    this.#answered = answered;
    this.#failed = failed;
  }

  // There is a new drawing. While a question is out, only the newest of the next ones is kept.
  async changed() {
    this.#number += 1;
    if (this.#busy) return;
    this.#busy = true;
    for (let asked = 0; asked !== this.#number; ) {
      asked = this.#number;
      await this.#ask();
      await new Promise((resume) => setTimeout(resume, PAUSE));
    }
    this.#busy = false;
  }

  async #ask() {
    const ink = this.#ink();
    if (ink === null) return;
    try {
      const answer = await question(ink);
      // While it was on its way, the drawing may have been cleared.
      if (this.#ink() !== null) this.#answered(answer);
    } catch (error) {
      this.#failed(error instanceof Refusal ? error.message : GONE);
    }
  }
}

class Refusal extends Error {}

async function question(ink) {
  const response = await fetch("/read", {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: ink,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const content = await response.json();
  if (!response.ok) throw new Refusal(content.error);
  return content;
}
