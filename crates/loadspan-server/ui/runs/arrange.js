// Runs as a tree: those that are part of another one below it. No DOM.

/**
 * The rows of a table, in its order: `{ ...run, depth, parts, folded }`. A run whose parent is not among them, or that is its own
 * ancestor, stands by itself. `folded` has the ids of runs whose parts are not to be seen.
 */
export function arrange(runs, folded = new Set()) {
  const known = new Map(runs.map((run) => [run.id, run]));
  const parts = new Map();
  const tops = [];
  for (const run of runs) {
    const parent = run.parent !== run.id && known.has(run.parent) && !inCircle(run, known) ? run.parent : null;
    if (parent === null) tops.push(run);
    else if (parts.has(parent)) parts.get(parent).push(run);
    else parts.set(parent, [run]);
  }
  const rows = [];
  const waiting = tops.reverse().map((run) => [run, 0]);
  while (waiting.length > 0) {
    const [run, depth] = waiting.pop();
    const own = parts.get(run.id) ?? [];
    const closed = own.length > 0 && folded.has(run.id);
    rows.push({ ...run, depth, parts: own.length, folded: closed });
    if (!closed) for (let at = own.length - 1; at >= 0; at -= 1) waiting.push([own[at], depth + 1]);
  }
  return rows;
}

function inCircle(run, known) {
  const seen = new Set([run.id]);
  for (let at = known.get(run.parent); at; at = known.get(at.parent)) {
    if (seen.has(at.id)) return true;
    seen.add(at.id);
  }
  return false;
}
