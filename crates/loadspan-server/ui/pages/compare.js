// Runs beside each other: what one gains and loses, over percentiles, over time, in a table with spreads, and in what they were set up
// differently.

import { html, useMemo } from "../lib.js";
import { useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { Link, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { download } from "../charts/frame.js";
import { CopyLink, toClipboard, useSaid } from "../parts/copy.js";
import { Loaded } from "../parts/state.js";
import { ago, plainLine } from "../format.js";
import { Curves, Overlay, Trade } from "../compare/charts.js";
import { Chips } from "../compare/chips.js";
import { coloured } from "../compare/colours.js";
import { compared } from "../compare/figures.js";
import { labelsOf } from "../compare/labels.js";
import { loadLatest, useCompared } from "../compare/load.js";
import { differingParams } from "../compare/params.js";
import { ParamDifferences } from "../compare/param-table.js";
import { Differences } from "../compare/table.js";
import { markdownOf } from "../compare/text.js";

/** More would be nothing to look at. */
const MOST = 100;

export function Compare() {
  const asked = [...new Set((useQuery().get("runs") ?? "").split(",").filter(Boolean))];
  const ids = asked.slice(0, MOST);
  const load = useCompared(ids);
  if (ids.length === 0) return html`<${PageHead} title="Compare" /><${Pick} />`;
  return html`
    ${load.data === undefined && html`<${PageHead} title="Compare" />`}
    <${Loaded} load=${load} what="the runs">${(found) => html`<${Compared} found=${found} ids=${ids} cut=${asked.length - ids.length} />`}<//>
  `;
}

function isTrusted({ verdict }) {
  return verdict !== "invalid" && verdict !== "failed";
}

function Compared({ found, ids, cut }) {
  const query = useQuery();
  const hidden = (query.get("hide") ?? "").split(",").filter(Boolean);
  const runs = useMemo(() => {
    const own = found.runs.filter(({ id }) => ids.includes(id));
    const labels = labelsOf(own);
    return coloured(own, ids).map((run) => ({ ...run, label: labels.get(run.id) }));
  }, [found, ids.join()]);
  const shown = useMemo(() => runs.filter(({ id }) => !hidden.includes(id)), [runs, hidden.join()]);
  // Nothing can be said against a baseline that is not to be trusted, unless somebody chose it.
  const base = runs.find(({ id }) => id === query.get("base")) ?? runs.find(isTrusted) ?? runs[0];
  const rows = useMemo(() => (base ? compared(runs, base) : []), [runs, base]);
  const params = useMemo(() => differingParams(runs), [runs]);
  const write = () => markdownOf({ runs, base, rows, params, url: location.href });
  return html`
    <${PageHead} title=${`Compare ${runs.length} ${runs.length === 1 ? "run" : "runs"}`}>${base && html`<${Actions} write=${write} />`}<//>
    ${cut > 0 && html`<p class="compare-notice">The first ${MOST} runs of ${MOST + cut} are compared.</p>`}
    ${found.missing.map(({ id, error }) => html`<p class="compare-notice">Run ${plainLine(id.slice(0, 8))} is left out: ${error.message}</p>`)}
    <${Chips} runs=${runs} base=${base} hidden=${hidden} ids=${ids} />
    ${runs.length === 1 && html`<p class="compare-notice">One run alone: add another one to see how they differ.</p>`}
    ${base &&
    html`
      <div class="charts compare-charts">
        <${Trade} runs=${shown} />
        <${Curves} runs=${shown} />
      </div>
      <div class="overlay"><${Overlay} runs=${shown} base=${base} width=${found.width} waiting=${found.waiting} /></div>
      <${Differences} runs=${runs} base=${base} rows=${rows} waiting=${found.waiting} />
      <${ParamDifferences} runs=${runs} params=${params} />
    `}
  `;
}

function Actions({ write }) {
  const [said, say] = useSaid();
  const copy = async () => {
    if (await toClipboard(write())) return say("Copied");
    // Without a secure origin there is no clipboard: a file does as well.
    download("comparison.md", write(), "text/markdown");
    return say("No clipboard here: saved as a file");
  };
  useKeys([{ keys: "m", does: "Copy as Markdown", run: copy }]);
  return html`
    <span role="status" class="quiet">${said}</span>
    <button type="button" onClick=${copy}>Copy as Markdown</button>
    <${CopyLink} />
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
              ? html`There are no runs to compare yet: <${Link} to="/start">Start<//> says how to make some.`
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
