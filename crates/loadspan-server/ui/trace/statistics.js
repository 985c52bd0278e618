// Spans of a trace by name, service or kind: how many, how long, how long themselves, how many errors.

import { KINDS } from "./tree.js";

const GROUPS = {
  name: (tree, row) => tree.name[row],
  service: (tree, row) => tree.services[tree.service[row]] || "no service",
  kind: (tree, row) => KINDS[tree.kind[row]],
};

/** `[{ key, count, errors, total, self, p50, p99, longest, worst }]`, nanoseconds; `worst` is the row of the longest. */
export function statisticsOf(tree, by) {
  const key = GROUPS[by] ?? GROUPS.name;
  const groups = new Map();
  for (let row = 0; row < tree.size; row++) {
    const name = key(tree, row);
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { key: name, durations: [], total: 0, self: 0, errors: 0, worst: row }));
    group.durations.push(tree.duration[row]);
    group.total += tree.duration[row];
    group.self += tree.self[row];
    group.errors += tree.error[row];
    if (tree.duration[row] > tree.duration[group.worst]) group.worst = row;
  }
  return [...groups.values()].map(({ durations, ...group }) => {
    durations.sort((one, other) => one - other);
    return {
      ...group,
      count: durations.length,
      p50: percentile(durations, 0.5),
      p99: percentile(durations, 0.99),
      longest: durations[durations.length - 1],
    };
  });
}

/** By nearest rank, of what is sorted; null where there are too few for it to be more than the maximum. */
export function percentile(sorted, share) {
  if (sorted.length * (1 - share) < 1 - 1e-9) return null;
  return sorted[Math.ceil(share * sorted.length) - 1];
}
