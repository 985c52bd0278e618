// Times in which nothing is known to happen: spans that only wait for others are open, and none that does something itself.

import { KINDS } from "./tree.js";

/** Gaps are worth leaving out when each is more than this part of the trace … */
const LEAST = 0.05;
/** … and all together more than this. */
const WORTH = 0.5;

/** What works, whether or not there are spans below. */
const WORKS = new Set(["llm", "tool", "retriever", "embedding"]);

/** `[{ from, to }]` in nanoseconds, or nothing if leaving them out would not help. */
export function gapsOf(tree) {
  const busy = [];
  for (let row = 0; row < tree.size; row++) if (tree.end[row] === row + 1 || WORKS.has(KINDS[tree.kind[row]])) busy.push(row);
  busy.sort((one, other) => tree.start[one] - tree.start[other]);
  const gaps = [];
  let covered = 0;
  for (const row of busy) {
    if (tree.start[row] - covered > LEAST * tree.total) gaps.push({ from: covered, to: tree.start[row] });
    covered = Math.max(covered, tree.start[row] + tree.duration[row]);
  }
  if (tree.total - covered > LEAST * tree.total) gaps.push({ from: covered, to: tree.total });
  const idle = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  return idle > WORTH * tree.total ? gaps : [];
}
