// Everything a run was given and was tagged with, and its metrics by name: to be found by typing.

import { html, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { useQuery } from "../router.js";
import { count, number, plainLine } from "../format.js";
import { loadRun } from "./load.js";

export function Params({ run }) {
  const [text, setText] = useState("");
  const base = useQuery().get("base");
  const other = useLoad(base && base !== run.id ? base : null, (signal) => loadRun(base, signal));
  const differing = other.data ? differences(run, other.data) : [];
  const metrics = Object.entries(run.metrics).filter(([name]) => !name.startsWith("live."));
  return html`
    <div class="toolbar">
      <span class="find"><input data-find type="search" aria-label="Find in parameters, tags and metrics" placeholder="Find a name or a value" value=${text} onInput=${(event) => setText(event.target.value)} /></span>
    </div>
    <div class="pages-of-pairs">
      ${other.data && html`<${Pairs} title="Differs from ${plainLine(other.data.name)}" text=${text} rows=${differing} />`}
      <${Pairs} title="Parameters" text=${text} rows=${Object.entries(run.params)} />
      <${Pairs} title="Tags" text=${text} rows=${Object.entries(run.tags)} />
      <${Pairs} title="Metrics, last values" text=${text} rows=${metrics.map(([name, value]) => [name, number(value, 6)])} most=${40} />
    </div>
  `;
}

function differences(run, other) {
  const names = new Set([...Object.keys(run.params), ...Object.keys(other.params)]);
  return [...names]
    .filter((name) => run.params[name] !== other.params[name])
    .map((name) => [name, `${run.params[name] ?? "–"}  (there: ${other.params[name] ?? "–"})`]);
}

function Pairs({ title, rows, text, most = 400 }) {
  const [all, setAll] = useState(false);
  const wanted = text.trim().toLowerCase();
  const found = rows.filter(([name, value]) => !wanted || `${name} ${value}`.toLowerCase().includes(wanted)).sort(([a], [b]) => a.localeCompare(b));
  const shown = all ? found : found.slice(0, most);
  return html`
    <section>
      <div class="section-head">
        <h2>${title}</h2>
        <span class="quiet">${found.length === rows.length ? count(rows.length) : `${count(found.length)} of ${count(rows.length)}`}</span>
      </div>
      ${rows.length === 0
        ? html`<p class="quiet">None.</p>`
        : html`
            <dl class="pairs long">
              ${shown.map(([name, value]) => html`<div key=${name}><dt class="mono">${plainLine(name)}</dt><dd class="mono"><${Value} text=${String(value)} /></dd></div>`)}
            </dl>
          `}
      ${shown.length < found.length && html`<p><button type="button" onClick=${() => setAll(true)}>Show all ${count(found.length)}</button></p>`}
    </section>
  `;
}

const LONG = 200;

/** Long values are cut until somebody wants all of them. */
function Value({ text }) {
  const [all, setAll] = useState(false);
  if (all || text.length <= LONG) return html`<span class="pre">${lines(text)}</span>`;
  return html`<span class="pre">${lines(text.slice(0, LONG))} … </span><button type="button" class="plain" onClick=${() => setAll(true)}>Show all ${count(text.length)}</button>`;
}

/** Line breaks stay; all else that steers is spelt out. */
function lines(text) {
  return text.split("\n").map(plainLine).join("\n");
}
