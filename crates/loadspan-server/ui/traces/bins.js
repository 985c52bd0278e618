// Traces in bins of time: how many, how many with an error, how long they took. Bins are round times, so that the same one is the same bin
// on every screen.

import { percentile } from "../trace/statistics.js";

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000];

/** Seconds of a bin so that there are `most` of them at most. */
export function widthOf(first, last, most) {
  const wanted = (last - first) / 1000 / Math.max(1, most - 1);
  return STEPS.find((seconds) => seconds >= wanted) ?? Math.ceil(wanted);
}

/** The width of a bin in words. */
export function widthText(seconds) {
  const [unit, size] = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]].find(([, least]) => seconds >= least) ?? ["ms", 0.001];
  return `${Math.round(seconds / size)} ${unit}`;
}

/**
 * `{ seconds, bins: [{ from, to, traces, errors, p50, p95, longest }] }`, times in ms, durations in seconds; null where there is none, or
 * where too few traces make a percentile no more than the longest.
 */
export function binsOf(points, most) {
  const known = points.filter(({ started }) => Number.isFinite(started));
  if (known.length === 0) return null;
  const [first, last] = known.reduce(([low, high], { started }) => [Math.min(low, started), Math.max(high, started)], [Infinity, -Infinity]);
  const seconds = widthOf(first, last, most);
  const width = seconds * 1000;
  const begin = Math.floor(first / width) * width;
  const bins = Array.from({ length: Math.floor((last - begin) / width) + 1 }, (_bin, place) => ({
    from: begin + place * width,
    to: begin + (place + 1) * width,
    traces: 0,
    errors: 0,
    took: [],
  }));
  for (const { started, seconds: length, state } of known) {
    const bin = bins[Math.floor((started - begin) / width)];
    bin.traces++;
    if (state === "ERROR") bin.errors++;
    if (length !== null) bin.took.push(length);
  }
  return { seconds, bins: bins.map(described) };
}

function described({ took, ...bin }) {
  took.sort((one, other) => one - other);
  return { ...bin, p50: percentile(took, 0.5), p95: percentile(took, 0.95), longest: took.at(-1) ?? null };
}

/** How long one has to have taken to be among the slowest `share` of all, in ms; null if there are too few to say. */
export function slowestFrom(points, share) {
  const took = points.filter(({ seconds }) => seconds !== null).map(({ seconds }) => seconds).sort((one, other) => one - other);
  const limit = percentile(took, 1 - share);
  return limit === null ? null : Math.ceil(limit * 1000);
}
