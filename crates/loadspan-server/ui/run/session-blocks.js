// What the sessions of a run came to, and how faithfully a recording was sent again.

import { html } from "../lib.js";
import { NOTHING, count, duration, number, plainLine, share } from "../format.js";
import { supports } from "../charts/scale.js";
import { Block } from "./beside.js";

export function SessionBlocks({ summary }) {
  const { sessions, replays = [] } = summary ?? {};
  return html`
    ${sessions && html`<${Sessions} of=${sessions} />`}
    ${replays.length > 0 && html`<div class="beside">${replays.map((replay) => html`<${Block} title=${replays.length > 1 ? `Replay of stage ${replay.stage}` : "Replay"} rows=${replayRows(replay)} />`)}</div>`}
  `;
}

function Sessions({ of }) {
  return html`
    <section class="summary" aria-label="Sessions">
      <div class="section-head"><h2>Sessions</h2></div>
      <dl class="singles">
        ${sessionRows(of).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl>
      <div class="table-pair">
        <${Buckets} title="Turn" list=${of.by_turn} />
        <${Buckets} title="Input tokens" list=${of.by_context} />
      </div>
    </section>
  `;
}

const seconds = ({ unit }, value) => duration(unit === "ms" ? value / 1000 : value);
const lasted = (of) => of && `p50 ${seconds(of, of.p50)}${supports(of.count, 0.99) === "none" ? "" : `, p99 ${seconds(of, of.p99)}`}, most ${seconds(of, of.max)}`;

function sessionRows(of) {
  return [
    ["Completed", of.completed === of.seen ? count(of.seen) : `${count(of.completed)} of ${count(of.seen)}`],
    ["Failed", of.failed > 0 && count(of.failed)],
    ["Cut short", of.cut > 0 && count(of.cut)],
    ["Turns, mean and most", of.turns && `${number(of.turns.mean)}, ${number(of.turns.max)}`],
    ["Retries", of.retries > 0 && count(of.retries)],
    ["Turns never sent", of.never_sent > 0 && count(of.never_sent)],
    ["Lasted", lasted(of.duration)],
    ["Without think time", lasted(of.busy_duration)],
    ["Cached input", Number.isFinite(of.cached_input_share) && share(of.cached_input_share)],
  ].filter(([, value]) => value);
}

/** Requests by their turn, or by how long the context had become. */
function Buckets({ title, list }) {
  if (list.length === 0) return null;
  const cached = list.some((one) => Number.isFinite(one.cached_input_share));
  const figures = [["time_to_first_token", "TTFT"], ["request_latency", "Latency"]].filter(([key]) => list.some((one) => one[key]));
  return html`
    <div class="wide" tabindex="0" role="region" aria-label=${`Requests by ${title.toLowerCase()}`}>
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">${title}</th><th scope="col">Requests</th>
            ${figures.map(([, name]) => html`<th scope="col">${name} p50 <span class="unit">ms</span></th><th scope="col">p99 <span class="unit">ms</span></th>`)}
            ${cached && html`<th scope="col">Cached</th>`}
          </tr>
        </thead>
        <tbody>
          ${list.map(
            (one) => html`
              <tr>
                <th scope="row">${spanText(one)}</th><td>${count(one.requests)}</td>
                ${figures.map(([key]) => html`<td>${percentile(one[key], "p50", 0.5)}</td><td>${percentile(one[key], "p99", 0.99)}</td>`)}
                ${cached && html`<td>${Number.isFinite(one.cached_input_share) ? share(one.cached_input_share) : NOTHING}</td>`}
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function percentile(of, name, q) {
  if (!of) return NOTHING;
  return supports(of.count, q) === "none" ? html`<small>${NOTHING} n=${count(of.count)}</small>` : number(of[name]);
}

function spanText({ from, to }) {
  return to === undefined ? `${count(from)} and more` : from === to ? count(from) : `${count(from)} to ${count(to)}`;
}

/** What of a recording was not to be sent, and why. */
const LEFT = [["by_window", "Outside the window"], ["by_sample", "Not sampled"], ["failed", "Had failed"], ["unused_spans", "Spans of no use"], ["unread_lines", "Lines not read"]];

/** What was planned, and what was sent of it. */
function replayRows(of) {
  const { answers, arrival_error: error } = of;
  const lengths = ({ calls, got, wanted, largest_difference: off }) => calls > 0 && `${count(got)}, ${count(wanted)}${off > 0 ? `; one by ${count(off)}` : ""}`;
  const some = (amount) => (amount > 0 ? count(amount) : null);
  return [
    ["Recording", plainLine(of.sources.join(", "))],
    ["Format", plainLine(of.format)],
    ["Calls planned, sent", `${count(of.calls)}, ${count(of.sent)}`],
    ["Never sent", some(of.never_sent)],
    ["Sent late, p50 and p99", error && `${number(error.p50)} ms, ${number(error.p99)} ms`],
    ["Input tokens, sent and recorded", lengths(of.input)],
    ["Output tokens, got and recorded", lengths(of.output)],
    ["With made-up texts", some(of.made_up)],
    ["Answers of this run repeated", some(answers.substituted)],
    ["Recorded answers repeated", some(answers.recorded)],
    ...LEFT.map(([key, name]) => [name, some(of.left[key])]),
    ["Tool calls left out", some(answers.tool_calls_left_out)],
    ["Sequence", of.sequence && html`<code>${plainLine(of.sequence.slice(0, 19))}…</code>`],
  ].map(([name, value]) => [name, value || null]);
}
