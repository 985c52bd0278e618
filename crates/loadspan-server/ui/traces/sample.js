// Samples of what is selected and of what is not: enough to tell how they differ.

import { get, path } from "../api.js";
import { differences, saidBy, saidByModels } from "./differences.js";
import { loadPoints, loadTraces } from "./load.js";
import { besides, clausesOf, joined } from "./search.js";

const SELECTED = 500;
const REST = 1000;

/** `{ selected, strata, total, rest }`: `selected` of `total` traces that are, and samples that stand for `rest` that are not. */
export async function loadSamples({ experiments, base, selection, signal }) {
  const ask = async (filter, count) => {
    const [{ rows }, { total }] = await Promise.all([
      loadTraces({ experiments, filter, order: "timestamp DESC", count, signal, read: saidBy }),
      loadPoints({ experiments, filter, signal, most: 1 }),
    ]);
    // Where nobody knows how many there are, the sample stands for itself.
    return { traces: rows.slice(0, count), weight: total ?? rows.length };
  };
  const parts = besides(selection);
  const [inside, ...strata] = await Promise.all([
    ask(joined(base, ...clausesOf(selection)), SELECTED),
    ...parts.map((part) => ask(joined(base, part), Math.ceil(REST / parts.length))),
  ]);
  return {
    selected: inside.traces,
    total: inside.weight,
    strata,
    compared: strata.reduce((sum, { traces }) => sum + traces.length, 0),
    rest: strata.reduce((sum, { weight }) => sum + weight, 0),
  };
}

/** Traces of each side whose spans are read for their models. */
export const READ = 30;

/** Models that are more frequent on one side; the list of traces does not say them, so some traces are read. */
export async function loadModels({ selected, strata }, signal) {
  const read = async (traces) => {
    const every = Math.max(1, traces.length / READ);
    const some = Array.from({ length: Math.min(READ, traces.length) }, (_trace, i) => traces[Math.floor(i * every)]);
    const skeletons = await Promise.all(some.map(({ id }) => get(path`/api/3.0/loadspan/traces/${id}/skeleton`, { signal })));
    return skeletons.map(({ models }) => saidByModels(models));
  };
  const rest = strata.flatMap(({ traces }) => traces);
  const [inside, outside] = await Promise.all([read(selected), read(rest)]);
  return differences(inside, [{ traces: outside, weight: 1 }]);
}
