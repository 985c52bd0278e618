// The columns of the table of runs as it draws them.

import { html, useMemo } from "../lib.js";
import { Link } from "../router.js";
import { Name as Cut } from "../parts/name.js";
import { tellerOf } from "../parts/names.js";
import { Verdict } from "../parts/verdict.js";
import { NOTHING, ago, duration, plainLine, time } from "../format.js";
import { changeOf, describe, writerOf } from "./columns.js";
import { Course } from "./course.js";

/** The columns for the table; `columns` are those that were chosen, `hidden` the places of those that are left out. */
export function useColumns(all) {
  const { rows, columns, hidden, base, experiments, utc, picked, folded, sortsTook, narrow } = all;
  const deps = [rows, columns, hidden, base];
  const figures = useMemo(() => columns.map((column, place) => figureColumn({ rows, column, place, base })).filter((_, place) => !hidden.has(place)), deps);
  return useMemo(() => [...firstColumns(all), ...figures, ...lastColumns(all)], [figures, experiments, utc, picked, folded, sortsTook, narrow]);
}

function firstColumns({ rows, utc, picked, pick, base, setBase, fold, narrow }) {
  const has = (test) => rows.some(test);
  const told = tellerOf(rows);
  return [
    { key: "pick", name: html`<span class="unseen">Picked</span>`, width: 32, sticky: true, cell: (run) => html`<${Pick} run=${run} on=${picked.has(run.id)} pick=${pick} />` },
    !narrow && { key: "base", name: html`<span class="unseen">Baseline</span>`, width: 28, sticky: true, class: () => "tight", cell: (run) => html`<${Star} run=${run} on=${base?.id === run.id} setBase=${setBase} />` },
    { key: "verdict", name: "Verdict", width: has(({ verdict }) => verdict === "nothing") ? 160 : has(({ verdict }) => verdict === "none") ? 116 : 100, sortable: true, sticky: !narrow, cell: (run) => html`<${Verdict} of=${run.verdict} />` },
    has(({ slo }) => slo !== null) && { key: "slo", name: "SLO", title: "Whether the run met its targets: 99 % of its requests met each", width: 48, sortable: true, cell: (run) => html`<${Slo} met=${run.slo} />` },
    { key: "name", name: "Run", width: narrow ? 180 : 216, grows: true, sortable: true, sticky: !narrow, cell: (run) => html`<${Name} run=${run} told=${told(run)} fold=${fold} />` },
    { key: "started", name: "Started", unit: utc ? "UTC" : zoneOf(rows), width: 120, sortable: true, cell: (run) => html`<${Started} at=${run.start_time} utc=${utc} />` },
    has(({ hasCourse }) => hasCourse) && { key: "course", name: "Over time", title: "Requests per second, from the beginning of the run to its end", width: 104, cell: (run) => html`<${Course} run=${run} />` },
  ].filter(Boolean);
}

function lastColumns({ experiments, sortsTook }) {
  return [
    { key: "took", name: "Took", width: 92, number: true, sortable: sortsTook, cell: (run) => (run.took === null ? NOTHING : duration(run.took / 1000)) },
    experiments && { key: "experiment", name: "Experiment", width: 140, cell: (run) => plainLine(experiments.get(run.experiment_id) ?? run.experiment_id) },
  ].filter(Boolean);
}

/** The zone stands in the head, for all rows; where summer and winter differ, it is that of the first one. */
function zoneOf(rows) {
  return time(rows[0]?.start_time ?? Date.now()).split(" ").at(-1);
}

function Started({ at, utc }) {
  const whole = time(at, { utc });
  const year = new Date().getFullYear() === Number(whole.slice(0, 4));
  return html`<time datetime=${new Date(at).toISOString()} title=${`${whole}, ${ago(at)}`}>${year ? whole.slice(5, 19) : whole.slice(0, 16)}</time>`;
}

function Pick({ run, on, pick }) {
  return html`<input type="checkbox" tabindex="-1" checked=${on} onChange=${() => pick(run)} aria-label=${`Pick ${plainLine(run.name)}`} />`;
}

function Star({ run, on, setBase }) {
  return html`<button type="button" class="star" tabindex="-1" aria-pressed=${on} aria-label=${`Baseline: ${plainLine(run.name)}`} onClick=${() => setBase(run)}>${on ? "★" : "☆"}</button>`;
}

function Slo({ met }) {
  if (met === null) return null;
  return html`<span class=${`verdict ${met ? "ok" : "invalid"}`}><span aria-hidden="true">${met ? "✓" : "✗"}</span><span class="unseen">${met ? "met" : "missed"}</span></span>`;
}

function Name({ run, told, fold }) {
  const name = plainLine(run.name);
  return html`
    <span class="run-name" style=${run.depth > 0 ? { paddingLeft: `${Math.min(run.depth, 6) * 18}px` } : undefined}>
      ${run.parts > 0 && html`<button type="button" class="fold" tabindex="-1" aria-expanded=${!run.folded} aria-label=${`${run.parts} runs of ${name}`} onClick=${() => fold(run)}>${run.folded ? "▸" : "▾"}</button>`}
      <${Link} tabindex="-1" to=${`/runs/${run.id}`} title=${name}><${Cut} parts=${told} /><//>
      ${run.parts > 0 && html`<span class="quiet parts">${run.parts}</span>`}
    </span>
  `;
}

/** A column of values; beside each, how it differs from the baseline. */
function figureColumn({ rows, column, place, base }) {
  const described = describe(column);
  const isFigure = described.kind === "metrics";
  const values = rows.map((run) => run.values[place]);
  const { unit, write } = writerOf(described, values);
  const arrow = { lower: "less is better", higher: "more is better" }[described.better];
  const title = [described.key, described.means, arrow].filter(Boolean).join(". ");
  const long = described.name.length + (unit?.length ?? 0) > 11;
  return {
    key: column,
    name: described.name,
    unit,
    title,
    width: isFigure ? (base ? 148 : Math.min(220, long ? 24 + 7.6 * (described.name.length + (unit?.length ?? 0) + 2) : 84 + 8 * described.name.includes(" "))) : 130,
    number: isFigure,
    sortable: true,
    class: (run) => (isFigure && (run.verdict === "invalid" || run.verdict === "failed") ? "untrusted" : ""),
    cell: (run) => {
      const change = isFigure && base && base.id !== run.id ? changeOf(described, run.values[place], base.values[place]) : null;
      const why = run.withheld.get(place);
      const text = why ? html`<span title=${why}>${NOTHING}</span>` : write(run.values[place]);
      if (!isFigure || !base) return text;
      return html`<span>${text}</span><${Change} of=${change} trusted=${run.verdict !== "invalid" && base.verdict !== "invalid"} />`;
    },
  };
}

function Change({ of, trusted }) {
  if (!of) return html`<small class="change"></small>`;
  const reading = trusted ? of.reading : "none";
  return html`<small class=${`change ${reading}`}>${of.text}${reading !== "none" && html`<span class="unseen"> ${reading}</span>`}</small>`;
}
