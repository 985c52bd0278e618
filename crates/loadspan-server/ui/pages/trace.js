// One trace: its waterfall, its statistics, its log, and everything about the span that is selected.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count, duration, plainLine, time } from "../format.js";
import { useKeys } from "../keys.js";
import { toClipboard } from "../parts/copy.js";
import { Trouble } from "../parts/state.js";
import { Link, decoded, setQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { PageHead } from "../shell.js";
import { loadTrace } from "../trace/load.js";
import { Logs } from "../trace/logs.js";
import { News } from "../trace/news.js";
import { StatisticsView } from "../trace/statistics-view.js";
import { TimeView } from "../trace/time-view.js";
import { shortId, traceId } from "../traces/search.js";
import { useTraceState } from "../trace/state.js";

const VIEWS = [
  ["waterfall", "Waterfall"],
  ["stats", "Statistics"],
  ["logs", "Log"],
];

export function Trace({ trace }) {
  const id = traceId(decoded(trace));
  const [read, setRead] = useState(null);
  const load = useLoad(id, (signal) => loadTrace(id, signal, (so_far, all) => setRead([so_far, all])));
  if (load.data?.info.id === id && load.data.tree.size > 0) {
    return html`<${Whole} key=${id} id=${id} info=${load.data.info} tree=${load.data.tree} reload=${load.reload} />`;
  }
  return html`
    <${PageHead} title=${plainLine(shortId(id))} trail=${[{ to: "/traces", name: "Traces" }]} />
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="trace ${plainLine(shortId(id))}" />`}
    ${!load.error && load.data && html`<p class="state">No span of this trace has come yet. Only its name and times are known.</p>`}
    ${!load.error && !load.data && load.waiting && html`<p class="state" role="status">${progress(read)}</p>`}
  `;
}

function progress(read) {
  if (!read) return "Reading the trace …";
  const [soFar, all] = read;
  return `Reading ${count(all ?? soFar)} spans${all ? `, ${Math.min(100, Math.floor((soFar / all) * 100))} %` : ""} …`;
}

function Whole({ id, info, tree, reload }) {
  const state = useTraceState(tree);
  const [dismissed, setDismissed] = useState(null);
  const missing = state.missing !== dismissed && state.missing;
  return html`
    <div class="trace-page">
      <${Head} info=${info} tree=${tree} />
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
      ${state.shown === "waterfall" && html`<${TimeView} id=${id} tree=${tree} state=${state} />`}
      ${state.shown === "stats" && html`<${StatisticsView} tree=${tree} />`}
      ${state.shown === "logs" && html`<${Logs} id=${id} tree=${tree} />`}
    </div>
  `;
}

function Head({ info, tree }) {
  const [utc] = useUtc();
  const title = plainLine(info.name || tree.name[0] || shortId(info.id));
  return html`
    <${PageHead} title=${title} trail=${[{ to: "/traces", name: "Traces" }]}>
      ${info.run && html`<${Link} class="button" to=${`/runs/${encodeURIComponent(info.run)}`}>Run<//>`}
      ${info.session !== null && html`<${Link} class="button" to=${`/sessions/${encodeURIComponent(info.session)}`}>Session<//>`}
      <a class="button" href=${`/api/3.0/loadspan/traces/${encodeURIComponent(info.id)}/export?format=otlp`} download=${`${info.id}.json`}>OTLP</a>
      <${CopyLink} />
    <//>
    <p class="trace-facts">
      <code>${shortId(info.id)}</code>
      <span>${duration(tree.total / 1e9, 4)}</span>
      <span>${count(tree.size)} ${tree.size === 1 ? "span" : "spans"}</span>
      ${tree.errors > 0 && html`<span class="verdict invalid">✕ ${count(tree.errors)} ${tree.errors === 1 ? "error" : "errors"}</span>`}
      ${info.state === "IN_PROGRESS" && html`<span class="verdict running">◐ not ended</span>`}
      <span>${time(info.started, { utc, millis: true })}</span>
      ${tree.services.length > 1 && html`<span>${tree.services.length} services</span>`}
    </p>
  `;
}

function CopyLink() {
  const [said, setSaid] = useState("");
  const timer = useRef();
  const copy = async () => {
    setSaid((await toClipboard(location.href)) ? "Copied" : "Copy it from the address bar");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(""), 2000);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useKeys([{ keys: "y", does: "Copy the link", run: copy }]);
  return html`<button type="button" onClick=${copy}>${said || "Copy link"}</button><span class="unseen" role="status">${said}</span>`;
}

function Views({ shown, children }) {
  const show = (view) => setQuery({ view: view === "waterfall" ? null : view }, { push: true });
  const tabs = useMemo(() => VIEWS, []);
  return html`
    <div class="tabs" role="group" aria-label="View">
      ${tabs.map(([view, name]) => html`<button type="button" aria-pressed=${shown === view} onClick=${() => show(view)}>${name}</button>`)}
      <span class="fill"></span>
      ${children}
    </div>
  `;
}
