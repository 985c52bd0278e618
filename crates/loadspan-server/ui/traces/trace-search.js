// A search for traces: what is asked for, what it comes to over time, the list.

import { html, useMemo } from "../lib.js";
import { useLoad } from "../api.js";
import { count } from "../format.js";
import { Empty, Trouble } from "../parts/state.js";
import { Link, setQuery, useQuery } from "../router.js";
import { useSetting } from "../settings.js";
import { slowestFrom } from "./bins.js";
import { Controls } from "./controls.js";
import { POINTS, loadExperiments, loadPoints, loadTraces } from "./load.js";
import { Overview } from "./overview.js";
import { Refused } from "./refused.js";
import { TraceTable } from "./trace-table.js";
import { isSelected, searchOf } from "./search.js";

/** Traces that are listed at first. */
const LISTED = 200;
const MOST = 10_000;
/** What counts as slow in one click. */
const SLOWEST = 0.05;

export function TraceSearch() {
  const query = useQuery();
  const search = searchOf(query);
  const experiments = useLoad("experiments", loadExperiments);
  const ids = experiments.data?.map(({ experiment_id: id }) => id);
  const chosen = query.get("exp") ? [query.get("exp")] : ids;
  const isFit = query.get("fit") === "1" && search.selection !== null;
  const amount = Math.min(MOST, Math.max(LISTED, Number(query.get("n")) || 0));
  const list = useKeyed(chosen && [chosen, search.filter, search.order, amount], (signal) => loadTraces({ experiments: chosen, ...search, count: amount, signal }));
  const seen = useKeyed(chosen && [chosen, isFit ? search.filter : search.base], (signal) => loadPoints({ experiments: chosen, filter: isFit ? search.filter : search.base, signal }));
  const total = useTotal({ chosen, search, isFit, seen });
  return html`
    <${Controls} experiments=${experiments.data ?? []} services=${servicesOf(list.data?.rows)} />
    ${experiments.error && html`<${Trouble} error=${experiments.error} again=${experiments.reload} what="experiments" />`}
    ${(list.error ?? seen.error) && html`<${Refused} error=${list.error ?? seen.error} again=${list.error ? list.reload : seen.reload} what="traces" />`}
    ${!list.data && !list.error && list.waiting && html`<p class="state" role="status">Reading traces …</p>`}
    ${list.data &&
    !list.error &&
    html`<${Found} list=${list.data} seen=${seen.data} total=${total} amount=${amount} search=${search} isFit=${isFit} experiments=${chosen} isWaiting=${list.waiting} />`}
  `;
}

function useKeyed(parts, load) {
  return useLoad(parts ? JSON.stringify(parts) : null, load);
}

/** How many traces match, or undefined as long as nobody knows: what is seen says it, unless it is only a part of them. */
function useTotal({ chosen, search, isFit, seen }) {
  const { points, total } = seen.data ?? {};
  const isAll = points !== undefined && total !== null && total <= POINTS;
  const isSeen = search.selection === null || isFit;
  const asked = useKeyed(chosen && points && !isAll && !isSeen ? [chosen, search.filter] : null, (signal) => loadPoints({ experiments: chosen, filter: search.filter, signal, most: 1 }));
  const key = JSON.stringify(search.selection);
  return useMemo(() => {
    if (isSeen) return total ?? undefined;
    if (isAll) return points.filter((point) => isSelected(point, search.selection)).length;
    return asked.data?.total ?? undefined;
  }, [points, asked.data, key, isFit]);
}

function servicesOf(rows = []) {
  return [...new Set(rows.map(({ service }) => service))].filter(Boolean).sort();
}

function Found({ list, seen, total, amount, search, isFit, experiments, isWaiting }) {
  const [wanted, setWanted] = useSetting("traces.overview", true);
  const view = useQuery().get("view");
  const isShown = view ? view !== "list" : wanted;
  const { rows, token } = list;
  const line = said({ rows, token, total }, search);
  const toggle = () => {
    setWanted(!isShown);
    setQuery({ view: isShown ? "list" : null });
  };
  const isEmpty = rows.length === 0;
  if (isEmpty && !token && !seen?.points.length) return html`<${None} search=${search} />`;
  const more = token && amount < MOST;
  return html`
    ${isShown && (seen ? html`<${Overview} found=${seen} experiments=${experiments} search=${search} isFit=${isFit} />` : html`<div class="trace-overview waiting"></div>`)}
    <div class="trace-strip">
      <span role="status">${line}</span>
      ${more && html`<button type="button" onClick=${() => setQuery({ n: Math.min(MOST, amount * 5) })} disabled=${isWaiting}>${isWaiting ? "Reading …" : `Show ${count(Math.min(MOST, amount * 5))}`}</button>`}
      <${Selecting} points=${seen?.points ?? []} selection=${search.selection} isFit=${isFit} />
      <span class="fill"></span>
      <button type="button" aria-expanded=${isShown} aria-controls="overview" onClick=${toggle}>${isShown ? "Hide charts" : "Show charts"}</button>
    </div>
    ${isEmpty ? html`<p class="state">No trace is in the selection.</p>` : html`<${TraceTable} rows=${rows} />`}
  `;
}

/** What a click selects, and what can be done with what is selected. */
function Selecting({ points, selection, isFit }) {
  const limit = useMemo(() => slowestFrom(points, SLOWEST), [points]);
  const clear = () => setQuery({ time: null, dur: null, status: null, fit: null }, { push: true });
  if (selection) {
    return html`
      <button type="button" aria-pressed=${isFit} onClick=${() => setQuery({ fit: isFit ? null : "1" }, { push: true })}>Zoom to selection</button>
      <button type="button" onClick=${clear}>Clear selection</button>
    `;
  }
  if (limit === null) return null;
  return html`<button type="button" onClick=${() => setQuery({ dur: `${limit}ms-`, sort: "-duration" }, { push: true })}>Select slowest ${SLOWEST * 100} %</button>`;
}

/** What the list is of, so that nobody takes a part for the whole. */
function said({ rows, token, total }, { order, selection }) {
  const [column, direction] = order.split(" ");
  const which = { timestamp: ["oldest", "newest"], execution_time: ["fastest", "slowest"] }[column]?.[direction === "DESC" ? 1 : 0] ?? "first";
  const errors = rows.filter(({ state }) => state === "ERROR").length;
  const failed = errors > 0 ? `, ${count(errors)} of them with errors` : "";
  const isCut = token && rows.length < (total ?? Infinity);
  if (isCut) return `Showing the ${count(rows.length)} ${which} of ${total === undefined ? "more" : count(total)}${selection ? " selected" : ""}${failed}.`;
  return `${count(rows.length)} ${rows.length === 1 ? "trace" : "traces"}${selection ? " selected" : ""}${failed}.`;
}

function None({ search }) {
  const clear = () => setQuery({ q: null, status: null, svc: null, dur: null, time: null, run: null, exp: null, fit: null }, { push: true });
  const experiments = useLoad("experiments", loadExperiments);
  const ids = experiments.data?.map(({ experiment_id: id }) => id);
  const isFiltered = search.filter !== "";
  const without = useKeyed(isFiltered && ids ? ["all", ids] : null, (signal) => loadPoints({ experiments: ids, filter: "", signal, most: 1 }));
  if (isFiltered) {
    return html`
      <div class="state empty">
        <p>No trace matches.${Number.isFinite(without.data?.total) && ` ${count(without.data.total)} ${without.data.total === 1 ? "trace" : "traces"} without the filter`} <code>${search.filter}</code>.</p>
        <button type="button" onClick=${clear}>Remove filter</button>
      </div>
    `;
  }
  const line = `export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`;
  return html`<${Empty} line=${line}>No traces yet. Point an OpenTelemetry SDK at this address. <${Link} to="/ingest">Ingest health<//> shows what arrived.<//>`;
}
