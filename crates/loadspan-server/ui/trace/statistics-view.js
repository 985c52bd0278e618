// What the spans of a trace come to, by name, service or kind.

import { html, useMemo } from "../lib.js";
import { NOTHING, count, number, plainLine, unitOf } from "../format.js";
import { Table, useRest } from "../parts/table.js";
import { setQuery, useQuery } from "../router.js";
import { statisticsOf } from "./statistics.js";

const NAMES = { name: "Name", service: "Service", kind: "Kind" };

export function StatisticsView({ tree }) {
  const query = useQuery();
  const by = NAMES[query.get("by")] ? query.get("by") : "name";
  const order = query.get("order") ?? "-total";
  const sort = { key: order.replace(/^-/, ""), descending: order.startsWith("-") };
  const rows = useMemo(() => sorted(statisticsOf(tree, by), sort), [tree, by, order]);
  const columns = useMemo(() => columnsOf(rows, by), [rows, by]);
  const [mark, height] = useRest();
  const onSort = (key) => setQuery({ order: sort.key === key && sort.descending ? key : `-${key}` });
  return html`
    <div class="toolbar">
      <label>
        Group by
        <select value=${by} onChange=${(event) => setQuery({ by: event.target.value === "name" ? null : event.target.value })}>
          ${Object.entries(NAMES).map(([key, name]) => html`<option value=${key}>${name.toLowerCase()}</option>`)}
        </select>
      </label>
      <span class="quiet">Self: the time in which none of the spans below was open. Enter shows the longest span of a row.</span>
    </div>
    <div ref=${mark}></div>
    <${Table}
      label="Statistics of the trace"
      columns=${columns}
      rows=${rows}
      sort=${sort}
      onSort=${onSort}
      open=${({ worst }) => setQuery({ view: null, by: null, order: null, span: tree.id[worst] }, { push: true })}
      height=${height}
    />
  `;
}

function sorted(rows, { key, descending }) {
  const sign = descending ? -1 : 1;
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other) : (one ?? -1) - (other ?? -1));
  return rows.map((row) => ({ ...row, id: row.key })).sort((one, other) => sign * compare(one[key], other[key]));
}

function columnsOf(rows, by) {
  const figures = [
    ["total", "Total"],
    ["self", "Self"],
    ["p50", "p50"],
    ["p99", "p99"],
    ["longest", "Longest"],
  ];
  return [
    { key: "key", name: NAMES[by], width: 200, grows: true, sortable: true, cell: ({ key }) => plainLine(key) || "no name" },
    { key: "count", name: "Count", width: 84, number: true, sortable: true, cell: (row) => count(row.count) },
    ...figures.map(([key, name]) => durations(rows, key, name)),
    { key: "errors", name: "Errors", width: 84, number: true, sortable: true, class: ({ errors }) => (errors > 0 ? "bad" : ""), cell: (row) => count(row.errors) },
  ];
}

/** A column has one unit: that which its median reads best in. */
function durations(rows, key, name) {
  const known = rows.map((row) => row[key]).filter((value) => value !== null).sort((one, other) => one - other);
  const unit = unitOf((known[Math.floor(known.length / 2)] ?? 0) / 1e9);
  const cell = (row) =>
    row[key] === null
      ? html`<span title="n=${row.count}: too few">${NOTHING}<span class="unseen">: too few, n=${row.count}</span></span>`
      : number(row[key] / 1e9 / unit.seconds);
  return { key, name, unit: unit.name, width: 96, number: true, sortable: true, cell };
}
