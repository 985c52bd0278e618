// Asks the API for traces.

import { get, post } from "../api.js";
import { PAGE, rowOf } from "./search.js";

/** All experiments: traces are searched for in them. */
export async function loadExperiments(signal) {
  const { experiments = [] } = await get("/api/2.0/mlflow/experiments/search", { query: { max_results: 1000 }, signal });
  return experiments;
}

/** `{ rows, token }`: as many traces as are wanted, or a few more; with a token there are others behind them. */
export async function loadTraces({ experiments, filter, order, count = PAGE, token, signal }) {
  if (experiments.length === 0) return { rows: [], token: undefined };
  const locations = experiments.map((id) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: id } }));
  const rows = [];
  let next = token;
  // Pages may be empty though others follow: the server looks at so many spans for one answer, and no more.
  for (let asked = 0; asked < 100; asked++) {
    const body = { locations, filter, order_by: [order], max_results: Math.min(PAGE, count), page_token: next };
    const page = await post("/api/3.0/mlflow/traces/search", body, { signal });
    for (const trace of page.traces ?? []) rows.push(rowOf(trace));
    next = page.next_page_token;
    if (!next || rows.length >= count) break;
  }
  return { rows, token: next };
}
