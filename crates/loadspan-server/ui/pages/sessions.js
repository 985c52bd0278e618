// Sessions: traces that belong to one conversation, by the session that they name. The one with the latest trace stands first.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { NOTHING, ago, count, number, plainLine, time, unitOf } from "../format.js";
import { Empty } from "../parts/state.js";
import { Table, useRest } from "../parts/table.js";
import { Link, go, setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { PageHead } from "../shell.js";
import { WAYS, filterOf, sessionRow } from "../sessions/search.js";
import { loadExperiments, loadSessions } from "../traces/load.js";
import { Refused } from "../traces/refused.js";

/** Sessions that are listed at first. */
const LISTED = 100;
const MOST = 10_000;

export function Sessions() {
  const query = useQuery();
  const filter = filterOf(query);
  const amount = Math.min(MOST, Math.max(LISTED, Number(query.get("n")) || 0));
  const load = useLoad(JSON.stringify([filter, amount]), async (signal) => {
    const experiments = (await loadExperiments(signal)).map(({ experiment_id: id }) => id);
    const { sessions, total, complete, token } = await loadSessions({ experiments, filter, count: amount, signal });
    return { rows: sessions.map(sessionRow), total, complete, isCut: Boolean(token), filter };
  });
  return html`
    <${PageHead} title="Sessions" />
    <${Find} />
    ${load.error && html`<${Refused} error=${load.error} again=${load.reload} what="sessions" />`}
    ${!load.data && !load.error && load.waiting && html`<p class="state" role="status">Reading sessions …</p>`}
    ${load.data && !load.error && html`<${List} found=${load.data} amount=${amount} isWaiting=${load.waiting} />`}
  `;
}

function Find() {
  const query = useQuery();
  const value = query.get("q") ?? "";
  const way = WAYS.find(([key]) => key === query.get("by")) ?? WAYS[0];
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event) => {
    event.preventDefault();
    setQuery({ q: text.trim(), n: null }, { push: true });
  };
  return html`
    <form class="toolbar" role="search" onSubmit=${submit}>
      <select aria-label="Search in" value=${way[0]} onChange=${(event) => setQuery({ by: event.target.value === "text" ? null : event.target.value, n: null }, { push: true })}>
        ${WAYS.map(([key, name]) => html`<option value=${key}>${name}</option>`)}
      </select>
      <div class="find">
        <input
          data-find
          type="search"
          aria-label="Find sessions"
          placeholder=${way[2]}
          value=${text}
          spellcheck="false"
          onInput=${(event) => setText(event.target.value)}
          onSearch=${(event) => event.target.value === "" && setQuery({ q: null, n: null }, { push: true })}
        />
      </div>
    </form>
  `;
}

function List({ found, amount, isWaiting }) {
  const { rows, total, complete, isCut, filter } = found;
  const many = `${complete ? "" : "at least "}${count(total)}`;
  const query = useQuery();
  const [utc] = useUtc();
  const [mark, height] = useRest();
  // Sorting a part would show the longest of those that happen to be here: the server's order stays until all are.
  const order = isCut ? "-last" : (query.get("sort") ?? "-last");
  const sort = { key: order.replace(/^-/, ""), descending: order.startsWith("-") };
  const shown = useMemo(() => sorted(rows, sort), [rows, order]);
  const columns = useMemo(() => columnsOf(rows, { utc, isCut }), [rows, utc, isCut]);
  if (rows.length === 0) return html`<${None} filter=${filter} />`;
  const onSort = (key) => {
    const next = sort.key === key && sort.descending ? key : `-${key}`;
    setQuery({ sort: next === "-last" ? null : next }, { push: true });
  };
  const more = Math.min(MOST, amount * 5);
  return html`
    <div class="trace-strip">
      <span role="status">${isCut ? `Showing the ${count(rows.length)} latest of ${many} sessions.` : `${many} ${total === 1 ? "session" : "sessions"}.`}</span>
      ${isCut && amount < MOST && html`<button type="button" disabled=${isWaiting} onClick=${() => setQuery({ n: more })}>${isWaiting ? "Reading …" : `Show ${count(more)}`}</button>`}
    </div>
    <div ref=${mark}></div>
    <${Table} label="Sessions" columns=${columns} rows=${shown} sort=${sort} onSort=${onSort} open=${({ id }) => go(`/sessions/${encodeURIComponent(id)}`)} height=${height} />
  `;
}

function None({ filter }) {
  if (filter !== "") {
    return html`
      <div class="state empty">
        <p>No session matches <code>${filter}</code>.</p>
        <button type="button" onClick=${() => setQuery({ q: null, by: null }, { push: true })}>Remove filter</button>
      </div>
    `;
  }
  return html`<${Empty} line="span.set_attribute('session.id', 'my-session')">
    No trace names a session yet. Spans do with the attribute <code>session.id</code> or <code>gen_ai.conversation.id</code>.
  <//>`;
}

function sorted(rows, { key, descending }) {
  const sign = descending ? -1 : 1;
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other ?? "") : (one ?? -1) - (other ?? -1));
  return [...rows].sort((one, other) => sign * compare(one[key], other[key]));
}

function columnsOf(rows, { utc, isCut }) {
  const known = rows.map(({ seconds }) => seconds).filter((seconds) => seconds !== null).sort((one, other) => one - other);
  const unit = unitOf(known[Math.floor(known.length / 2)] ?? 1);
  const columns = [
    { key: "id", name: "Session", width: 140, cell: ({ id }) => html`<${Link} class="row-link" tabindex="-1" to=${`/sessions/${encodeURIComponent(id)}`}><code>${plainLine(id)}</code><//>` },
    { key: "asked", name: "First message", width: 220, grows: true, cell: ({ asked }) => plainLine(asked) || NOTHING },
    { key: "traces", name: "Traces", width: 76, number: true, cell: ({ traces }) => count(traces) },
    { key: "errors", name: "Errors", width: 76, number: true, class: ({ errors }) => (errors > 0 ? "bad" : ""), cell: ({ errors }) => count(errors) },
    { key: "tokens", name: "Tokens", width: 84, number: true, cell: ({ tokens }) => count(tokens) },
    { key: "cost", name: "Cost", unit: "$", width: 84, number: true, cell: ({ cost }) => number(cost) },
    { key: "models", name: "Models", width: 130, cell: ({ models }) => models.map(plainLine).join(", ") || NOTHING },
    { key: "seconds", name: "In traces", unit: unit.name, width: 104, number: true, cell: ({ seconds }) => number(seconds === null ? NaN : seconds / unit.seconds) },
    { key: "last", name: "Last trace", width: 190, cell: ({ last }) => html`<time title=${ago(last)}>${time(last, { utc })}</time>` },
  ];
  return columns.map((column) => ({ ...column, sortable: !isCut && column.key !== "models" }));
}
