// Log records of a trace, in the order in which they came.

import { html, useEffect, useState } from "../lib.js";
import { duration, plainLine } from "../format.js";
import { Trouble } from "../parts/state.js";
import { setQuery } from "../router.js";
import { Json } from "../chat/json.js";
import { loadLogs } from "./load.js";
import { nanosSince } from "./tree.js";

export function Logs({ id, tree }) {
  const [state, setState] = useState({ logs: [], token: undefined, done: false, error: null, waiting: true });
  const [page, setPage] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    loadLogs(id, state.token, abort.signal).then(
      ({ logs = [], next_page_token: token }) =>
        setState((before) => ({ logs: [...before.logs, ...logs], token, done: !token, error: null, waiting: false })),
      (error) => error.name !== "AbortError" && setState((before) => ({ ...before, error, waiting: false })),
    );
    return () => abort.abort();
  }, [id, page]);
  const more = () => setPage((before) => before + 1);
  if (state.error) return html`<${Trouble} error=${state.error} again=${more} what="the log of this trace" />`;
  if (state.waiting) return null;
  if (state.logs.length === 0) return html`<p class="state">No log record names this trace. Send logs over OTLP with its trace id, and they appear here.</p>`;
  return html`
    <div class="logs">
      <ol>${state.logs.map((log) => html`<${Log} log=${log} tree=${tree} />`)}</ol>
      ${!state.done && html`<p class="toolbar"><span class="quiet">The first ${state.logs.length}.</span><button type="button" onClick=${more}>Show more</button></p>`}
    </div>
  `;
}

function Log({ log, tree }) {
  const row = tree.row.get(log.span_id);
  const since = log.time_ns ? (nanosSince(String(log.time_ns), tree.base.second) - tree.base.nanos) / 1e9 : NaN;
  const body = typeof log.body === "string" ? log.body : null;
  const attributes = Object.keys(log.attributes ?? {}).length > 0 ? log.attributes : null;
  return html`
    <li>
      <span class="at">${duration(since)}</span>
      <span class="level ${levelOf(log.severity)}">${plainLine(log.severity_text ?? "") || levelOf(log.severity)}</span>
      <div class="said">
        ${log.event_name && html`<b>${plainLine(log.event_name)}</b> `}
        ${body !== null ? html`<span class="pre">${body}</span>` : log.body !== undefined && log.body !== null && html`<${Json} value=${log.body} />`}
        <${More} attributes=${attributes} />
      </div>
      ${row === undefined
        ? html`<span class="quiet">–</span>`
        : html`<button type="button" class="link" onClick=${() => setQuery({ view: null, span: tree.id[row] }, { push: true })}>${plainLine(tree.name[row])}</button>`}
    </li>
  `;
}

/** A few short ones stand there, many are opened. */
function More({ attributes }) {
  if (!attributes) return null;
  const entries = Object.entries(attributes);
  const isShort = entries.length <= 4 && entries.every(([, value]) => value !== null && typeof value !== "object" && String(value).length < 40);
  if (isShort) return html`<div class="quiet">${entries.map(([key, value]) => `${plainLine(key)}=${plainLine(value)}`).join("  ")}</div>`;
  return html`<details><summary>Attributes</summary><${Json} value=${attributes} /></details>`;
}

/** Numbers of severity are grouped by four. */
function levelOf(severity) {
  return ["trace", "debug", "info", "warn", "error", "fatal"][Math.floor(((severity ?? 9) - 1) / 4)] ?? "info";
}
