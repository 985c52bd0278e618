// Sessions: traces that belong to one conversation, by the session that they name.

import { html, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { NOTHING, ago, count, duration, number, plainLine, time } from "../format.js";
import { Empty, Trouble } from "../parts/state.js";
import { Table, useRest } from "../parts/table.js";
import { go, setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { PageHead } from "../shell.js";
import { sessionsOf } from "../sessions/group.js";
import { loadExperiments, loadTraces } from "../traces/load.js";

/** Turns that sessions are made of; older ones only when asked for. */
const TURNS = 2000;
const HAS_SESSION = "metadata.`mlflow.trace.session` IS NOT NULL";

export function Sessions() {
  const [turns, setTurns] = useState(TURNS);
  const load = useLoad(`sessions ${turns}`, async (signal) => {
    const experiments = (await loadExperiments(signal)).map(({ experiment_id: id }) => id);
    return loadTraces({ experiments, filter: HAS_SESSION, order: "timestamp DESC", count: turns, signal });
  });
  return html`
    <${PageHead} title="Sessions" />
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="sessions" />`}
    ${!load.data && !load.error && load.waiting && html`<p class="state" role="status">Reading sessions …</p>`}
    ${load.data && html`<${List} found=${load.data} more=${() => setTurns(turns + TURNS)} isWaiting=${load.waiting} />`}
  `;
}

function List({ found, more, isWaiting }) {
  const query = useQuery();
  const text = query.get("q") ?? "";
  const order = query.get("sort") ?? "-last";
  const sort = { key: order.replace(/^-/, ""), descending: order.startsWith("-") };
  const all = useMemo(() => sessionsOf(found.rows), [found]);
  const rows = useMemo(() => sorted(all.filter((session) => has(session, text)), sort), [all, text, order]);
  const [utc] = useUtc();
  const columns = useMemo(() => columnsOf(utc), [utc]);
  const [mark, height] = useRest();
  if (all.length === 0) {
    return html`<${Empty} line="span.set_attribute('session.id', 'my-session')">
      No trace names a session yet. Spans do with the attribute <code>session.id</code> or <code>gen_ai.conversation.id</code>.
    <//>`;
  }
  const onSort = (key) => setQuery({ sort: sort.key === key && sort.descending ? key : `-${key}` });
  return html`
    <div class="toolbar">
      <div class="find" role="search">
        <input data-find type="search" aria-label="Find sessions" placeholder="session, user, service, first message" value=${text} onInput=${(event) => setQuery({ q: event.target.value })} />
      </div>
      <span class="quiet" role="status">
        ${count(rows.length)} ${rows.length === 1 ? "session" : "sessions"}${found.token ? `, of the newest ${count(found.rows.length)} turns: older turns are not counted` : ""}
      </span>
      ${found.token && html`<button type="button" onClick=${more} disabled=${isWaiting}>Read older turns</button>`}
    </div>
    <div ref=${mark}></div>
    <${Table} label="Sessions" columns=${columns} rows=${rows} sort=${sort} onSort=${onSort} open=${({ id }) => go(`/sessions/${encodeURIComponent(id)}`)} height=${height} />
  `;
}

function has({ id, user, asked, services }, text) {
  const wanted = text.trim().toLowerCase();
  return wanted === "" || [id, user ?? "", asked, ...services].some((one) => one.toLowerCase().includes(wanted));
}

function sorted(rows, { key, descending }) {
  const sign = descending ? -1 : 1;
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other ?? "") : (one ?? -1) - (other ?? -1));
  return [...rows].sort((one, other) => sign * compare(one[key], other[key]));
}

function columnsOf(utc) {
  return [
    { key: "id", name: "Session", width: 150, sortable: true, cell: ({ id }) => html`<code>${plainLine(id)}</code>` },
    { key: "asked", name: "First message", width: 240, grows: true, cell: ({ asked }) => plainLine(asked) || NOTHING },
    { key: "user", name: "User", width: 100, sortable: true, cell: ({ user }) => (user === null ? NOTHING : plainLine(user)) },
    { key: "turns", name: "Turns", width: 72, number: true, sortable: true, cell: ({ turns }) => count(turns) },
    { key: "errors", name: "Errors", width: 76, number: true, sortable: true, class: ({ errors }) => (errors > 0 ? "bad" : ""), cell: ({ errors }) => count(errors) },
    { key: "tokens", name: "Tokens", width: 90, number: true, sortable: true, cell: ({ tokens }) => count(tokens) },
    { key: "cost", name: "Cost", unit: "$", width: 84, number: true, sortable: true, cell: ({ cost }) => number(cost) },
    { key: "seconds", name: "Time in turns", width: 110, number: true, sortable: true, cell: ({ seconds }) => duration(seconds) },
    { key: "last", name: "Last turn", width: 190, sortable: true, cell: ({ last }) => html`<time title=${ago(last)}>${time(last, { utc })}</time>` },
  ];
}
