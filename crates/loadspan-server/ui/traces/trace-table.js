// Traces in rows.

import { html, useMemo } from "../lib.js";
import { NOTHING, ago, count, number, plainLine, time, unitOf } from "../format.js";
import { Table, useRest } from "../parts/table.js";
import { Link, go, setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { shortId } from "./search.js";

/** `isSorted`: in the order of the URL, which the heads of columns change; else in an order that somebody else has chosen. */
export function TraceTable({ rows, label = "Traces", isSorted = true }) {
  const [utc] = useUtc();
  const [mark, height] = useRest();
  const order = useQuery().get("sort") ?? "-started";
  const sort = { key: order.replace(/^-/, ""), descending: order.startsWith("-") };
  const columns = useMemo(() => columnsOf(rows, utc).map((column) => ({ ...column, sortable: column.sortable && isSorted })), [rows, utc, isSorted]);
  const onSort = (key) => {
    const next = sort.key === key && sort.descending ? key : `-${key}`;
    setQuery({ sort: next === "-started" ? null : next }, { push: true });
  };
  return html`
    <div ref=${mark}></div>
    <${Table} label=${label} columns=${columns} rows=${rows} sort=${isSorted ? sort : null} onSort=${onSort} open=${({ id }) => go(linkTo(id))} height=${height} />
  `;
}

/** A trace, with the way back to what is listed here. */
function linkTo(id) {
  const here = location.pathname + location.search;
  return `/traces/${encodeURIComponent(id)}${here === "/traces" ? "" : `?from=${encodeURIComponent(here)}`}`;
}

const STATES = {
  ERROR: { sign: "✕", word: "error", tone: "invalid" },
  OK: { sign: "●", word: "ok", tone: "ok" },
  IN_PROGRESS: { sign: "◐", word: "not ended", tone: "running" },
};

export function State({ of }) {
  const { sign, word, tone } = STATES[of] ?? { sign: "○", word: "unset", tone: "none" };
  return html`<span class="verdict ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}

function columnsOf(rows, utc) {
  const known = rows.map(({ seconds }) => seconds).filter((seconds) => seconds !== null).sort((one, other) => one - other);
  const unit = unitOf(known[Math.floor(known.length / 2)] ?? 1);
  return [
    { key: "status", name: "Status", width: 100, sortable: true, cell: ({ state }) => html`<${State} of=${state} />` },
    { key: "name", name: "Name", width: 200, grows: true, sortable: true, cell: ({ id, name }) => html`<${Link} class="row-link" tabindex="-1" to=${linkTo(id)}>${plainLine(name) || html`<span class="quiet">root not received</span>`}<//>` },
    { key: "service", name: "Service", width: 130, cell: ({ service }) => plainLine(service) || NOTHING },
    { key: "started", name: "Started", width: 216, sortable: true, cell: ({ started }) => html`<time title=${ago(started)}>${time(started, { utc, millis: true })}</time>` },
    { key: "duration", name: "Took", unit: unit.name, width: 96, number: true, sortable: true, cell: ({ seconds }) => number(seconds === null ? NaN : seconds / unit.seconds) },
    { key: "spans", name: "Spans", width: 80, number: true, cell: ({ spans }) => count(spans) },
    { key: "input", name: "In", unit: "tok", width: 84, number: true, cell: ({ inputTokens }) => count(inputTokens) },
    { key: "output", name: "Out", unit: "tok", width: 84, number: true, cell: ({ outputTokens }) => count(outputTokens) },
    { key: "id", name: "Trace", width: 96, cell: ({ id }) => html`<code>${shortId(id)}</code>` },
  ];
}
