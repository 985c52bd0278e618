// What one chooses for all charts of a run: the part that is shown, the length of windows, the axes, and how often they are drawn.

import { html } from "../lib.js";
import { setQuery, useQuery } from "../router.js";
import { tickText } from "../charts/scale.js";
import { ordinal } from "./pace.js";
import { showStage } from "./stage-table.js";

const WIDTHS = [1, 2, 5, 10, 30, 60];
const RATES = [1, 2, 5, 10];
const HELP = "Drag picks a part, double click or z shows all, Ctrl-wheel zooms.";

export function Controls({ run, range, span, scale, isLog, live, windows, brush, begun, stages, stage }) {
  const query = useQuery();
  const last = query.get("t") === "last";
  const zoomed = (query.has("t") && !last) || stage !== null;
  return html`
    <div class="toolbar run-controls">
      <span class="range">${`${tickText(range[0])} to ${tickText(range[1])} s`}</span>
      <button type="button" disabled=${!zoomed && !last} onClick=${() => brush(null)}>${run.live && zoomed ? "Back to live" : "All of the run"}</button>
      ${run.live && html`<button type="button" aria-pressed=${last} onClick=${() => setQuery({ t: last ? null : "last", stage: null })}>Last 2 min</button>`}
      ${stages.length > 0 &&
      html`
        <label>
          <span class="quiet">stage</span>
          <select value=${stage?.number ?? ""} onChange=${(event) => showStage(stages.find(({ number }) => String(number) === event.target.value) ?? null)}>
            <option value="">all</option>
            ${stages.filter(({ from }) => from !== null).map(({ number, name }) => html`<option value=${number}>${name}</option>`)}
          </select>
        </label>
      `}
      <label>
        <span class="quiet">windows</span>
        <select value=${query.get("w") ?? ""} onChange=${(event) => setQuery({ w: event.target.value })}>
          <option value="">auto${query.has("w") || !windows.count ? "" : `, ${windows.width / 1000} s`}</option>
          ${WIDTHS.map((width) => html`<option value=${width}>${width} s</option>`)}
        </select>
      </label>
      <label>
        <span class="quiet">latencies</span>
        <select value=${scale ?? ""} onChange=${(event) => setQuery({ scale: event.target.value })}>
          <option value="">auto${scale ? "" : isLog ? ", log" : ", lin"}</option>
          <option value="lin">linear</option>
          <option value="log">log</option>
        </select>
      </label>
      ${run.live && html`<${LiveControls} live=${live} paused=${query.has("pause")} />`}
      <span class="quiet pace ${run.live || begun !== null ? "" : "hint"}" role="status">${begun === null ? (run.live ? paceOf(live) : HELP) : `A part begins at ${tickText(begun)} s: move the cursor to where it ends, and press b.`}</span>
    </div>
  `;
}

function LiveControls({ live, paused }) {
  return html`
    <label>
      <span class="quiet">updates</span>
      <select value=${live.rate} onChange=${(event) => setQuery({ rate: event.target.value })}>
        ${RATES.map((rate) => html`<option value=${rate}>${rate} Hz</option>`)}
      </select>
    </label>
    <button type="button" class="steady-button" aria-pressed=${paused} onClick=${() => setQuery({ pause: paused ? null : 1 })}>${paused ? "Follow" : "Pause"}</button>
  `;
}

/** Why updates are as rare as they are, if they are. The line has its place also when it is empty, and when the run is over. */
function paceOf({ every, shared, windows, error }) {
  if (error) return error.message;
  if (windows.count === 0) return "Warming up. First figures after 1 s.";
  if (every > 1) return `Showing every ${ordinal(every)} update; the load test has priority.`;
  return shared ? "1 Hz: this browser shares the machine with the load test." : "";
}
