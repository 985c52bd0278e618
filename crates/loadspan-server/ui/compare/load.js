// Runs to be compared: first what each of them is, which is quick, then their seconds, sections and distributions, a few at a time. A run
// that is not there costs only itself.

import { useEffect, useState } from "../lib.js";
import { get, path } from "../api.js";
import { loadInfo, loadRun } from "../run/load.js";
import { NO_WINDOWS, widthFor, withFrame } from "../run/windows.js";
import { COURSES } from "../runs/load.js";
import { sectionsFor } from "./figures.js";
import { lacksFigures } from "./stages.js";
import { loadExperiments } from "../traces/load.js";

/** Runs whose courses are asked for at the same time. */
const AT_ONCE = 3;
/** The page is drawn again so often while they come, in milliseconds. */
const DRAWN_MS = 200;

/** `{ data: { runs, missing: [{ id, error }], width, waiting }, error, reload }`; `waiting`: so many courses are still to come. */
export function useCompared(ids) {
  const [state, setState] = useState({ data: undefined, error: undefined, waiting: false });
  const [round, setRound] = useState(0);
  const key = ids.join();
  useEffect(() => {
    if (ids.length === 0) return undefined;
    const abort = new AbortController();
    const slow = setTimeout(() => setState((before) => ({ ...before, waiting: true })), 150);
    loadAll(ids, abort.signal, (data) => setState({ data, error: undefined, waiting: false }))
      .catch((error) => error.name !== "AbortError" && setState((before) => ({ ...before, error, waiting: false })))
      .finally(() => clearTimeout(slow));
    return () => {
      abort.abort();
      clearTimeout(slow);
    };
  }, [key, round]);
  return { ...state, reload: () => setRound((before) => before + 1) };
}

async function loadAll(ids, signal, tell) {
  const found = await Promise.all(ids.map((id) => loadOne(id, signal).catch((error) => failed(error, id))));
  const missing = found.filter(({ error }) => error);
  if (missing.length === ids.length) throw missing[0].error;
  const runs = found.filter(({ error }) => !error).map((run) => ({ ...run, windows: NO_WINDOWS, sections: null, distribution: null }));
  const width = Math.max(1000, ...runs.map((run) => widthFor(secondsOf(run), run.metrics["requests.total"])));
  const queue = runs.filter(({ metrics }) => COURSES.some((name) => metrics[name] !== undefined));
  let waiting = queue.length;
  let drawn = -Infinity;
  const draw = (always) => {
    if (!always && performance.now() - drawn < DRAWN_MS) return;
    drawn = performance.now();
    tell({ runs: [...runs], missing, width, waiting });
  };
  draw(true);
  const work = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      const place = runs.indexOf(run);
      runs[place] = { ...run, ...(await loadCourse({ run, width, signal })) };
      waiting -= 1;
      draw(waiting === 0);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Without the summary, unless figures of its stages are nowhere else. */
async function loadOne(id, signal) {
  const found = await loadInfo(id, signal);
  return lacksFigures(found) ? loadRun(id, signal) : found;
}

function failed(error, id) {
  if (error.name === "AbortError") throw error;
  return { id, error };
}

function secondsOf(run) {
  return Math.max(1, ((run.end ?? Date.now()) - run.start) / 1000);
}

/** What there is of a run over time. */
async function loadCourse({ run, width, signal }) {
  const windows = (width_ms) => get(path`/api/3.0/loadspan/runs/${run.id}/windows`, { query: { width_ms }, signal });
  const none = (error) => {
    if (error.name === "AbortError") throw error;
    return null;
  };
  const sectionCount = sectionsFor(run.metrics["requests.completed"] ?? 0);
  const section = Math.max(100, Math.ceil((secondsOf(run) * 1000) / sectionCount));
  const [course, sections, distribution] = await Promise.all([
    windows(width).catch(none),
    windows(section).catch(none),
    get(path`/api/3.0/loadspan/runs/${run.id}/distribution`, { signal }).catch(none),
  ]);
  return {
    sectionCount,
    windows: course ? withFrame(NO_WINDOWS, course) : NO_WINDOWS,
    // Windows that the client logged have a width of their own, so they are no sections.
    sections: sections && sections.source === "points" ? withFrame(NO_WINDOWS, sections) : null,
    distribution,
  };
}

/** The latest runs, to pick from. */
export async function loadLatest(signal) {
  const experiments = await loadExperiments(signal);
  if (experiments.length === 0) return [];
  const query = new URLSearchParams(experiments.map(({ experiment_id: id }) => ["experiment_id", id]));
  query.append("column", "tags.verdict");
  query.append("order_by", "start_time DESC");
  query.set("max_results", 100);
  const { runs } = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return runs;
}
