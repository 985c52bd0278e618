// A search for traces: what is asked for, the scatter, the list. The page of traces shows it, and that of a run for the run's own.

import { html, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count } from "../format.js";
import { Empty, Trouble } from "../parts/state.js";
import { setQuery, useQuery } from "../router.js";
import { useSetting } from "../settings.js";
import { Controls } from "./controls.js";
import { loadExperiments, loadTraces } from "./load.js";
import { Scatter } from "./scatter.js";
import { TraceTable } from "./trace-table.js";
import { searchOf } from "./search.js";

/** Traces that are listed at first, and more of them for each time that one asks for more. */
const STEP = 500;
const MOST = 10_000;

/** `run`: only what is linked to this run. */
export function TraceSearch({ run = null }) {
  const query = useQuery();
  const search = searchOf(query, { run });
  const experiments = useLoad("experiments", loadExperiments);
  const [wanted, setWanted] = useState({ key: "", count: STEP });
  const ids = experiments.data?.map(({ experiment_id: id }) => id);
  const chosen = query.get("exp") ? [query.get("exp")] : ids;
  const key = chosen ? JSON.stringify([chosen, search]) : null;
  const amount = wanted.key === key ? wanted.count : STEP;
  const load = useLoad(key && `${key} ${amount}`, (signal) => loadTraces({ experiments: chosen, ...search, count: amount, signal }));
  const more = () => setWanted({ key, count: Math.min(MOST, amount + (amount > STEP ? 2000 : 1500)) });
  return html`
    <${Controls} experiments=${experiments.data ?? []} services=${servicesOf(load.data?.rows)} run=${run} />
    ${experiments.error && html`<${Trouble} error=${experiments.error} again=${experiments.reload} what="experiments" />`}
    ${load.error && html`<${Refused} error=${load.error} again=${load.reload} />`}
    ${!load.data && !load.error && load.waiting && html`<p class="state" role="status">Reading traces …</p>`}
    ${load.data && !load.error && html`<${Found} found=${load.data} more=${amount < MOST && more} search=${search} run=${run} isWaiting=${load.waiting} />`}
  `;
}

function Refused({ error, again }) {
  if (error.code !== "INVALID_PARAMETER_VALUE") return html`<${Trouble} error=${error} again=${again} what="traces" />`;
  return html`<div class="state trouble" role="alert"><p>The filter is not understood: ${error.message}</p></div>`;
}

function servicesOf(rows = []) {
  return [...new Set(rows.map(({ service }) => service))].filter(Boolean).sort();
}

function Found({ found, more, search, run, isWaiting }) {
  const [shown, setShown] = useSetting("traces.scatter", true);
  const { rows } = found;
  const line = useMemo(() => said(found, search), [found, search.order]);
  if (rows.length === 0) return html`<${None} search=${search} run=${run} />`;
  return html`
    <div class="trace-strip">
      <span role="status">${line}</span>
      ${found.token && more && html`<button type="button" onClick=${more} disabled=${isWaiting}>${isWaiting ? "Reading …" : "Load more"}</button>`}
      <span class="fill"></span>
      <button type="button" aria-expanded=${shown} aria-controls="scatter" onClick=${() => setShown(!shown)}>${shown ? "Hide scatter" : "Show scatter"}</button>
    </div>
    ${shown && html`<${Scatter} rows=${rows} />`}
    <${TraceTable} rows=${rows} />
  `;
}

/** What the list is of, so that nobody takes a part for the whole. */
function said({ rows, token }, { order }) {
  const errors = rows.filter(({ state }) => state === "ERROR").length;
  const [column, direction] = order.split(" ");
  const which = { timestamp: ["oldest", "newest"], execution_time: ["fastest", "slowest"] }[column]?.[direction === "DESC" ? 1 : 0] ?? "first";
  const amount = token ? `The ${count(rows.length)} ${which} of more` : `${count(rows.length)} ${rows.length === 1 ? "trace" : "traces"}`;
  return errors > 0 ? `${amount}, ${count(errors)} with errors` : amount;
}

function None({ search, run }) {
  const clear = () => setQuery({ q: null, status: null, svc: null, dur: null, time: null, run: null, exp: null }, { push: true });
  const own = run ? `run_id = '${run}'` : "";
  if (search.filter !== own) {
    return html`
      <div class="state empty">
        <p>No trace matches <code>${search.filter}</code>.</p>
        <button type="button" onClick=${clear}>Remove filter</button>
      </div>
    `;
  }
  if (run) return html`<p class="state">No traces of this run. Give the run <code>--otel-url</code> to have one for each request.</p>`;
  const line = `export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`;
  return html`<${Empty} line=${line}>No traces yet. Point an OpenTelemetry SDK at this address.<//>`;
}
