// The traces of a run in an order that makes them worth a look, with what a list says of each.

import { post } from "../api.js";
import { rowOf } from "../traces/search.js";
import { drawn, loadPoints } from "./exemplars.js";

const ORDER = { slowest: "execution_time DESC", failed: "timestamp DESC", newest: "timestamp DESC", oldest: "timestamp ASC" };
/** So many are picked at random. */
const PICKED = 50;

/** `{ traces, more }` in an order: `slowest`, `failed`, `random`, `newest`, `oldest`. */
export async function listTraces(run, { order, most, signal }) {
  if (order === "random") return pickTraces(run, signal);
  const body = {
    locations: [{ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: run.experiment } }],
    filter: `run_id = '${run.id}'${order === "failed" ? " AND status = 'ERROR'" : ""}`,
    order_by: [ORDER[order]],
    max_results: most,
  };
  const { traces = [], next_page_token: next } = await post("/api/3.0/mlflow/traces/search", body, { signal });
  return { traces: traces.map(rowOf), more: Boolean(next) };
}

/** The same ones each time, as long as there are the same to pick from. */
async function pickTraces(run, signal) {
  const { points, total } = await loadPoints(run, { signal });
  const picked = points.sort((a, b) => drawn(a.id) - drawn(b.id)).slice(0, PICKED);
  if (picked.length === 0) return { traces: [], more: false };
  const { trace_infos: infos = [] } = await post("/api/3.0/mlflow/traces/batchGetInfos", { trace_ids: picked.map(({ id }) => id) }, { signal });
  const traces = infos.map(rowOf).sort((a, b) => a.started - b.started);
  return { traces, more: total > traces.length };
}
