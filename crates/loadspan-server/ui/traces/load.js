// Asks the API for traces.

import { get, post } from "../api.js";
import { PAGE, rowOf } from "./search.js";

/** Points of a scatter: more are not asked for, and then it is said that these are the newest. */
export const POINTS = 20_000;

/** All experiments: traces are searched for in them. */
export async function loadExperiments(signal) {
  const { experiments = [] } = await get("/api/2.0/mlflow/experiments/search", { query: { max_results: 1000 }, signal });
  return experiments;
}

/** `{ rows, token }`: as many traces as are wanted, or a few more; with a token there are others behind them. `read` makes rows of them. */
export async function loadTraces({ experiments, filter, order, count = PAGE, token, signal, read = rowOf }) {
  if (experiments.length === 0) return { rows: [], token: undefined };
  const locations = experiments.map((id) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: id } }));
  const rows = [];
  let next = token;
  // Pages may be empty though others follow: the server looks at so many spans for one answer, and no more.
  for (let asked = 0; asked < 100; asked++) {
    const body = { locations, filter, order_by: [order], max_results: Math.min(PAGE, count - rows.length), page_token: next };
    const page = await post("/api/3.0/mlflow/traces/search", body, { signal });
    for (const trace of page.traces ?? []) rows.push(read(trace));
    next = page.next_page_token;
    if (!next || rows.length >= count) break;
  }
  return { rows, token: next };
}

/**
 * `{ points, total }`: where and when all that match are, the newest of them if they are too many. `total` is null where nobody knows:
 * a filter that is about spans looks at so many of them only.
 */
export async function loadPoints({ experiments, filter, signal, most = POINTS }) {
  if (experiments.length === 0) return { points: [], total: 0 };
  const query = searchParams({ experiments, filter, max_results: most });
  const found = await get(`/api/3.0/loadspan/traces/points?${query}`, { signal });
  return { points: pointsOf(found), total: found.complete === false ? null : found.total };
}

function searchParams({ experiments, filter, ...rest }) {
  const query = new URLSearchParams(experiments.map((id) => ["experiment_id", id]));
  if (filter) query.set("filter", filter);
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) query.set(name, value);
  return query;
}

/** Columns as rows: `{ id, name, started, seconds, state, tokens, spans }`. */
function pointsOf({ trace_ids: ids, start_ms: starts, duration_ms: durations, state, names, name, tokens, spans }) {
  return ids.map((id, i) => ({
    id,
    name: names[name[i]] ?? "",
    started: starts[i],
    seconds: durations[i] === null ? null : durations[i] / 1000,
    state: state[i],
    tokens: tokens[i],
    spans: spans[i],
  }));
}

/** `{ sessions, total, complete, token }`: the latest, as many as are wanted. `filter` is one of traces; not `complete`: there may be more than `total`. */
export async function loadSessions({ experiments, filter, count, signal }) {
  const found = { sessions: [], total: 0, token: undefined };
  if (experiments.length === 0) return found;
  do {
    const page = { max_results: Math.min(200, count - found.sessions.length), page_token: found.token };
    const answer = await get(`/api/3.0/loadspan/sessions?${searchParams({ experiments, filter, ...page })}`, { signal });
    found.sessions.push(...answer.sessions);
    found.total = answer.total;
    found.complete = answer.complete;
    found.token = answer.next_page_token;
  } while (found.token && found.sessions.length < count);
  return found;
}
