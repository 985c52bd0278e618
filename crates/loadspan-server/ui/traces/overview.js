// What is above the list: rate, errors and duration over time, the scatter, and what differs in the selection. All of what the search asks
// for is there, and the selection within it; `fit` shows the selection alone.

import { html } from "../lib.js";
import { Differences } from "./differences-view.js";
import { Scatter } from "./scatter.js";
import { Strip } from "./strip.js";

export function Overview({ found: { points, total }, experiments, search, isFit }) {
  const { base, selection } = search;
  const shown = isFit ? null : selection;
  const time = shown && shown.time.some((side) => side !== null) ? shown.time : null;
  return html`
    <div class="trace-overview" id="overview">
      <${Strip} points=${points} selected=${time} />
      <div class="trace-plots ${selection ? "selected" : ""}">
        <${Scatter} points=${points} total=${total} selection=${shown} />
        ${selection && html`<${Differences} experiments=${experiments} base=${base} selection=${selection} />`}
      </div>
    </div>
  `;
}
