// Whether runs met their targets, from the metrics that loadspan logs. No DOM.

/** A target is met when so many requests met it. */
const ENOUGH = 0.99;

/** The columns that it takes, of those that the runs have. */
export function sloColumns(known) {
  const targets = known.filter(({ kind, key }) => kind === "metrics" && /^goodput\.targets\..+\.met$/.test(key));
  return ["good_request_fraction", "goodput.of", ...targets.map(({ key }) => key)].map((key) => `metrics.${key}`);
}

/** True, false, or null where a run had no targets; `values` in the order of these columns. */
export function metTargets([fraction, of, ...met]) {
  if (typeof fraction !== "number") return null;
  if (fraction >= ENOUGH) return true;
  // Requests that missed one target may have met the others: what counts is each target by itself.
  const known = met.filter((value) => typeof value === "number");
  return known.length > 0 && of > 0 && known.every((value) => value / of >= ENOUGH);
}
