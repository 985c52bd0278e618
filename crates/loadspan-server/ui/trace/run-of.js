// The run that a trace belongs to: the trace names it, or what sent it does. A trace of a benchmark has the benchmark's id, as its run does.

import { post, useLoad } from "../api.js";
import { loadExperiments } from "../traces/load.js";
import { quoted } from "../traces/search.js";

/** `{ id, name }` of the run, or null as long as none is known. */
export function useRunOf({ run, benchmark }) {
  const isAsked = run === null && benchmark !== null;
  const load = useLoad(isAsked ? benchmark : null, async (signal) => ({ benchmark, run: await find(benchmark, signal) }));
  if (!isAsked) return run === null ? null : { id: run, name: run.slice(0, 8) };
  return load.data?.benchmark === benchmark ? load.data.run : null;
}

async function find(benchmark, signal) {
  const experiments = await loadExperiments(signal);
  const body = { experiment_ids: experiments.map(({ experiment_id: id }) => id), filter: `tags.benchmark_id = ${quoted(benchmark)}`, max_results: 1 };
  const { runs = [] } = await post("/api/2.0/mlflow/runs/search", body, { signal });
  return runs[0] ? { id: runs[0].info.run_id, name: runs[0].info.run_name || runs[0].info.run_id.slice(0, 8) } : null;
}
