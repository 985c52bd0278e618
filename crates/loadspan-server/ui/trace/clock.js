// Clocks of several machines differ, and then a span seems to start before the one that called it. Times are shown as they came unless one
// asks for more: then each service is moved by the least that lets none of its spans start before its parent in another service.

import { rootOf } from "./tree.js";

/**
 * Nanoseconds to move each service by, in the order of `tree.services`; null if nothing has to move. The service of the root stays where
 * it is, and so does everything when services contradict each other.
 */
export function shiftsOf(tree) {
  const early = earlyBetween(tree);
  if (early.length === 0 || early.every(({ by }) => by <= 0)) return null;
  const shifts = new Float64Array(tree.services.length);
  const fixed = tree.service[rootOf(tree)];
  // The longest way from service to service: it is found in as many rounds as there are services, unless it goes round for ever.
  for (let round = 0; round <= tree.services.length; round++) {
    let moved = false;
    for (const { from, to, by } of early) {
      if (to === fixed || shifts[from] + by <= shifts[to]) continue;
      shifts[to] = shifts[from] + by;
      moved = true;
    }
    if (!moved) return shifts.some((by) => by > 0) ? shifts : null;
  }
  return null;
}

/** `[{ from, to, by }]`: by how much the earliest call of one service in another precedes what called it; negative where it does not. */
function earlyBetween(tree) {
  const found = new Map();
  for (let row = 0; row < tree.size; row++) {
    const above = tree.parent[row];
    if (above === -1 || tree.service[above] === tree.service[row]) continue;
    const [from, to] = [tree.service[above], tree.service[row]];
    const by = tree.start[above] - tree.start[row];
    const key = from * 65_536 + to;
    const known = found.get(key);
    if (!known) found.set(key, { from, to, by });
    else known.by = Math.max(known.by, by);
  }
  return [...found.values()];
}

/** What was moved, for the title of the axis: `[{ service, by }]`, the most first. */
export function movedBy(tree) {
  if (!tree.shifts) return [];
  const moved = [...tree.shifts].map((by, place) => ({ service: tree.services[place], by })).filter(({ by }) => by > 0);
  return moved.sort((one, other) => other.by - one.by);
}
