// What a session came to: traces, errors, tokens, cost, models. All of its traces count, also those that are not read yet.

import { html } from "../lib.js";
import { count, number, plainLine, time } from "../format.js";
import { setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";

const VIEWS = [
  ["turns", "Conversation"],
  ["traces", "Traces"],
];

/** What the URL shows of a session: what was said, or its traces as a table. */
export function useView() {
  return useQuery().get("view") === "traces" ? "traces" : "turns";
}

export function Facts({ whole, turns, isCut, more }) {
  const [utc] = useUtc();
  const view = useView();
  const { traces: total, errors, tokens, cost, models } = whole ?? sumOf(turns);
  const user = turns.find((turn) => turn.user !== null)?.user;
  return html`
    <div class="trace-facts">
      <span class="switch pair" role="group" aria-label="Shown as">
        ${VIEWS.map(([key, name]) => html`<button type="button" aria-pressed=${view === key} onClick=${() => setQuery({ view: key === "turns" ? null : key }, { push: true })}>${name}</button>`)}
      </span>
      <span>${isCut ? `the newest ${count(turns.length)} of ${count(total)} traces` : `${count(total)} ${total === 1 ? "trace" : "traces"}`}</span>
      ${isCut && html`<button type="button" onClick=${more}>Read older traces</button>`}
      ${errors > 0 && html`<span class="verdict invalid">✕ ${count(errors)} ${errors === 1 ? "error" : "errors"}</span>`}
      ${tokens !== null && html`<span>${count(tokens)} tokens</span>`}
      ${cost !== null && html`<span>$${number(cost)}</span>`}
      ${models.length > 0 && html`<span>${models.map(plainLine).join(", ")}</span>`}
      ${user && html`<span>${plainLine(user)}</span>`}
      <span class="quiet">${time(turns[0].started, { utc })}</span>
    </div>
  `;
}

/** As far as traces say it, until the session itself is known. */
function sumOf(turns) {
  const sum = (values) => values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), null);
  return {
    traces: turns.length,
    errors: turns.filter(({ state }) => state === "ERROR").length,
    tokens: sum(turns.flatMap(({ inputTokens, outputTokens }) => [inputTokens, outputTokens])),
    cost: sum(turns.map(({ cost }) => cost)),
    models: [],
  };
}
