// The stages of a run as a table, as the console has them: a row shows its stage in all charts and figures.

import { html } from "../lib.js";
import { Link, setQuery } from "../router.js";
import { Verdict } from "../parts/verdict.js";
import { NOTHING, count, duration } from "../format.js";
import { describe, writerOf } from "../runs/columns.js";
import { distributionOf, valueOf, withheldOf } from "./figures.js";
import { failedOf } from "./stages.js";

const FIGURES = ["request_throughput", "time_to_first_token.p50", "time_to_first_token.p99", "request_latency.p50", "request_latency.p99", "output_token_throughput", "goodput"];

/** Shows a stage, or with null all of the run. */
export function showStage(stage) {
  setQuery({ stage: stage && stage.number, t: null });
}

/** `owned`: the runs that stages have of their own, by number. */
export function Stages({ run, stages, chosen, owned }) {
  const rows = [...stages.map(rowOf), { name: "Whole run", load: "", verdict: run.verdict, failed: failedOf({ of: run }), took: run.end ? (run.end - run.start) / 1000 : null, stage: null, ...figuresOf(run) }];
  const columns = FIGURES.map((name, place) => {
    const described = describe(`metrics.${name}`);
    const values = rows.map((row) => row.values[place]);
    return { place, ...described, ...writerOf(described, values), known: values.some((value) => value !== null) };
  }).filter(({ known }) => known);
  const runs = stages.filter(({ role, number }) => role !== "warmup" && owned.has(number)).map(({ number }) => owned.get(number));
  return html`
    <section class="run-parts stages" aria-label="Stages">
      <div class="section-head">
        <h2>${count(stages.length)} stages</h2>
        ${runs.length > 1 && html`<${Link} class="button" to=${`/compare?runs=${runs.join(",")}`}>Compare them<//>`}
        <span class="quiet">${run.live ? "What is still to come is shown as planned. Figures come when the run is over." : "A row shows its stage in all charts and figures. A warm-up is in no figure of the run."}</span>
      </div>
      <div class="wide" tabindex="0" role="region" aria-label="Figures of the stages">
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Stage</th><th scope="col">Load</th><th scope="col">Verdict</th>
              ${columns.map(({ name, unit, means }) => html`<th scope="col" title=${means}>${name} <span class="unit">${unit}</span></th>`)}
              <th scope="col">Failed</th><th scope="col">${run.live ? "Lasts" : "Took"}</th>${owned.size > 0 && html`<th scope="col">Run</th>`}
            </tr>
          </thead>
          <tbody>
            ${rows.map((row) => html`<${Row} row=${row} columns=${columns} chosen=${chosen} owned=${owned} />`)}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

function Row({ row: { stage, name, load, verdict, values, why, failed, took }, columns, chosen, owned }) {
  const own = owned.get(stage?.number);
  const here = stage === chosen;
  const off = stage?.from === null;
  return html`
    <tr class=${here ? "here" : ""} onClick=${({ target }) => !off && !target.closest("a") && showStage(stage)}>
      <th scope="row">${off ? name : html`<button type="button" class="plain" aria-pressed=${here}>${name}</button>`}</th>
      <td>${load}</td>
      <td>${verdict ? html`<${Verdict} of=${verdict} />` : html`<span class="quiet">${stage?.role === "warmup" ? "warm-up" : NOTHING}</span>`}</td>
      ${columns.map(({ write, place }) => html`<td title=${why[place]}>${write(values[place])}</td>`)}
      <td>${failed > 0 ? html`<span class="verdict invalid">✕ ${count(failed)}</span>` : count(failed)}</td>
      <td>${took === null ? NOTHING : duration(took)}</td>
      ${owned.size > 0 && html`<td>${own && html`<${Link} to=${`/runs/${own}`}>its run<//>`}</td>`}
    </tr>
  `;
}

function rowOf(stage) {
  const { name, load, verdict, running, of, from, to } = stage;
  return { stage, name, load, verdict: running ? "running" : verdict, failed: failedOf(stage), took: from === null || to === null ? null : to - from, ...figuresOf(of) };
}

function figuresOf(of) {
  const why = FIGURES.map((name) => withheldOf(name, distributionOf(of, name.split(".")[0])?.count ?? 0) ?? undefined);
  return {
    why,
    values: FIGURES.map((name, place) => (why[place] ? null : valueOf(of, name))),
  };
}
