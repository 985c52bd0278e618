// The traces of a run: the slowest, the failed ones, some at random, the first and the last.

import { html } from "../lib.js";
import { useLoad } from "../api.js";
import { Link, setQuery, useQuery } from "../router.js";
import { Loaded } from "../parts/state.js";
import { count } from "../format.js";
import { TraceTable } from "../traces/trace-table.js";
import { listTraces } from "./trace-list.js";

const ORDERS = [
  ["slowest", "Slowest"],
  ["failed", "Failed"],
  ["random", "Random"],
  ["newest", "Last"],
  ["oldest", "First"],
];
const MOST = 200;

export function RunTraces({ run }) {
  const order = ORDERS.find(([key]) => key === useQuery().get("order"))?.[0] ?? "slowest";
  const load = useLoad(`traces ${run.id} ${order}`, (signal) => listTraces(run, { order, most: MOST, signal }));
  return html`
    <div class="toolbar">
      <span class="switch" role="group" aria-label="Which traces">
        ${ORDERS.map(([key, name]) => html`<button type="button" aria-pressed=${order === key} onClick=${() => setQuery({ order: key })}>${name}</button>`)}
      </span>
      ${load.data && html`<span class="quiet">${amountOf(order, load.data)}</span>`}
      <${Link} class="fill-right" to=${`/traces?run=${run.id}`}>Search in them<//>
    </div>
    <${Loaded} load=${load} what="traces">
      ${({ traces }) => (traces.length === 0 ? html`<${None} run=${run} order=${order} />` : html`<${TraceTable} rows=${traces} label="Traces of the run" isSorted=${false} />`)}
    <//>
  `;
}

/** Never cut without this line. */
function amountOf(order, { traces, more }) {
  if (!more) return `${count(traces.length)} traces.`;
  return order === "random" ? `${count(traces.length)} picked at random.` : `The ${order} ${count(traces.length)}; there are more.`;
}

function None({ run, order }) {
  if (order === "failed") return html`<div class="state empty"><p>No trace of this run says that it failed.</p></div>`;
  return html`<div class="state empty"><p>This run has no traces${run.live ? " yet" : ""}. <code>--mlflow-traces</code> makes one for each request that is sampled.</p></div>`;
}
