// Looks for runs, traces and sessions by what somebody typed or pasted.

import { get, post } from "../api.js";
import { quoted } from "../traces/search.js";
import { meaningOf } from "./meaning.js";
import { loadExperiments } from "../traces/load.js";

const MOST = 8;

/** Hits: `{ kind, name, to, start }`, what is found by its id first. */
export async function look(text, signal) {
  const experiments = await loadExperiments(signal);
  const ids = experiments.map(({ experiment_id: id }) => id);
  if (ids.length === 0) return [];
  const { id, name } = meaningOf(text);
  const parts = await Promise.all([
    id && runs(ids, `attributes.run_id = '${id}'`, signal),
    id && traces(ids, `request_id = 'tr-${id}'`, signal),
    sessions(ids, text, signal),
    name && runs(ids, `attributes.run_name ILIKE ${quoted(`%${name}%`)}`, signal),
  ]);
  return parts.filter(Boolean).flat();
}

async function runs(ids, filter, signal) {
  const query = new URLSearchParams(ids.map((id) => ["experiment_id", id]));
  query.set("filter", filter);
  query.set("max_results", MOST);
  const found = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return found.runs.map(({ run_id: id, name, start_time: start }) => ({ kind: "run", name, to: `/runs/${id}`, start }));
}

async function search(ids, filter, signal) {
  const locations = ids.map((id) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: id } }));
  const { traces: found = [] } = await post("/api/3.0/mlflow/traces/search", { locations, filter, max_results: 1 }, { signal });
  return found;
}

async function traces(ids, filter, signal) {
  const found = await search(ids, filter, signal);
  return found.map(({ trace_id: id, tags, request_time: at }) => ({
    kind: "trace",
    name: tags?.["mlflow.traceName"] ?? id,
    to: `/traces/${id.replace(/^tr-/, "")}`,
    start: Date.parse(at),
  }));
}

/** A session is known by its traces. */
async function sessions(ids, text, signal) {
  const found = await search(ids, `session_id = ${quoted(text)}`, signal);
  return found.map(({ request_time: at }) => ({ kind: "session", name: text, to: `/sessions/${encodeURIComponent(text)}`, start: Date.parse(at) }));
}
