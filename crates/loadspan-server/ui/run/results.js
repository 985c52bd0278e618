// What a run comes to: the percentile curve, how often which latency was, and the table with what each figure means.

import { html, useMemo, useState } from "../lib.js";
import { get, path, useLoad } from "../api.js";
import { setQuery, useQuery } from "../router.js";
import { Histogram } from "../charts/histogram.js";
import { PercentileChart } from "../charts/percentiles.js";
import { supports, withheld } from "../charts/scale.js";
import { NOTHING, count, number, share } from "../format.js";
import { Beside } from "./beside.js";
import { SessionBlocks } from "./session-blocks.js";
import { narrowed } from "./stages.js";
import { DISTRIBUTIONS, SINGLES, STATISTICS, distributionOf, quantilesOf, valueOf } from "./figures.js";
import { limitsOf } from "./verdict.js";

/** What the server has counted of, the figure of a summary that is the same, and the target that is nearest to it. */
const COUNTED = [
  { key: "ttft", figure: "time_to_first_byte", name: "Time to first chunk", target: "time_to_first_token" },
  { key: "duration", figure: "request_latency", name: "Request latency" },
  { key: "chunk", figure: "inter_token_latency", name: "Time per chunk" },
];

/** With a `stage`, what that stage came to. */
export function Results({ run, windows, range, span, stage }) {
  const part = narrowed(run, stage);
  return html`
    <div class="results">
      <${Distributions} run=${run} windows=${windows} range=${range} span=${span} />
      ${run.live ? null : html`<${Summary} run=${part} stage=${stage} /><${SessionBlocks} summary=${part.summary} /><${Beside} run=${part} />`}
    </div>
  `;
}

/** Both curves are of the part of the run that is in view, counted anew from all of its points. */
function Distributions({ run, windows, range, span }) {
  const chosen = COUNTED.find(({ key }) => key === useQuery().get("dist")) ?? COUNTED[0];
  const part = range[0] > span[0] || range[1] < span[1];
  const query = part ? { from_ms: Math.round(range[0] * 1000), until_ms: Math.round(range[1] * 1000) } : {};
  // While the run goes on, again with every tenth window.
  const round = run.live ? Math.floor(windows.complete / 10) : "end";
  const load = useLoad(`${run.id} ${JSON.stringify(query)} ${round}`, (signal) =>
    get(path`/api/3.0/loadspan/runs/${run.id}/distribution`, { query, signal }),
  );
  const counted = load.data?.[chosen.key];
  const known = counted?.n > 0;
  const spread = distributionOf(run, chosen.figure);
  const curves = useMemo(() => [curveOf({ counted, known, spread, run })].filter(Boolean), [counted, known, spread]);
  const bars = useMemo(() => known && barsOf(counted.histogram), [counted]);
  if (curves.length === 0) return null;
  const of = part ? `${number(range[0])} to ${number(range[1])} s` : run.live ? "until now" : "whole run";
  const note = `ms, ${of}, ${known ? `${count(counted.n)} requests` : "from the summary"}`;
  return html`
    <div class="charts distributions">
      <${PercentileChart}
        title="How slow are the slowest?"
        choice=${html`<${DistributionChoice} chosen=${chosen} />`}
        note=${note}
        name=${`${run.name}-${chosen.key}-percentiles`}
        curves=${curves}
        unit="ms"
        limit=${limitsOf(run)[chosen.target ?? chosen.figure]}
      />
      ${known && html`<${Histogram} title="How often was it how slow?" note=${note} name=${`${run.name}-${chosen.key}-histogram`} bins=${bars} unit="ms" />`}
    </div>
  `;
}

function DistributionChoice({ chosen }) {
  return html`
    <select class="inline" aria-label="Latency" value=${chosen.key} onChange=${(event) => setQuery({ dist: event.target.value })}>
      ${COUNTED.map(({ key, name }) => html`<option value=${key}>${name}</option>`)}
    </select>
  `;
}

function curveOf({ counted, known, spread, run }) {
  if (known) {
    const { q, value } = counted.quantiles;
    return { name: "run", token: "series-1", n: counted.n, points: q.map((one, at) => ({ q: one, value: value[at] * 1000 })), hollow: run.verdict === "invalid" };
  }
  return spread ? { name: "run", token: "series-1", n: spread.count, points: quantilesOf(spread), hollow: run.verdict === "invalid" } : null;
}

/** More bars than this are narrower than they can be pointed at. */
const BARS = 48;

/** The server's bins in milliseconds, neighbours put together. */
function barsOf({ lower, upper, count: counts }) {
  const group = Math.ceil(counts.length / BARS);
  const bars = { lower: [], upper: [], count: [] };
  for (let at = 0; at < counts.length; at += group) {
    bars.lower.push(lower[at] * 1000);
    bars.upper.push(upper[Math.min(at + group, upper.length) - 1] * 1000);
    bars.count.push(counts.slice(at, at + group).reduce((sum, one) => sum + one, 0));
  }
  return bars;
}

function Summary({ run, stage }) {
  const [steady, setSteady] = useState(false);
  const window = run.summary?.steady_state?.window;
  const of = steady ? { summary: { metrics: run.summary.steady_state.metrics } } : run;
  const rows = DISTRIBUTIONS.map((figure) => ({ figure, spread: distributionOf(of, figure.key) })).filter(({ spread }) => spread);
  const singles = SINGLES.map((figure) => ({ figure, value: valueOf(of, figure.key) })).filter(({ value }) => value !== null);
  if (rows.length + singles.length === 0) return html`<p class="state">This run has no figures of loadspan. Its metrics are below Params.</p>`;
  return html`
    <section class="summary ${run.verdict === "invalid" ? "untrusted" : ""}">
      <div class="section-head">
        <h2>Summary${stage && ` of stage ${stage.name}`}</h2>
        ${window &&
        html`
          <span class="switch" role="group" aria-label="Part of the run">
            <button type="button" aria-pressed=${!steady} onClick=${() => setSteady(false)}>${stage ? "Whole stage" : "Whole run"}</button>
            <button type="button" aria-pressed=${steady} onClick=${() => setSteady(true)}>Steady part</button>
          </span>
          ${steady && html`<span class="quiet">${number(window.start_s)} to ${number(window.end_s)} s, ${share(window.share)} of the measured time, ${count(window.requests)} requests</span>`}
        `}
        ${run.summary?.steady_state?.absent && html`<span class="quiet">No steady part: ${run.summary.steady_state.absent}.</span>`}
      </div>
      <div class="wide" tabindex="0" role="region" aria-label="Summary">
        <table class="plain-table figures">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="unit">unit</th>
              <th scope="col">n</th>
              ${STATISTICS.map(({ name }) => html`<th scope="col">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(({ figure, spread }) => html`<${DistributionRow} figure=${figure} spread=${spread} />`)}
          </tbody>
        </table>
      </div>
      <dl class="singles">
        ${singles.map(
          ({ figure, value }) => html`
            <div>
              <dt><${Term} figure=${figure} /></dt>
              <dd>${figure.unit === "ratio" ? share(value) : html`${number(value)} <small>${figure.unit}</small>`}</dd>
            </div>
          `,
        )}
      </dl>
    </section>
  `;
}

function DistributionRow({ figure, spread }) {
  return html`
    <tr>
      <th scope="row"><${Term} figure=${figure} /></th>
      <td class="unit">${figure.unit}</td>
      <td>${count(spread.count)}</td>
      ${STATISTICS.map(({ key, q }) => html`<td>${statistic(spread, key, q)}</td>`)}
    </tr>
  `;
}

/** A percentile that so few values do not support is not shown; one that hangs on fewer than ten is marked. */
function statistic(spread, key, q) {
  const value = spread[key];
  if (!Number.isFinite(value)) return NOTHING;
  const why = q && withheld(q, spread.count);
  if (why) return html`<span class="quiet" title=${why}>${NOTHING} <small>n=${count(spread.count)}</small></span>`;
  return html`${number(value)}${q && supports(spread.count, q) === "few" && html` <small class="few">few<span class="unseen">: it hangs on fewer than ten values</span></small>`}`;
}

/** A name whose meaning is shown when one points at it or comes to it with Tab. */
export function Term({ figure }) {
  return html`
    <span class="term" tabindex="0">
      ${figure.name}
      <span class="meaning" role="tooltip">${figure.means}${figure.better ? ` ${figure.better === "lower" ? "Lower" : "Higher"} is better.` : ""}</span>
    </span>
  `;
}
