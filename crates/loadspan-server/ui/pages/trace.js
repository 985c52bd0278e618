// One trace: its waterfall, its statistics, its log, and everything about the span that is selected.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count, plainLine } from "../format.js";
import { Trouble } from "../parts/state.js";
import { decoded, setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { shiftsOf } from "../trace/clock.js";
import { TraceHead } from "../trace/head.js";
import { loadTrace } from "../trace/load.js";
import { Logs } from "../trace/logs.js";
import { News } from "../trace/news.js";
import { useTraceState } from "../trace/state.js";
import { StatisticsView } from "../trace/statistics-view.js";
import { TimeView } from "../trace/time-view.js";
import { treeOf } from "../trace/tree.js";
import { shortId, traceId } from "../traces/search.js";

const VIEWS = [
  ["waterfall", "Waterfall"],
  ["stats", "Statistics"],
  ["logs", "Log"],
];

export function Trace({ trace }) {
  const id = traceId(decoded(trace));
  const [expected, setExpected] = useState(null);
  const load = useLoad(id, (signal) => loadTrace(id, signal, setExpected));
  const data = load.data?.info.id === id ? load.data : null;
  if (data?.skeleton.ids.length > 0) return html`<${Whole} key=${id} id=${id} info=${data.info} skeleton=${data.skeleton} reload=${load.reload} />`;
  return html`
    <${PageHead} title=${plainLine(shortId(id))} trail=${[{ to: "/traces", name: "Traces" }]} />
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="trace ${plainLine(shortId(id))}" />`}
    ${!load.error && data && html`<p class="state">No span of this trace has come yet. Only its name and times are known.</p>`}
    ${!load.error && !data && load.waiting && html`<p class="state" role="status">Reading ${expected ? `${count(expected)} spans` : "the trace"} …</p>`}
  `;
}

function Whole({ id, info, skeleton, reload }) {
  const raw = useMemo(() => treeOf(skeleton), [skeleton]);
  const shifts = useMemo(() => shiftsOf(raw), [raw]);
  const isAligned = useQuery().get("clock") === "1";
  const tree = useMemo(() => (isAligned && shifts ? treeOf(skeleton, shifts) : raw), [raw, shifts, isAligned]);
  const state = useTraceState(tree);
  const [dismissed, setDismissed] = useState(null);
  const missing = state.missing !== dismissed && state.missing;
  useOnlySpan(tree, state);
  return html`
    <div class="trace-page">
      <${TraceHead} info=${info} tree=${raw} />
      ${missing &&
      html`
        <p class="notice" role="status">
          Span ${plainLine(missing.slice(0, 16))} is not in this trace.
          <button type="button" onClick=${() => setDismissed(state.missing)}>Dismiss</button>
        </p>
      `}
      <${Views} shown=${state.shown}>
        <${News} id=${id} info=${info} tree=${tree} reload=${reload} />
      <//>
      ${state.shown === "waterfall" && html`<${TimeView} id=${id} skeleton=${skeleton} tree=${tree} canAlign=${shifts !== null} state=${state} />`}
      ${state.shown === "stats" && html`<${StatisticsView} tree=${tree} />`}
      ${state.shown === "logs" && html`<${Logs} id=${id} tree=${tree} />`}
    </div>
  `;
}

/** Of a trace of one span there is nothing else to look at: it opens by itself, and stays closed once it is closed. */
function useOnlySpan(tree, { selected, missing }) {
  useEffect(() => {
    if (tree.size === 1 && selected === -1 && missing === null) setQuery({ span: tree.id[0] });
  }, []);
}

function Views({ shown, children }) {
  const show = (view) => setQuery({ view: view === "waterfall" ? null : view }, { push: true });
  return html`
    <div class="tabs" role="group" aria-label="View">
      ${VIEWS.map(([view, name]) => html`<button type="button" aria-pressed=${shown === view} onClick=${() => show(view)}>${name}</button>`)}
      <span class="fill"></span>
      ${children}
    </div>
  `;
}
