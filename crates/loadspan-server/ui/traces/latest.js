// Traces with long times of nothing between them: the charts are of those behind the last one, or else all of them would stand in a few
// narrow stripes. No DOM.

/** What is called long: so many ms, and so much of the whole time. */
const LONG_MS = 900_000;
const LONG = 0.1;
/** With less of nothing than this there is room for the rest. */
const EMPTY = 0.5;

/** `{ since, before, gap }`: when the latest traces begin, how many come before, and the time of nothing, in ms; null where there is room. */
export function latestOf(points) {
  const starts = Float64Array.from(points.map(({ started }) => started).filter(Number.isFinite)).sort();
  const whole = starts[starts.length - 1] - starts[0];
  let [empty, found] = [0, null];
  for (let at = 1; at < starts.length - 1; at += 1) {
    const gap = starts[at] - starts[at - 1];
    if (gap < LONG_MS || gap < whole * LONG) continue;
    empty += gap;
    found = { since: starts[at], before: at, gap };
  }
  return empty > whole * EMPTY ? found : null;
}
