// Axes as figures: where they begin and end, where their lines stand, and how they change while figures come in. No DOM.

import { number } from "../format.js";

const STEPS = [1, 2, 5];

/** The smallest of 1, 2, 5, 10, 20 … that is not less than a value. */
export function stepAbove(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [...STEPS, 10].find((one) => one * power >= value * (1 - 1e-9));
  return tidy(step * power);
}

/** The largest of them that is not more than a value. */
export function stepBelow(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const step = [...STEPS].reverse().find((one) => one * power <= value * (1 + 1e-9)) ?? 1;
  return tidy(step * power);
}

/** What 0.1 + 0.2 leaves behind is taken away. */
function tidy(value) {
  return Number(value.toPrecision(12));
}

/** Both ends of a set of figures; `null` and what is not finite are passed over. */
export function extent(lists) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const value of list ?? []) {
      if (value === null || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low > high ? null : [low, high];
}

/** An axis from 0: to the next step above the largest. */
export function linearRange([, high]) {
  return [0, stepAbove(high * 1.02)];
}

/** A value of an axis in as few digits as tell it from its neighbours: 5, not 5.00. */
export function tickText(value) {
  return number(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** The same for a picture that stays as it is: no more empty room than to the next line. */
export function snugRange([, high]) {
  const step = stepAbove(high / 5);
  return [0, tidy(Math.ceil((high * 1.02) / step) * step)];
}

/** An axis with as much room below 0 as above. */
export function signedRange([low, high]) {
  const most = snugRange([0, Math.max(high, -low)])[1];
  return [-most, most];
}

/** A logarithmic axis: from the step below the smallest to the one above the largest, and never a hair's breadth. */
export function logRange([low, high]) {
  const above = stepAbove(Math.max(high, 1e-9));
  const below = stepBelow(Math.max(low, above / 1e6));
  return below < above ? [below, above] : [stepBelow(below / 2.1), stepAbove(above * 1.1)];
}

/** The same for a picture that stays as it is: figures that are close together fill it, as far as they differ by more than a hair's breadth. */
export function closeLogRange([low, high]) {
  if (!(low > 0) || high > low * 4) return logRange([low, high]);
  const apart = Math.max(1, Math.sqrt((1.5 * low) / high));
  const [from, to] = [low / apart, high * apart];
  const step = stepAbove((to - from) / 5);
  return [tidy(Math.floor(from / step) * step) || from, tidy(Math.ceil(to / step) * step)];
}

/** Whether figures are so far apart that only a logarithmic axis shows all of them: a decade or more. */
export function isWide(lists) {
  const found = extent(lists.map((list) => (list ?? []).filter((value) => value > 0)));
  return found !== null && found[1] >= found[0] * 10;
}

/** Values at which lines are drawn: about five, at steps, from 0. */
export function linearTicks([low, high]) {
  const step = stepAbove((high - low) / 5);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-9); at += 1) ticks.push(tidy(at * step));
  return ticks;
}

/** Decades, with 2 and 5 between them while these are few. */
export function logTicks([low, high]) {
  const decades = Math.log10(high / low);
  const steps = decades > 2.2 ? [1] : STEPS;
  const ticks = [];
  for (let power = Math.floor(Math.log10(low) - 1e-9); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const step of steps) {
      const value = tidy(step * 10 ** power);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push(value);
    }
  }
  // Within a factor of two or so there is hardly a step: then even distances say more.
  return ticks.length < 3 ? linearTicks([low, high]) : ticks;
}

/** How long an axis waits before it becomes shorter. */
const PATIENCE_MS = 10_000;

/**
 * An axis while figures come in: it grows at once and becomes shorter only when half of it has been empty for ten seconds, so that the
 * picture does not jump.
 */
export class SteadyRange {
  #range = null;
  #emptySince = null;

  /** The range for one that would fit; `now` in milliseconds. */
  next(wanted, now) {
    const before = this.#range;
    if (!before || wanted[1] > before[1] || wanted[0] < before[0]) {
      this.#range = before ? [Math.min(wanted[0], before[0]), Math.max(wanted[1], before[1])] : wanted;
      this.#emptySince = null;
    } else if (wanted[1] > before[1] / 2 && wanted[0] < (before[0] || 1) * 2) {
      this.#emptySince = null;
    } else {
      this.#emptySince ??= now;
      if (now - this.#emptySince >= PATIENCE_MS) {
        this.#range = wanted;
        this.#emptySince = null;
      }
    }
    return this.#range;
  }
}

/** Ends of a time axis, in seconds: while a run goes on it is longer than the run, and seldom changes. */
const SPANS = [10, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 5400, 7200];

export function spanAbove(seconds) {
  return SPANS.find((span) => span >= seconds) ?? Math.ceil(seconds / 3600) * 3600;
}

/** Seconds at which lines of a time axis stand. */
const TIME_STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];

export function timeTicks([low, high], most = 6) {
  const step = TIME_STEPS.find((one) => (high - low) / one <= most) ?? 86_400;
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9; at += 1) ticks.push(tidy(at * step));
  return ticks;
}

/** Where a percentile stands on an axis of nines: 0.9 at 1, 0.99 at 2, 0.999 at 3. */
export function nines(quantile) {
  return -Math.log10(1 - Math.min(quantile, 1 - 1e-9));
}

/** The percentiles that such an axis names. */
export const NINES = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 0.99999];

/** A quantile as a word: p99.9. */
export function quantileName(quantile) {
  return `p${tidy(quantile * 100)}`;
}

/** Why a percentile of so many values is not shown, null where it is: one rule for all of the page, that of the report's tables. */
export function withheld(quantile, count) {
  if (!Number.isFinite(count) || supports(count, quantile) !== "none") return null;
  return `${quantileName(quantile)} needs ${Math.ceil(1 / (1 - quantile) - 1e-9)} values; there ${count === 1 ? "is" : "are"} ${count}`;
}

/** Whether so many values are enough for a quantile: "none", "few" (it hangs on fewer than ten of them) or "enough". */
export function supports(count, quantile) {
  const beyond = count * (1 - quantile);
  if (beyond < 1 - 1e-9) return "none";
  return beyond < 10 - 1e-9 ? "few" : "enough";
}
