// Clients that never stop: one whose tokens are good, and one whose tokens are forged.

import { sleep } from './report.mjs';

/** Sends a request every `ms` milliseconds, and counts the answers by status. */
export class Steady {
  answers = {};
  sent = 0;
  #waiting = new Set();

  /** `token` returns the next one, or nothing for no request. */
  constructor(api, ms, token) {
    this.timer = setInterval(() => this.#send(api, token()), ms);
  }

  #send(api, token) {
    if (token === undefined) return;
    this.sent += 1;
    const answered = Promise.resolve(token)
      .then((known) => api.status(known))
      .catch((error) => String(error.cause ?? error))
      .then((answer) => {
        this.answers[answer] = (this.answers[answer] ?? 0) + 1;
        this.#waiting.delete(answered);
      });
    this.#waiting.add(answered);
  }

  /** Waits for the last answers. */
  async stop() {
    clearInterval(this.timer);
    await Promise.race([Promise.all(this.#waiting), sleep(20_000)]);
    return this.answers;
  }

  /** `all 200`, say, or how many there were of what. */
  async summary() {
    const answers = Object.entries(await this.stop());
    if (answers.length === 1) return `all ${answers[0][0]}`;
    return answers.map(([status, count]) => `${count} times ${status}`).join(', ');
  }
}

/** Takes turns. */
export function inTurn() {
  let turn = 0;
  const list = [];
  return {
    use: (...tokens) => list.splice(0, list.length, ...tokens),
    next: () => list[turn++ % list.length],
  };
}
