// Asks the server for runs as rows: the first of them at once, the rest while these are read.

import { useEffect, useRef, useState } from "../lib.js";
import { get } from "../api.js";
import { verdictOf } from "../parts/verdict.js";
import { orderOf } from "./columns.js";
import { withheldOf } from "../run/figures.js";
import { metTargets, sloColumns } from "./slo.js";

/** A table has at most so many runs; how many come first, and how many at a time after them. */
const MOST = 50_000;
const FIRST = 500;
const PAGE = 10_000;

/** What tells that a run has a course over time. */
export const COURSES = ["live.gen_ai.client.operation.duration", "live.window.requests.count"];

/** The columns that a table asks for beside those that it shows. */
export function hiddenColumns(known) {
  const courses = known.filter(({ kind, key }) => kind === "metrics" && COURSES.includes(key));
  return { slo: sloColumns(known), courses: courses.map(({ key }) => `metrics.${key}`) };
}

/** Columns of one answer of the server. */
const MOST_ASKED = 64;

/** The counts that say whether percentiles among the columns are supported, as far as there is room to ask for them. */
function countsOf(columns, room) {
  const keys = columns.filter((column) => withheldOf(column.slice(8), 0)).map((column) => `${column.split(".", 2).join(".")}.count`);
  return [...new Set(keys)].slice(0, room);
}

/** The figures of a row without those that too few values support, and by place why these are not shown. */
function supported({ columns, values, counts, known }) {
  const why = new Map();
  const shown = values.map((value, place) => {
    const at = counts.indexOf(`${columns[place].split(".", 2).join(".")}.count`);
    const reason = at >= 0 && value !== null && known[at] !== null ? withheldOf(columns[place].slice(8), known[at]) : null;
    if (reason) why.set(place, reason);
    return reason ? null : value;
  });
  return { values: shown, withheld: why };
}

function rowOf(run, { hidden, columns, counts }) {
  const [verdict, requests, ...rest] = run.values;
  const slo = rest.splice(0, hidden.slo.length);
  const courses = rest.splice(0, hidden.courses.length);
  const known = rest.splice(0, counts.length);
  return {
    ...run,
    ...supported({ columns, values: rest, counts, known }),
    id: run.run_id,
    verdict: verdictOf({ status: run.status, verdict, requests }),
    live: run.status === "RUNNING" || run.status === "SCHEDULED",
    slo: metTargets(slo),
    hasCourse: courses.some((value) => value !== null),
    took: run.end_time ? run.end_time - run.start_time : null,
  };
}

/** A page of rows: `{ rows, next }`. */
export async function loadPage({ ids, filter, sort, columns, hidden, count, token, signal }) {
  const query = new URLSearchParams();
  for (const id of ids) query.append("experiment_id", id);
  const own = ["tags.verdict", "metrics.requests.total", ...hidden.slo, ...hidden.courses];
  const counts = countsOf(columns, Math.max(0, MOST_ASKED - own.length - columns.length));
  for (const column of [...own, ...counts, ...columns]) query.append("column", column);
  if (filter) query.set("filter", filter);
  query.append("order_by", orderOf(sort) ?? "start_time DESC");
  query.set("max_results", count);
  if (token) query.set("page_token", token);
  const { runs, next_page_token: next } = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return { rows: runs.map((run) => rowOf(run, { hidden, columns, counts })), next };
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
