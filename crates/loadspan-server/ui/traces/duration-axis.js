// The axis of durations: whole decades where traces are far apart, else no more than they fill. No DOM.

import { duration } from "../format.js";
import { closeLogRange, logTicks } from "../charts/scale.js";

/** From so many times the shortest on, decades have something to show. */
const FAR = 3;
const SHORTEST = 1e-6;

/** `{ low, high, ticks }` for durations in seconds: both ends as powers of ten, and at most five values for lines. */
export function durationAxis(least, most) {
  const [from, to] = [Math.max(SHORTEST, least), Math.max(SHORTEST, most)];
  if (to < from * FAR) return fitted(closeLogRange([from, to]));
  const low = Math.floor(Math.log10(from));
  const high = Math.max(low + 1, Math.ceil(Math.log10(to)));
  const step = Math.ceil((high - low) / 4);
  const ticks = [];
  for (let power = low; power <= high; power += step) ticks.push(10 ** power);
  return { low, high, ticks };
}

function fitted(range) {
  const all = logTicks(range);
  const step = Math.ceil(all.length / 5);
  return { low: Math.log10(range[0]), high: Math.log10(range[1]), ticks: all.filter((_, place) => place % step === 0) };
}

/** A value of the axis: 250 ms, 1.5 s, 100 s. */
export function durationTick(seconds) {
  return seconds >= 1 && seconds % 1 === 0 ? `${seconds} s` : duration(seconds, 2).replace(/\.0+ /, " ");
}
