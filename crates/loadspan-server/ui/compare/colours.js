// Which colour and stroke each run has. No DOM.

import { dashOf, seriesToken } from "../charts/series.js";

/** So many can be told apart. */
const COLOURS = 8;

/**
 * The runs with `token`, `stroke` and `dash`. They go by place in the URL, so that two who look at it see the same; where there are more
 * runs than colours, the runs of a sweep (those with one parent) share one, and `group` says which.
 */
export function coloured(runs, ids) {
  const groups = groupsOf(runs);
  const byGroup = ids.length > COLOURS && groups.size > 0;
  return runs.map((run) => {
    const group = groups.get(run.tags["mlflow.parentRunId"]) ?? null;
    const place = !byGroup ? ids.indexOf(run.id) : (group ?? COLOURS);
    return { ...run, group, token: seriesToken(place), stroke: place % 3, dash: dashOf(place) };
  });
}

/** Parents of more than one of the runs, numbered in the order in which they come. */
function groupsOf(runs) {
  const counts = new Map();
  for (const { tags } of runs) {
    const parent = tags["mlflow.parentRunId"];
    if (parent) counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  const parents = [...counts].filter(([, count]) => count > 1).map(([parent]) => parent);
  return new Map(parents.map((parent, place) => [parent, place]));
}
