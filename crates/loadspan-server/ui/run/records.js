// What the records of a run say beside its curves: how late requests were sent, and how they failed. Kept as plain numbers, so that a
// change of windows does not read the file again. No DOM.

import { percentile } from "./windows.js";

/** Nanoseconds as seconds. */
const S = 1e-9;

export class Records {
  #due = [];
  #lag = [];
  #delay = [];
  #failedAt = [];
  #failedHow = [];
  classes = [];

  /** Takes a line of `records.jsonl`; of the warm-up none. */
  add({ phase, timings, outcome, http, held_back_ns: held = 0 }) {
    if (phase !== "measure" || !timings) return;
    const { scheduled_ns: due, sent_ns: sent, finished_ns: finished } = timings;
    if (Number.isFinite(sent) && Number.isFinite(due)) {
      const opened = http?.connection?.opened;
      const connecting = (opened?.connect_ns ?? 0) + (opened?.tls_ns ?? 0);
      this.#due.push(due * S);
      this.#lag.push((sent - due) * S);
      this.#delay.push(Math.max(0, sent - due - held - connecting) * S);
    }
    if (outcome?.status === "failed" || outcome?.status === "cancelled") this.#fail(outcome, (finished ?? sent ?? due) * S);
  }

  #fail({ status, error, http_status: code }, at) {
    const name = status === "cancelled" ? "cancelled" : code ? `${error} ${code}` : String(error);
    let place = this.classes.indexOf(name);
    if (place < 0) place = this.classes.push(name) - 1;
    this.#failedAt.push(at);
    this.#failedHow.push(place);
  }

  get size() {
    return this.#due.length;
  }

  /** Lag and delay of requests by when they were due, in windows: spreads of seconds as those of windows.js. */
  lateness(width, count) {
    return { lag: spread(this.#due, this.#lag, { width, count }), delay: spread(this.#due, this.#delay, { width, count }) };
  }

  /** `[{ name, values, total }]`: failures that ended in each window, the most frequent class first. */
  failures(width, count) {
    const found = this.classes.map((name) => ({ name, total: 0, values: new Array(count).fill(0) }));
    this.#failedAt.forEach((at, place) => {
      const one = found[this.#failedHow[place]];
      one.total += 1;
      one.values[windowOf(at, width, count)] += 1;
    });
    return found.sort((a, b) => b.total - a.total);
  }
}

function windowOf(at, width, count) {
  return Math.max(0, Math.min(count - 1, Math.floor((at * 1000) / width)));
}

function spread(times, values, { width, count }) {
  const lists = Array.from({ length: count }, () => []);
  times.forEach((at, place) => lists[windowOf(at, width, count)].push(values[place]));
  for (const list of lists) list.sort((a, b) => a - b);
  const rank = (list, q) => (list.length === 0 ? null : list[Math.max(0, Math.ceil(q * list.length) - 1)]);
  const n = lists.map((list) => list.length);
  const all = { n, p50: lists.map((list) => rank(list, 0.5)), p99: lists.map((list) => rank(list, 0.99)), max: lists.map((list) => list.at(-1) ?? null) };
  return { ...all, p99: percentile(all, "p99", 0.99) };
}
