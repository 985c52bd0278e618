// Runs to be compared, with their seconds, their sections and their distributions. A run that is not there costs only itself.

import { get, path } from "../api.js";
import { loadRun } from "../run/load.js";
import { NO_WINDOWS, widthFor, withFrame } from "../run/windows.js";
import { sectionsFor } from "./figures.js";

/** `{ runs, missing: [{ id, error }], width }`. */
export async function loadRuns(ids, signal) {
  const found = await Promise.all(ids.map((id) => loadRun(id, signal).catch((error) => failed(error, id))));
  const runs = found.filter(({ error }) => !error);
  const width = Math.max(1000, ...runs.map((run) => widthFor(secondsOf(run))));
  await Promise.all(runs.map((run) => addCourse({ run, width, signal })));
  return { runs, missing: found.filter(({ error }) => error), width };
}

function failed(error, id) {
  if (error.name === "AbortError") throw error;
  return { id, error };
}

function secondsOf(run) {
  return Math.max(1, ((run.end ?? Date.now()) - run.start) / 1000);
}

/** What there is of a run over time; none of it for runs without points. */
async function addCourse({ run, width, signal }) {
  const windows = (width_ms) => get(path`/api/3.0/loadspan/runs/${run.id}/windows`, { query: { width_ms }, signal });
  const none = (error) => {
    if (error.name === "AbortError") throw error;
    return null;
  };
  run.sectionCount = sectionsFor(run.metrics["requests.completed"] ?? 0);
  const section = Math.max(100, Math.ceil((secondsOf(run) * 1000) / run.sectionCount));
  const [course, sections, distribution] = await Promise.all([
    windows(width).catch(none),
    windows(section).catch(none),
    get(path`/api/3.0/loadspan/runs/${run.id}/distribution`, { signal }).catch(none),
  ]);
  run.windows = course ? withFrame(NO_WINDOWS, course) : NO_WINDOWS;
  // Windows that the client logged have a width of their own, so they are no sections.
  run.sections = sections && sections.source === "points" ? withFrame(NO_WINDOWS, sections) : null;
  run.distribution = distribution;
}

/** The latest runs, to pick from. */
export async function loadLatest(signal) {
  const { experiments = [] } = await get("/api/2.0/mlflow/experiments/search", { query: { max_results: 200 }, signal });
  if (experiments.length === 0) return [];
  const query = new URLSearchParams(experiments.map(({ experiment_id: id }) => ["experiment_id", id]));
  query.append("column", "tags.verdict");
  query.append("order_by", "start_time DESC");
  query.set("max_results", 100);
  const { runs } = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return runs;
}
