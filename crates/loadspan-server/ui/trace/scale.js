// From time to place. A view is `{ from, to }`, fractions of the axis; the axis may leave idle times out.

/** The shortest time across the screen: a microsecond. */
const FLOOR = 1000;

/** An axis that shows time as it goes, or with gaps drawn together: `at(nanos)` is a fraction, `nanos(fraction)` the way back. */
export function axisOf(total, gaps = []) {
  if (gaps.length === 0) return { total, gaps, at: (nanos) => nanos / total, nanos: (fraction) => fraction * total };
  const left = total - gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  // What a gap keeps: enough to be seen as one.
  const kept = left * 0.02;
  const length = left + kept * gaps.length;
  const knots = [{ nanos: 0, at: 0 }];
  let [time, place] = [0, 0];
  for (const { from, to } of gaps) {
    place += from - time;
    knots.push({ nanos: from, at: place / length });
    place += kept;
    knots.push({ nanos: to, at: place / length });
    time = to;
  }
  knots.push({ nanos: total, at: 1 });
  return {
    total,
    gaps,
    at: (nanos) => between(knots, "nanos", "at", nanos),
    nanos: (fraction) => between(knots, "at", "nanos", fraction),
  };
}

function between(knots, of, to, value) {
  let [low, high] = [0, knots.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (knots[middle][of] <= value) low = middle;
    else high = middle - 1;
  }
  const [one, other] = [knots[low], knots[low + 1]];
  const span = other[of] - one[of];
  return span === 0 ? one[to] : one[to] + ((value - one[of]) / span) * (other[to] - one[to]);
}

export const WHOLE = { from: 0, to: 1 };

/** The view `factor` times as wide, with what is at fraction `at` of the axis where it was. */
export function zoomed(view, factor, at, total) {
  const least = Math.min(1, FLOOR / total);
  const width = Math.min(1, Math.max(least, (view.to - view.from) * factor));
  const share = (at - view.from) / (view.to - view.from);
  return kept(at - share * width, width);
}

/** The view moved by a part of its width. */
export function panned(view, by) {
  const width = view.to - view.from;
  return kept(view.from + by * width, width);
}

/** A view of some fractions with a little around them. */
export function fitting(from, to, total) {
  const width = Math.max(to - from, Math.min(1, FLOOR / total));
  return kept(from - width * 0.05, Math.min(1, width * 1.1));
}

function kept(from, width) {
  const start = Math.min(1 - width, Math.max(0, from));
  return { from: start, to: start + width };
}

/** Up to six round times between two, in nanoseconds. */
export function ticks(from, to, most = 5) {
  const rough = (to - from) / most;
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  const found = [];
  for (let at = Math.ceil(from / step); at * step <= to; at++) found.push(at * step);
  return found;
}

/** `0.12-0.34` in a URL, and back. */
export function viewOf(text) {
  const [from, to] = (text ?? "").split("-").map(Number);
  return from >= 0 && to <= 1 && from < to ? { from, to } : WHOLE;
}

export function viewText(view) {
  if (view.from <= 0 && view.to >= 1) return null;
  const digits = Math.min(12, Math.max(4, 2 - Math.floor(Math.log10(view.to - view.from))));
  return `${view.from.toFixed(digits)}-${view.to.toFixed(digits)}`;
}
