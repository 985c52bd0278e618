// A run as its pages need it: what MLflow's API says, and the summary that loadspan has put beside it.

import { get } from "../api.js";
import { verdictOf } from "../parts/verdict.js";

/** Where the file of a run is downloaded. */
export function artifactUrl(run, file) {
  const whole = `${run.artifactRoot}/${file}`;
  return `/api/2.0/mlflow-artifacts/artifacts/${whole.split("/").map(encodeURIComponent).join("/")}`;
}

/** A run: `{ id, name, experiment, status, live, start, end, params, metrics, tags, verdict, summary }`. */
export async function loadRun(id, signal) {
  const found = await loadInfo(id, signal);
  return { ...found, summary: found.live ? null : await loadSummary(found, signal) };
}

/** The same without the summary: its figures are metrics as well. */
export async function loadInfo(id, signal) {
  const { run } = await get("/api/2.0/mlflow/runs/get", { query: { run_id: id }, signal });
  return { ...runOf(run), summary: null };
}

/** The metrics of a run now. */
export async function loadMetrics(id, signal) {
  const { run } = await get("/api/2.0/mlflow/runs/get", { query: { run_id: id }, signal });
  return table(run.data?.metrics);
}

function table(list = []) {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

function runOf({ info, data = {} }) {
  const [params, metrics, tags] = [data.params, data.metrics, data.tags].map(table);
  return {
    id: info.run_id,
    name: info.run_name || info.run_id,
    experiment: info.experiment_id,
    status: info.status,
    live: info.status === "RUNNING" || info.status === "SCHEDULED",
    start: info.start_time,
    end: info.end_time,
    artifactRoot: rootOf(info.artifact_uri),
    params,
    metrics,
    tags,
    verdict: verdictOf({ status: info.status, verdict: tags.verdict, requests: metrics["requests.total"] }),
  };
}

/** Artifacts that this server keeps are named `mlflow-artifacts:/1/…`, perhaps with a host. */
function rootOf(uri = "") {
  const found = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+?)\/?$/.exec(uri);
  return found ? found[1] : null;
}

/** A run of somebody else has none, and neither has one that was killed: its metrics have to do. */
async function loadSummary(run, signal) {
  if (!run.artifactRoot || run.metrics["requests.total"] === undefined) return null;
  try {
    const { files = [] } = await get("/api/2.0/mlflow/artifacts/list", { query: { run_id: run.id, path: "exports" }, signal });
    const isThere = files.some(({ path }) => path === "exports/summary.json");
    return isThere ? await get(artifactUrl(run, "exports/summary.json"), { signal }) : null;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}

/** Pictures and reports that were made of a run: their paths. */
export async function loadPlots(run, signal) {
  const { files = [] } = await get("/api/2.0/mlflow/artifacts/list", { query: { run_id: run.id, path: "plots" }, signal });
  return files.map(({ path }) => path);
}

export async function loadExperiment(id, signal) {
  const { experiment } = await get("/api/2.0/mlflow/experiments/get", { query: { experiment_id: id }, signal });
  return experiment;
}
