// How far two figures lie apart, and whether that is more than each of them varies by itself. No DOM.
//
// Requests of a load test are not independent: a slow second makes all of its requests slow. So the spread of a figure is taken from
// sections of the run (sectioning: the figure of the whole run, the variance of the sections' figures), and only where there are no
// sections from the number of requests.

/** Two-sided 95 % of Student's t, by degrees of freedom. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09];

/** Fewer sections say too little. */
const LEAST_SECTIONS = 5;

/** With fewer requests beyond a quantile its interval would end at the largest of them. */
const LEAST_BEYOND = 5;

/** Less is no difference that anybody would act upon, however certain it is. */
const LEAST_CHANGE = 0.01;

function tOf(freedom) {
  return T[Math.min(freedom, T.length) - 1];
}

/** Half of the 95 % interval of a figure, as a share of it, from the same figure of sections of the run; null if these are too few. */
export function spreadOfSections(sections) {
  const known = sections.filter((value) => Number.isFinite(value));
  if (known.length < LEAST_SECTIONS) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (!(mean > 0)) return null;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  return (tOf(known.length - 1) * Math.sqrt(variance / known.length)) / mean;
}

/**
 * The same for a quantile from the quantiles of all requests: the order statistics between which it lies with 95 %, if requests were
 * independent. `quantiles` are `{ q, value }` from the least to the largest.
 */
export function spreadOfQuantile(quantiles, q, count) {
  const value = at(quantiles, q);
  if (!(value > 0) || !(count * (1 - q) >= LEAST_BEYOND)) return null;
  const reach = 1.96 * Math.sqrt((q * (1 - q)) / count);
  return (at(quantiles, Math.min(1, q + reach)) - at(quantiles, Math.max(0, q - reach))) / 2 / value;
}

/** A quantile between those that are known. */
function at(quantiles, q) {
  const above = quantiles.findIndex((one) => one.q >= q);
  if (above < 0) return quantiles.at(-1)?.value ?? Number.NaN;
  if (above === 0 || quantiles[above].q === q) return quantiles[above].value;
  const [low, high] = [quantiles[above - 1], quantiles[above]];
  return low.value + ((q - low.q) / (high.q - low.q)) * (high.value - low.value);
}

/**
 * How `other` differs from `base`: `{ change, low, high, reading }`, shares of the base. Both are `{ value, spread }`. `better` is "lower",
 * "higher" or nothing. The reading is "better", "worse", "different" (where no direction is better), "none" or "unknown".
 */
export function differenceOf({ base, other, better }) {
  if (!(base.value > 0) || !Number.isFinite(other.value)) return null;
  const ratio = other.value / base.value;
  const change = ratio - 1;
  if (base.spread === null || other.spread === null || ratio <= 0) return { change, low: null, high: null, reading: "unknown" };
  const reach = Math.hypot(base.spread, other.spread);
  const [low, high] = [ratio * Math.exp(-reach) - 1, ratio * Math.exp(reach) - 1];
  return { change, low, high, reading: readingOf({ change, low, high, better }) };
}

function readingOf({ change, low, high, better }) {
  if ((low <= 0 && high >= 0) || Math.abs(change) < LEAST_CHANGE) return "none";
  if (!better) return "different";
  return change > 0 === (better === "higher") ? "better" : "worse";
}

/** Half of the 95 % interval of a share of so many, as a share of it. */
export function spreadOfShare(share, count) {
  return share > 0 && count > 0 ? (1.96 * Math.sqrt((share * (1 - share)) / count)) / share : null;
}

/** Shares of requests that failed, in percentage points: the interval of Wald with Agresti's two and two, cut where a share would be below 0 or above 1. */
export function differenceOfShares({ base, other }) {
  if (![base.count, other.count].every((count) => count > 0)) return null;
  const adjusted = ({ hits, count }) => ({ share: (hits + 1) / (count + 2), count: count + 2 });
  const [a, b] = [adjusted(base), adjusted(other)];
  const change = other.hits / other.count - base.hits / base.count;
  const reach = 1.96 * Math.sqrt((a.share * (1 - a.share)) / a.count + (b.share * (1 - b.share)) / b.count);
  const middle = b.share - a.share;
  const [low, high] = [middle - reach, middle + reach];
  const reading = low <= 0 && high >= 0 ? "none" : change > 0 ? "worse" : "better";
  const own = base.hits / base.count;
  return { change, low: Math.max(low, -own), high: Math.min(high, 1 - own), reading, points: true };
}
