// How long the windows of a run's charts are: what was chosen, or long enough for steady figures.

import { useRef } from "../lib.js";
import { plannedOf } from "./stages.js";
import { widthFor } from "./windows.js";

/** While a run goes on, another length is worth drawing everything anew only when windows have far too few requests, or are far too many. */
const TOO_FEW = 12;
const TOO_MANY = 2400;

/** Seconds and requests of the whole run, as far as they are known: measured, planned, or as many as there were until now. */
export function sizeOf(run, total) {
  if (!run.live) {
    const seconds = Math.max(1, (run.end - run.start) / 1000 || 0);
    return { seconds, requests: run.metrics["requests.total"] ?? total?.ended ?? Infinity };
  }
  const elapsed = (total?.elapsed_ms ?? 0) / 1000;
  const seconds = Math.max(1, elapsed, plannedOf(run) ?? 0);
  const rate = elapsed >= 2 ? total.ended / elapsed : Number(run.params.request_rate) || Infinity;
  return { seconds, requests: rate * seconds };
}

/** Whether windows of a live run want another length. */
function isPoor(kept, { seconds, requests }) {
  const windows = (seconds * 1000) / kept;
  return requests / windows < TOO_FEW || windows > TOO_MANY;
}

/** A length in milliseconds; `chosen` is one in seconds, `total` a reference to what the server has counted until now. */
export function useWidth({ run, total, chosen }) {
  const kept = useRef(null);
  const size = sizeOf(run, total.current);
  if (kept.current === null || !run.live || isPoor(kept.current, size)) kept.current = widthFor(size.seconds, size.requests);
  return chosen > 0 ? chosen * 1000 : kept.current;
}
