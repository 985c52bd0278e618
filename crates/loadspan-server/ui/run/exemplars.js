// Traces of a run as marks in its charts: of each part of the time in view the slowest, one that failed, and one picked at random.

import { useEffect, useState } from "../lib.js";
import { get } from "../api.js";

/** Marks of one kind side by side. */
const PARTS = 16;
/** While a run goes on, traces are asked for so often; late ones are asked for again. */
const [EVERY_MS, LATE_MS] = [5000, 60_000];

/**
 * The traces of a run as points, those that began at `since` or later: `{ points: [{ id, started, at, seconds, failed, tokens }], total }`,
 * `at` being their end. The newest 20,000 of the total.
 */
export async function loadPoints(run, { since, signal }) {
  const filter = `run_id = '${run.id}'${since ? ` AND timestamp_ms >= ${since}` : ""}`;
  const query = { experiment_id: run.experiment, filter, max_results: 20_000 };
  const found = await get("/api/3.0/loadspan/traces/points", { query, signal });
  const points = found.trace_ids.map((id, place) => {
    const [started, took] = [found.start_ms[place], found.duration_ms[place]];
    const at = took === null ? null : (started + took - run.start) / 1000;
    return { id, started, at, seconds: took === null ? null : took / 1000, failed: found.state[place] === "ERROR", tokens: found.tokens[place] };
  });
  return { points, total: found.total };
}

const NONE = { points: [], cut: false };

/** `{ points, cut }`: those, and while the run goes on the newer ones as they come; `cut` when there are more. Marks are no reason for an error. */
export function usePoints(run) {
  const [state, setState] = useState(NONE);
  useEffect(() => {
    const abort = new AbortController();
    const known = new Map();
    const more = async () => {
      if (document.hidden) return;
      let latest = 0;
      for (const { started } of known.values()) latest = Math.max(latest, started);
      const found = await loadPoints(run, { since: latest && latest - LATE_MS, signal: abort.signal }).catch(() => null);
      if (!found || abort.signal.aborted) return;
      for (const point of found.points) known.set(point.id, point);
      const cut = found.total > found.points.length;
      if (found.points.length > 0) setState((before) => ({ points: [...known.values()], cut: before.cut || cut }));
    };
    more();
    const timer = run.live ? setInterval(more, EVERY_MS) : 0;
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [run.id, run.live]);
  return state;
}

/** Marks for a part of the run: `{ x, y, kind, trace, tokens }`, `y` in milliseconds. The same points give the same marks. */
export function exemplarsOf(points, [from, to]) {
  const width = (to - from) / PARTS;
  const best = new Map();
  const offer = (key, point, beats) => {
    const before = best.get(key);
    if (!before || beats(point, before)) best.set(key, point);
  };
  for (const point of points) {
    if (point.seconds === null || point.at < from || point.at > to) continue;
    const part = Math.min(PARTS - 1, Math.floor((point.at - from) / width));
    offer(`${part} random`, point, (a, b) => drawn(a.id) < drawn(b.id));
    offer(`${part} ${point.failed ? "failed" : "slowest"}`, point, (a, b) => a.seconds > b.seconds);
  }
  const marks = new Map();
  // One that is drawn and the slowest, too, is the slowest.
  for (const kind of ["random", "slowest", "failed"]) {
    for (const [key, { id, at, seconds, tokens }] of best) {
      if (key.endsWith(kind)) marks.set(id, { x: at, y: seconds * 1000, kind, trace: id, tokens });
    }
  }
  return [...marks.values()].sort((a, b) => a.x - b.x);
}

/** A number that an id always draws, and that has nothing to do with when or how long its trace was. */
export function drawn(id) {
  let hash = 2166136261;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 16777619);
  return hash >>> 0;
}
