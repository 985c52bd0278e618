// What is above the list: rate, errors and duration over time, the scatter, and what differs in the selection. All of what the search asks
// for is there, and the selection within it; `fit` shows the selection alone.

import { html, useMemo } from "../lib.js";
import { count, duration } from "../format.js";
import { setQuery, useQuery } from "../router.js";
import { Differences } from "./differences-view.js";
import { latestOf } from "./latest.js";
import { Scatter } from "./scatter.js";
import { isSelected } from "./search.js";
import { Strip } from "./strip.js";

export function Overview({ found: { points, total }, experiments, search, isFit }) {
  const { base, selection } = search;
  const shown = isFit ? null : selection;
  const isAll = useQuery().get("whole") === "1";
  const key = JSON.stringify(selection);
  const latest = useMemo(() => {
    const found = latestOf(points);
    // What is selected is always to be seen.
    const isHidden = found && selection && points.some((point) => point.started < found.since && isSelected(point, selection));
    return isHidden ? null : found;
  }, [points, key]);
  const seen = useMemo(() => (latest && !isAll ? points.filter(({ started }) => started >= latest.since) : points), [points, latest, isAll]);
  const time = shown && shown.time.some((side) => side !== null) ? shown.time : null;
  return html`
    <div class="trace-overview" id="overview">
      ${latest &&
      html`
        <p class="quiet trace-latest">
          ${isAll ? `Nothing for ${duration(latest.gap / 1000)} before the latest ${count(points.length - latest.before)}.` : `Charts: the latest ${count(seen.length)}. ${count(latest.before)} lie before a gap of ${duration(latest.gap / 1000)}.`}
          <button type="button" onClick=${() => setQuery({ whole: isAll ? null : "1" })}>${isAll ? "Zoom to the latest" : "Show all of the time"}</button>
        </p>
      `}
      <${Strip} points=${seen} selected=${time} />
      <div class="trace-plots ${selection ? "selected" : ""}">
        <${Scatter} points=${seen} total=${seen === points ? total : seen.length} selection=${shown} />
        ${selection && html`<${Differences} experiments=${experiments} base=${base} selection=${selection} />`}
      </div>
    </div>
  `;
}
