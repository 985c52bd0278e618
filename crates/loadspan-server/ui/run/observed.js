// What a run logs beside its requests while it goes on: server, GPUs, failures by class. Lines as those of its files. No DOM.

/** Older lines are let go of: the files of the run have them. */
const KEPT_NS = 3600e9;

/** Nothing yet. `since`: from when on it is known, in nanoseconds of the run. */
export const NOTHING_OBSERVED = { since: 0, server: [], gpus: [], failures: [] };

/** The lines with those of a frame put in, which has all from `from_ms` on. */
export function withObserved(before, frame) {
  const from = frame.from_ms * 1e6;
  const joined = (name) => before[name].filter(({ at_ns: at }) => at < from).concat(frame[name]);
  const lists = { server: joined("server"), gpus: joined("gpus"), failures: joined("failures") };
  const last = Math.max(0, ...Object.values(lists).map((list) => list.at(-1)?.at_ns ?? 0));
  const known = before === NOTHING_OBSERVED ? from : before.since;
  const since = Math.max(known, last - KEPT_NS);
  const kept = (list) => (list[0]?.at_ns < since ? list.filter(({ at_ns: at }) => at >= since) : list);
  return { since, server: kept(lists.server), gpus: kept(lists.gpus), failures: kept(lists.failures) };
}

/** `[{ name, values, total }]`, as records.js makes them: failures of each window that is `complete`, the most frequent class first. */
export function failuresOf({ since, failures }, { width, count, complete }) {
  const known = Array.from({ length: count }, (_, at) => (at * width * 1e6 < since || at >= complete ? null : 0));
  const found = new Map();
  for (const { at_ns: end, by_error: classes } of failures) {
    const at = Math.floor((end - 1e9) / (width * 1e6));
    if (!(at >= 0 && at < count)) continue;
    for (const [key, amount] of Object.entries(classes)) {
      const name = key.replace(/^http_status_/, "http_status ");
      const one = found.get(name) ?? { name, total: 0, values: known.slice() };
      one.total += amount;
      one.values[at] += amount;
      found.set(name, one);
    }
  }
  return [...found.values()].sort((a, b) => b.total - a.total);
}
