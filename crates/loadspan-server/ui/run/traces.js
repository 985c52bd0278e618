// The traces of a run: the slowest, the failed ones, some at random, the first and the last.

import { html, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { Link, go, setQuery, useQuery } from "../router.js";
import { Loaded } from "../parts/state.js";
import { Table, useRest } from "../parts/table.js";
import { NOTHING, count, duration, number, plainLine } from "../format.js";
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
      ${({ traces }) => (traces.length === 0 ? html`<${None} run=${run} order=${order} />` : html`<${Rows} traces=${traces} />`)}
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

const COLUMNS = [
  { key: "state", name: "State", width: 88, cell: ({ state }) => html`<span class="verdict ${state === "ERROR" ? "invalid" : "none"}">${state === "ERROR" ? "✕ error" : state === "OK" ? "ok" : plainLine(state ?? NOTHING)}</span>` },
  { key: "name", name: "Name", width: 220, grows: true, cell: ({ name }) => plainLine(name) },
  { key: "at", name: "Ended at", unit: "s", width: 96, number: true, cell: ({ at }) => number(at, 4) },
  { key: "seconds", name: "Took", width: 96, number: true, cell: ({ seconds }) => duration(seconds) },
  { key: "input", name: "Input", unit: "tokens", width: 112, number: true, cell: ({ input }) => count(input) },
  { key: "output", name: "Output", unit: "tokens", width: 118, number: true, cell: ({ output }) => count(output) },
  { key: "id", name: "Trace", width: 110, class: () => "mono", cell: ({ id }) => html`<${Link} to=${`/traces/${id}`}>${id.replace(/^tr-/, "").slice(0, 8)}<//>` },
];

function Rows({ traces }) {
  const [mark, height] = useRest(8);
  const [columns] = useState(COLUMNS);
  return html`
    <div ref=${mark}></div>
    <${Table} label="Traces of the run" columns=${columns} rows=${traces} open=${({ id }) => go(`/traces/${id}`)} height=${height} />
  `;
}
