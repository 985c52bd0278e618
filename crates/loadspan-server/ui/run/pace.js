// How often updates come beside how often they were asked for: the server makes fewer when the machine has other things to do. No DOM.

/** So many waits are looked at. */
const KEPT = 9;

export class Pace {
  #last = null;
  #waits = [];

  /** An update has come; `now` in milliseconds. */
  note(now) {
    if (this.#last !== null) this.#waits.push(now - this.#last);
    if (this.#waits.length > KEPT) this.#waits.shift();
    this.#last = now;
  }

  /** The next wait is none of the stream's. */
  restart() {
    this.#last = null;
    this.#waits = [];
  }

  /** One of how many updates is shown when `rate` a second were asked for. */
  every(rate) {
    if (this.#waits.length < 4) return 1;
    const sorted = [...this.#waits].sort((a, b) => a - b);
    return Math.max(1, Math.round((sorted[Math.floor(sorted.length / 2)] * rate) / 1000));
  }

  /** The longest wait of late, in milliseconds. */
  get longest() {
    return Math.max(0, ...this.#waits);
  }
}

/** 2nd, 3rd, 10th. */
export function ordinal(number) {
  const ending = Math.floor((number % 100) / 10) === 1 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th");
  return `${number}${ending}`;
}
