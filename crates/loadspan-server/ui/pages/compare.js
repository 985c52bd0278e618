// Runs beside each other: what one gains and loses, over percentiles, over time, in a table with spreads, and in what they were set up
// differently.

import { html, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { Link, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { download } from "../charts/frame.js";
import { dashOf, seriesToken } from "../charts/palette.js";
import { toClipboard } from "../parts/copy.js";
import { Loaded } from "../parts/state.js";
import { ago, plainLine } from "../format.js";
import { Curves, Overlay, Trade } from "../compare/charts.js";
import { Chips } from "../compare/chips.js";
import { compared } from "../compare/figures.js";
import { loadLatest, loadRuns } from "../compare/load.js";
import { differingParams } from "../compare/params.js";
import { Differences, ParamDifferences } from "../compare/table.js";
import { markdownOf } from "../compare/text.js";

export function Compare() {
  const ids = [...new Set((useQuery().get("runs") ?? "").split(",").filter(Boolean))];
  const load = useLoad(ids.length > 0 ? `compare ${ids}` : null, (signal) => loadRuns(ids, signal));
  if (ids.length === 0) return html`<${PageHead} title="Compare" /><${Pick} />`;
  return html`
    <${Loaded} load=${load} what="the runs">${(found) => html`<${Compared} found=${found} ids=${ids} />`}<//>
    ${load.data === undefined && html`<${PageHead} title="Compare" />`}
  `;
}

/** Colours go by place in the URL, so that two who look at it see the same. */
function coloured(runs, ids) {
  return runs.map((run) => {
    const place = ids.indexOf(run.id);
    return { ...run, token: seriesToken(place), stroke: place % 3, dash: dashOf(place) };
  });
}

function Compared({ found, ids }) {
  const query = useQuery();
  const hidden = (query.get("hide") ?? "").split(",").filter(Boolean);
  const runs = useMemo(() => coloured(found.runs.filter(({ id }) => ids.includes(id)), ids), [found, ids.join()]);
  const shown = useMemo(() => runs.filter(({ id }) => !hidden.includes(id)), [runs, hidden.join()]);
  const base = runs.find(({ id }) => id === query.get("base")) ?? runs[0];
  const rows = useMemo(() => (base ? compared(runs, base) : []), [runs, base]);
  const params = useMemo(() => differingParams(runs), [runs]);
  const write = () => markdownOf({ runs, base, rows, params, url: location.href });
  return html`
    <${PageHead} title="Compare">${base && html`<${Actions} write=${write} />`}<//>
    ${found.missing.map(({ id, error }) => html`<p class="compare-notice">Run ${plainLine(id.slice(0, 8))} is left out: ${error.message}</p>`)}
    <${Chips} runs=${runs} base=${base} hidden=${hidden} ids=${ids} />
    ${runs.length === 1 && html`<p class="compare-notice">One run alone: add another one to see how they differ.</p>`}
    ${base &&
    html`
      <div class="charts compare-charts">
        <${Trade} runs=${shown} />
        <${Curves} runs=${shown} />
      </div>
      <div class="overlay"><${Overlay} runs=${shown} width=${found.width} /></div>
      <${Differences} runs=${runs} base=${base} rows=${rows} />
      <${ParamDifferences} runs=${runs} params=${params} />
    `}
  `;
}

function Actions({ write }) {
  const [said, setSaid] = useState("");
  const say = (text) => {
    setSaid(text);
    setTimeout(() => setSaid(""), 2500);
  };
  const copy = async () => {
    if (await toClipboard(write())) return say("Copied");
    // Without a secure origin there is no clipboard: a file does as well.
    download("comparison.md", write(), "text/markdown");
    return say("No clipboard here: saved as a file");
  };
  const link = async () => say((await toClipboard(location.href)) ? "Link copied" : "The address bar has the link");
  useKeys([
    { keys: "y", does: "Copy the link of this comparison", run: link },
    { keys: "m", does: "Copy as Markdown", run: copy },
  ]);
  return html`
    <span role="status" class="quiet">${said}</span>
    <button type="button" onClick=${copy}>Copy as Markdown</button>
    <button type="button" onClick=${link}>Copy link</button>
  `;
}

/** Nothing is picked yet. */
function Pick() {
  const load = useLoad("latest runs", loadLatest);
  return html`
    <${Loaded} load=${load} what="runs">
      ${(runs) => html`
        <div class="state">
          <p>
            ${runs.length === 0
              ? "There are no runs to compare yet."
              : html`Pick runs on the <${Link} to="/runs">Runs<//> page with <kbd>x</kbd> and press <kbd>c</kbd>, or begin with one of the latest:`}
          </p>
          <ul class="latest">
            ${runs.slice(0, 12).map(({ run_id: id, name, start_time: start }) => html`<li><${Link} to=${`/compare?runs=${id}`}>${plainLine(name)}<//> <span class="quiet">${ago(start)}</span></li>`)}
          </ul>
        </div>
      `}
    <//>
  `;
}
