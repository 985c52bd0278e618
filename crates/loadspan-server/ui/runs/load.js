// Asks the server for runs as rows: the first of them at once, the rest while these are read.

import { useEffect, useRef, useState } from "../lib.js";
import { get } from "../api.js";
import { verdictOf } from "../parts/verdict.js";
import { orderOf } from "./columns.js";
import { metTargets, sloColumns } from "./slo.js";

/** A table has at most so many runs; how many come first, and how many at a time after them. */
const MOST = 50_000;
const FIRST = 500;
const PAGE = 10_000;

/** What tells that a run has a course over time. */
const COURSES = ["live.gen_ai.client.operation.duration", "live.window.requests.count"];

/** The columns that a table asks for beside those that it shows. */
export function hiddenColumns(known) {
  const courses = known.filter(({ kind, key }) => kind === "metrics" && COURSES.includes(key));
  return { slo: sloColumns(known), courses: courses.map(({ key }) => `metrics.${key}`) };
}

function rowOf(run, hidden) {
  const [verdict, ...rest] = run.values;
  const slo = rest.splice(0, hidden.slo.length);
  const courses = rest.splice(0, hidden.courses.length);
  return {
    ...run,
    id: run.run_id,
    verdict: verdictOf({ status: run.status, verdict }),
    live: run.status === "RUNNING" || run.status === "SCHEDULED",
    slo: metTargets(slo),
    hasCourse: courses.some((value) => value !== null),
    took: run.end_time ? run.end_time - run.start_time : null,
    values: rest,
  };
}

/** A page of rows: `{ rows, next }`. */
export async function loadPage({ ids, filter, sort, columns, hidden, count, token, signal }) {
  const query = new URLSearchParams();
  for (const id of ids) query.append("experiment_id", id);
  for (const column of ["tags.verdict", ...hidden.slo, ...hidden.courses, ...columns]) query.append("column", column);
  if (filter) query.set("filter", filter);
  query.append("order_by", orderOf(sort) ?? "start_time DESC");
  query.set("max_results", count);
  if (token) query.set("page_token", token);
  const { runs, next_page_token: next } = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return { rows: runs.map((run) => rowOf(run, hidden)), next };
}

/**
 * Rows as they come: `{ rows, complete, more, error, key, reload }`. `more`: there are others that the table does not have. With
 * another `round` the same is asked again, and what was there stays until all of it has come.
 */
export function useRows(wanted, round) {
  const key = JSON.stringify(wanted);
  const [state, setState] = useState({ rows: undefined, complete: false, more: false, error: undefined, key: null });
  const [again, setAgain] = useState(0);
  const latest = useRef(null);
  useEffect(() => {
    const abort = new AbortController();
    const quiet = latest.current === key;
    collect({ wanted, quiet, signal: abort.signal, tell: (found) => setState({ error: undefined, key, ...found }) })
      .then(() => (latest.current = key))
      .catch((error) => {
        if (error.name !== "AbortError") setState((before) => ({ ...before, error, key }));
      });
    return () => abort.abort();
  }, [key, round, again]);
  return { ...state, stale: state.key !== key, reload: () => setAgain((times) => times + 1) };
}

async function collect({ wanted, quiet, signal, tell }) {
  let [rows, token] = [[], null];
  if (wanted.ids.length > 0) {
    do {
      const count = token === null && !quiet ? FIRST : PAGE;
      const page = await loadPage({ ...wanted, count, token, signal });
      rows = rows.length === 0 ? page.rows : rows.concat(page.rows);
      token = page.next;
      if (!quiet || !token) tell({ rows, complete: !token, more: false });
    } while (token && rows.length < MOST);
  }
  tell({ rows, complete: !token, more: Boolean(token) });
}
