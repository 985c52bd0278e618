// One session: its traces at the left, what was said in them at the right, the newest first read and older ones on demand. Each is shown as a
// turn of the conversation; how many turns it holds, only what was said in it tells.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count, duration, plainLine } from "../format.js";
import { useKeys } from "../keys.js";
import { Trouble } from "../parts/state.js";
import { decoded, setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { loadConversation } from "../sessions/conversation.js";
import { Facts, useView } from "../sessions/facts.js";
import { sessionRow } from "../sessions/search.js";
import { Turn } from "../sessions/turn.js";
import { loadExperiments, loadSessions, loadTraces } from "../traces/load.js";
import { quoted } from "../traces/search.js";
import { TraceTable } from "../traces/trace-table.js";

/** Traces whose conversation is shown at first. */
const SHOWN = 10;
const PAGE = 200;

export function Session({ session }) {
  const id = decoded(session);
  const [amount, setAmount] = useState(PAGE);
  const load = useLoad(`session ${id} ${amount}`, async (signal) => {
    const experiments = (await loadExperiments(signal)).map((experiment) => experiment.experiment_id);
    const filter = `session_id = ${quoted(id)}`;
    const [found, { sessions }] = await Promise.all([
      loadTraces({ experiments, filter, order: "timestamp DESC", count: amount, signal }),
      loadSessions({ experiments, filter, count: 1, signal }),
    ]);
    return { id, token: found.token, turns: found.rows.reverse(), whole: sessions[0] ? sessionRow(sessions[0]) : null };
  });
  const data = load.data?.id === id ? load.data : null;
  return html`
    <${PageHead} title=${plainLine(id)} trail=${[{ to: "/sessions", name: "Sessions" }]} />
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="this session" />`}
    ${!data && !load.error && load.waiting && html`<p class="state" role="status">Reading the session …</p>`}
    ${data && data.turns.length === 0 && html`<p class="state">No trace names the session ${plainLine(id)}.</p>`}
    ${data && data.turns.length > 0 && html`<${Found} data=${data} more=${() => setAmount(amount + PAGE)} />`}
  `;
}

function Found({ data, more }) {
  const { whole, turns, token } = data;
  const view = useView();
  return html`
    <${Facts} whole=${whole} turns=${turns} isCut=${Boolean(token)} more=${more} />
    ${view === "turns" ? html`<${Conversation} turns=${turns} />` : html`<${Listed} turns=${turns} />`}
  `;
}

/** The traces of the session in rows, in the order that the URL says. */
function Listed({ turns }) {
  const order = useQuery().get("sort") ?? "-started";
  const rows = useMemo(() => sorted(turns, order), [turns, order]);
  return html`<${TraceTable} rows=${rows} />`;
}

function sorted(turns, order) {
  const key = { started: "started", duration: "seconds", name: "name", status: "state" }[order.replace(/^-/, "")] ?? "started";
  const sign = order.startsWith("-") ? -1 : 1;
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other) : (one ?? -1) - (other ?? -1));
  return [...turns].sort((one, other) => sign * compare(one[key], other[key]));
}

function Conversation({ turns }) {
  const query = useQuery();
  const wanted = query.get("turn");
  const chosen = wanted === null ? -1 : turns.findIndex(({ id }) => id === wanted);
  const [shown, setShown] = useState(SHOWN);
  // What is chosen is always among those that are shown.
  const first = Math.max(0, Math.min(turns.length - shown, chosen === -1 ? turns.length : chosen));
  const choose = (place) => {
    const at = Math.max(0, Math.min(turns.length - 1, place));
    setQuery({ turn: turns[at].id });
  };
  useKeys([
    { keys: "j | ArrowDown", does: "Next trace", run: () => choose(chosen + 1) },
    { keys: "k | ArrowUp", does: "Trace before", run: () => choose(chosen - 1) },
  ]);
  useEffect(() => {
    if (wanted !== null) document.getElementById(`turn-${wanted}`)?.scrollIntoView({ block: "start" });
  }, [wanted]);
  const [said, setSaid] = useState(() => new Map());
  useBefore(turns[first - 1], setSaid);
  const heard = useMemo(() => (id, conversation) => setSaid((before) => new Map(before).set(id, conversation)), []);
  return html`
    <div class="session">
      <${TurnList} turns=${turns} chosen=${chosen} choose=${choose} />
      <div class="session-said">
        ${first > 0 && html`<button type="button" class="earlier" onClick=${() => setShown(turns.length - first + SHOWN)}>${count(first)} earlier ${first === 1 ? "trace" : "traces"}</button>`}
        ${turns.slice(first).map((turn, place) => {
          const before = turns[first + place - 1];
          return html`<${Turn} key=${turn.id} turn=${turn} nth=${first + place + 1} before=${before && said.get(before.id)} heard=${heard} isChosen=${first + place === chosen} />`;
        })}
      </div>
    </div>
  `;
}

/** What the first turn that is shown repeats is what was said in the one before it, which is not shown. */
function useBefore(turn, setSaid) {
  const load = useLoad(turn?.id ?? null, async (signal) => ({ id: turn.id, ...(await loadConversation(turn.id, signal)) }));
  useEffect(() => {
    if (load.data) setSaid((before) => new Map(before).set(load.data.id, load.data.conversation));
  }, [load.data]);
}

function TurnList({ turns, chosen, choose }) {
  const longest = Math.max(...turns.map(({ seconds }) => seconds ?? 0), 0.001);
  return html`
    <ol class="turns" aria-label="Traces">
      ${turns.map(
        (turn, place) => html`
          <li>
            <button type="button" aria-current=${place === chosen ? "true" : undefined} onClick=${() => choose(place)}>
              <span class="turn-number">${place + 1}</span>
              <span class="turn-bar"><i style=${{ width: `${Math.max(1, ((turn.seconds ?? 0) / longest) * 100)}%` }}></i></span>
              <span class="turn-took">${duration(turn.seconds)}</span>
              ${turn.state === "ERROR" && html`<span class="bad"><span aria-hidden="true">✕</span><span class="unseen">error</span></span>`}
              <span class="turn-asked">${plainLine(turn.asked)}</span>
            </button>
          </li>
        `,
      )}
    </ol>
  `;
}
