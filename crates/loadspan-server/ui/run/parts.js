// The runs that a run groups, such as the points of a sweep: each with its state, its verdict and its main figures.

import { html, useEffect } from "../lib.js";
import { useLoad } from "../api.js";
import { Link } from "../router.js";
import { Name } from "../parts/name.js";
import { tellerOf } from "../parts/names.js";
import { Verdict } from "../parts/verdict.js";
import { NOTHING, count, duration, plainLine } from "../format.js";
import { describe, writerOf } from "../runs/columns.js";
import { loadPage } from "../runs/load.js";

const COLUMNS = ["request_throughput", "output_token_throughput", "time_to_first_token.p50", "time_to_first_token.p99", "request_latency.p99", "request_error_rate"].map((key) => `metrics.${key}`);
/** So many are shown, and can be compared. */
const MOST = 100;
const EVERY_MS = 5000;
const STATES = { FINISHED: "finished", RUNNING: "running", SCHEDULED: "scheduled", FAILED: "failed", KILLED: "stopped" };

/** The filter that finds the parts of a run. */
function filterOf(run) {
  return `tags.\`mlflow.parentRunId\` = '${run.id}'`;
}

/** `{ rows, next }`, the first one first; undefined until they are known. */
export function useParts(run) {
  const load = useLoad(`parts of ${run.id}`, (signal) =>
    loadPage({ ids: [run.experiment], filter: filterOf(run), sort: { key: "started" }, columns: [...COLUMNS, "tags.stage"], hidden: { slo: [], courses: [] }, count: MOST, signal }).then(({ rows, next }) => ({ rows: rows.map((row) => ({ ...row, stage: row.values.at(-1) })), next })),
  );
  const { data, reload } = load;
  const waits = run.live || data?.rows.some(({ live }) => live);
  useEffect(() => {
    const timer = waits ? setInterval(reload, EVERY_MS) : 0;
    return () => clearInterval(timer);
  }, [waits]);
  return data;
}

export function Parts({ run, parts: { rows, next } }) {
  const columns = COLUMNS.map((column, place) => ({ ...describe(column), ...writerOf(describe(column), rows.map(({ values }) => values[place])) }));
  const told = tellerOf(rows);
  const all = `/runs?${new URLSearchParams({ exp: run.experiment, q: filterOf(run) })}`;
  return html`
    <section class="run-parts" aria-label="Runs of this one">
      <div class="section-head">
        <h2>${next ? `The first ${count(rows.length)} runs` : `${count(rows.length)} ${rows.length === 1 ? "run" : "runs"}`} of this one</h2>
        ${rows.length > 1 && html`<${Link} class="button" to=${`/compare?runs=${rows.map(({ id }) => id).join(",")}`}>Compare all<//>`}
        <${Link} to=${all}>In the table of runs<//>
      </div>
      <div class="wide" tabindex="0" role="region" aria-label="Runs">
        <table class="plain-table">
          <thead>
            <tr>
              <th scope="col">Run</th><th scope="col">State</th><th scope="col">Verdict</th>
              ${columns.map(({ name, unit }) => html`<th scope="col">${name} <span class="unit">${unit}</span></th>`)}
              <th scope="col">Took</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) => html`
                <tr key=${row.id}>
                  <th scope="row"><${Link} to=${`/runs/${row.id}`} title=${plainLine(row.name)}><${Name} parts=${told(row)} /><//></th>
                  <td>${STATES[row.status] ?? plainLine(row.status)}</td>
                  <td><${Verdict} of=${row.verdict} /></td>
                  ${columns.map(({ write }, place) => html`<td title=${row.withheld.get(place)}>${write(row.values[place])}</td>`)}
                  <td>${row.took === null ? NOTHING : duration(row.took / 1000)}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
