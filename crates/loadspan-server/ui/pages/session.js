// One session: its turns at the left, what was said in them at the right, the newest first read and older ones on demand.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count, duration, plainLine, time } from "../format.js";
import { useKeys } from "../keys.js";
import { Trouble } from "../parts/state.js";
import { decoded, setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { PageHead } from "../shell.js";
import { Turn } from "../sessions/turn.js";
import { loadExperiments, loadTraces } from "../traces/load.js";
import { quoted } from "../traces/search.js";

/** Turns whose conversation is shown at first. */
const SHOWN = 10;
const PAGE = 200;

export function Session({ session }) {
  const id = decoded(session);
  const [amount, setAmount] = useState(PAGE);
  const load = useLoad(`session ${id} ${amount}`, async (signal) => {
    const experiments = (await loadExperiments(signal)).map((experiment) => experiment.experiment_id);
    const filter = `session_id = ${quoted(id)}`;
    const found = await loadTraces({ experiments, filter, order: "timestamp DESC", count: amount, signal });
    return { ...found, id, turns: found.rows.reverse() };
  });
  const data = load.data?.id === id ? load.data : null;
  return html`
    <${PageHead} title=${plainLine(id)} trail=${[{ to: "/sessions", name: "Sessions" }]} />
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="this session" />`}
    ${!data && !load.error && load.waiting && html`<p class="state" role="status">Reading the session …</p>`}
    ${data && data.turns.length === 0 && html`<p class="state">No trace names the session ${plainLine(id)}.</p>`}
    ${data && data.turns.length > 0 && html`<${Conversation} turns=${data.turns} isCut=${Boolean(data.token)} more=${() => setAmount(amount + PAGE)} />`}
  `;
}

function Conversation({ turns, isCut, more }) {
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
    { keys: "j | ArrowDown", does: "Next turn", run: () => choose(chosen + 1) },
    { keys: "k | ArrowUp", does: "Turn before", run: () => choose(chosen - 1) },
  ]);
  useEffect(() => {
    if (wanted !== null) document.getElementById(`turn-${wanted}`)?.scrollIntoView({ block: "start" });
  }, [wanted]);
  const [said, setSaid] = useState(() => new Map());
  const heard = useMemo(() => (id, conversation) => setSaid((before) => new Map(before).set(id, conversation)), []);
  return html`
    <${Facts} turns=${turns} isCut=${isCut} more=${more} />
    <div class="session">
      <${TurnList} turns=${turns} chosen=${chosen} choose=${choose} />
      <div class="session-said">
        ${first > 0 && html`<button type="button" class="earlier" onClick=${() => setShown(turns.length - first + SHOWN)}>${count(first)} earlier ${first === 1 ? "turn" : "turns"}</button>`}
        ${turns.slice(first).map((turn, place) => {
          const before = turns[first + place - 1];
          return html`<${Turn} key=${turn.id} turn=${turn} number=${first + place + 1} before=${before && said.get(before.id)} heard=${heard} isChosen=${first + place === chosen} />`;
        })}
      </div>
    </div>
  `;
}

function Facts({ turns, isCut, more }) {
  const [utc] = useUtc();
  const errors = turns.filter(({ state }) => state === "ERROR").length;
  const tokens = turns.reduce((sum, { inputTokens, outputTokens }) => sum + (inputTokens ?? 0) + (outputTokens ?? 0), 0);
  return html`
    <p class="trace-facts">
      <span>${isCut ? `the newest ${count(turns.length)} turns of more` : `${count(turns.length)} ${turns.length === 1 ? "turn" : "turns"}`}</span>
      ${isCut && html`<button type="button" onClick=${more}>Read older turns</button>`}
      ${errors > 0 && html`<span class="verdict invalid">✕ ${count(errors)} ${errors === 1 ? "error" : "errors"}</span>`}
      ${tokens > 0 && html`<span>${count(tokens)} tokens</span>`}
      ${turns[0].user && html`<span>${plainLine(turns[0].user)}</span>`}
      <span>${time(turns[0].started, { utc })}</span>
    </p>
  `;
}

function TurnList({ turns, chosen, choose }) {
  const longest = Math.max(...turns.map(({ seconds }) => seconds ?? 0), 0.001);
  return html`
    <ol class="turns" aria-label="Turns">
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
