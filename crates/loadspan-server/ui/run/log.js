// What loadspan said while the run went on, what it noticed, and what became of its telemetry.

import { html } from "../lib.js";
import { ApiError, useLoad } from "../api.js";
import { useUtc } from "../settings.js";
import { Loaded } from "../parts/state.js";
import { count, plainLine, time } from "../format.js";
import { artifactUrl } from "./load.js";

const MOST_LINES = 2000;

export function RunLog({ run }) {
  const notices = run.summary?.notices ?? [];
  const signals = run.summary?.telemetry?.signals ?? [];
  return html`
    <div class="run-log">
      ${notices.length > 0 &&
      html`
        <section>
          <h2>Notices</h2>
          <ul class="notices">
            ${notices.map(({ message, advice }) => html`<li>${plainLine(message)}${advice && html` <span class="quiet">To do: ${plainLine(advice)}</span>`}</li>`)}
          </ul>
        </section>
      `}
      ${signals.length > 0 && html`<${Telemetry} signals=${signals} />`}
      <section>
        <h2>Log</h2>
        ${run.live || !run.artifactRoot
          ? html`<p class="quiet">${run.live ? "The log is uploaded when the run is over." : "This server does not keep the run's files."}</p>`
          : html`<${Lines} run=${run} />`}
      </section>
    </div>
  `;
}

function Telemetry({ signals }) {
  const names = ["produced", "delivered", "rejected", "spooled", "dropped", "sampled_out", "retries"];
  return html`
    <section>
      <h2>Telemetry</h2>
      <div class="wide" tabindex="0" role="region" aria-label="Telemetry">
        <table class="plain-table">
          <thead><tr><th scope="col">Signal</th><th scope="col" class="unit">to</th>${names.map((name) => html`<th scope="col">${name.replace("_", " ")}</th>`)}</tr></thead>
          <tbody>
            ${signals.map((one) => html`<tr><th scope="row">${one.sink} ${one.signal}</th><td class="unit">${plainLine(one.destination)}</td>${names.map((name) => html`<td>${count(one[name] ?? 0)}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>
      ${signals.filter((one) => one.last_error).map((one) => html`<p>Last error of ${one.sink} ${one.signal}: ${plainLine(one.last_error)}</p>`)}
    </section>
  `;
}

function Lines({ run }) {
  const url = artifactUrl(run, "exports/loadspan.log");
  const load = useLoad(url, async (signal) => {
    const response = await fetch(url, { signal });
    if (response.status === 404) return [];
    if (!response.ok) throw new ApiError(`The server answers ${response.status}.`);
    return (await response.text()).split("\n").filter(Boolean).map(lineOf);
  });
  return html`
    <${Loaded} load=${load} what="the log">
      ${(lines) =>
        lines.length === 0
          ? html`<p class="quiet">This run has no log.</p>`
          : html`
              <div class="log-lines" tabindex="0" role="region" aria-label="Lines of the log">
                ${lines.slice(-MOST_LINES).map((line) => html`<${Line} line=${line} />`)}
              </div>
              ${lines.length > MOST_LINES && html`<p class="quiet">The last ${count(MOST_LINES)} of ${count(lines.length)} lines.</p>`}
            `}
    <//>
  `;
}

/** `2026-01-31T23:59:58.123Z NOTE benchmarking llama` */
function lineOf(text) {
  const found = /^(\S+Z) ([A-Z]+) (.*)$/.exec(text);
  return found ? { at: Date.parse(found[1]), level: found[2].toLowerCase(), text: found[3] } : { text };
}

function Line({ line }) {
  const [utc] = useUtc();
  return html`
    <p class=${line.level ?? ""}>
      <time>${line.at ? time(line.at, { utc, millis: true }) : ""}</time>
      <b>${line.level ?? ""}</b>
      <span>${plainLine(line.text)}</span>
    </p>
  `;
}
