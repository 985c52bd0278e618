// Runs that are going on, for the strip above the table and for the frame of every page: asked for while the page is seen, now and then.

import { useEffect, useState } from "../lib.js";
import { get } from "../api.js";
import { loadExperiments } from "../traces/load.js";
import { planOf } from "./progress.js";

const EVERY_MS = 5000;
// A run of several stages says how long all of them take, if each has an end in time.
const COLUMNS = ["params.benchmark_duration_s", "params.stages.duration_s", "params.request_count"];
const MOST = 20;

let found = { runs: [], known: false };
let timer = null;
let asking = false;
const listeners = new Set();

async function ask() {
  if (document.hidden || asking) return;
  asking = true;
  try {
    const experiments = await loadExperiments();
    const runs = experiments.length > 0 ? await loadLive(experiments) : [];
    const same = found.known && JSON.stringify(runs) === JSON.stringify(found.runs);
    if (!same) {
      found = { runs, known: true };
      for (const listener of listeners) listener(found);
    }
  } catch {
    // The page that is shown says that the server does not answer.
  } finally {
    asking = false;
  }
}

async function loadLive(experiments) {
  const query = new URLSearchParams(experiments.map(({ experiment_id: id }) => ["experiment_id", id]));
  for (const column of COLUMNS) query.append("column", column);
  query.set("filter", "attributes.status = 'RUNNING'");
  query.set("max_results", MOST);
  const { runs } = await get(`/api/3.0/loadspan/runs?${query}`);
  return runs.map(({ run_id: id, name, start_time: start, values: [seconds, staged, requests] }) => ({ id, name, start, plan: planOf({ seconds: seconds ?? staged, requests }) }));
}

/** `{ runs: [{ id, name, start, plan }], known }`, the latest first. */
export function useLive() {
  const [state, setState] = useState(found);
  useEffect(() => {
    listeners.add(setState);
    setState(found);
    if (listeners.size === 1) {
      ask();
      timer = setInterval(ask, EVERY_MS);
      document.addEventListener("visibilitychange", ask);
    }
    return () => {
      listeners.delete(setState);
      if (listeners.size > 0) return;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, []);
  return state;
}
