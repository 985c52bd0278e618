// The table of differences: never a difference without its spread. Two runs have a line for each figure, a few stand beside each other,
// many are rows themselves.

import { html, useState } from "../lib.js";
import { Term } from "../run/results.js";
import { Name } from "../parts/name.js";
import { Verdict } from "../parts/verdict.js";
import { NOTHING, number } from "../format.js";
import { READINGS } from "./figures.js";
import { warningsOf } from "./params.js";
import { changeText, halfText, intervalText } from "./text.js";
import { Swatch } from "./chips.js";

const SIGNS = { better: "✓", worse: "✗", different: "≠", load: "≠", none: "≈" };
const BESIDE = 6;

export function Differences({ runs, base, rows, waiting }) {
  const others = runs.filter((run) => run !== base);
  const from = runs.some(({ sections }) => sections) ? "sections of each run" : "the number of requests";
  const form = others.length === 1 ? Pair : runs.length <= BESIDE ? Beside : Rows;
  return html`
    <section class="differences">
      <div class="section-head">
        <h2>Differences from ★ ${base.label}</h2>
        <span class="quiet" role="status">${waiting > 0 ? `Reading the spread of ${waiting} more …` : ""}</span>
      </div>
      <p class="quiet">95 % intervals from ${from}; what another run of the same would differ by is not in them. Below 1 % nothing is called a difference.</p>
      ${warningsOf(base, others).map(
        ({ level, text, runs: which }) => html`
          <p class=${`warning ${level}`}>
            <b>${level === "serious" ? "▲ Not comparable: " : "Note: "}</b>${text}<span class="quiet"> (${namesOf(which, others)})</span>
          </p>
        `,
      )}
      <div class="wide" tabindex="0" role="region" aria-label="Differences"><${form} runs=${runs} base=${base} rows=${rows} /></div>
    </section>
  `;
}

function namesOf(which, others) {
  if (which.length === others.length && which.length > 1) return "all of the others";
  const names = which.slice(0, 4).map(({ label }) => label);
  return which.length > 4 ? `${names.join(", ")} and ${which.length - 4} more` : names.join(", ");
}

function isUntrusted({ verdict }) {
  return verdict === "invalid" || verdict === "failed";
}

function Figure({ row }) {
  return html`<th scope="row"><${Term} figure=${{ name: row.title, means: row.means ?? "", better: row.better }} /> <span class="unit">${row.unit}</span></th>`;
}

function Value({ value, run, withheld }) {
  if (value === null) return html`<span title=${withheld}>${NOTHING}</span>`;
  return html`${number(value)}${isUntrusted(run) && html`<span class="verdict invalid"> ✕<span class="unseen"> invalid</span></span>`}`;
}

function Change({ difference }) {
  const { reading } = difference;
  return html`<span class=${`change ${reading}`}><span aria-hidden="true">${SIGNS[reading] ?? "○"}</span> ${changeText(difference)}</span>`;
}

/** One run against the baseline: a line has the difference, its interval, and what it says. */
function Pair({ runs, base, rows }) {
  const other = runs.find((run) => run !== base);
  return html`
    <table class="plain-table diff-table pair-table">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          ${[base, other].map((run) => html`<th scope="col"><${Swatch} run=${run} /> ${run === base ? "★ " : ""}${run.label}</th>`)}
          <th scope="col">Difference</th>
          <th scope="col">95 % interval</th>
          <th scope="col" class="reading">Reading</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => {
          const [own, cell] = [base, other].map((run) => row.cells.find((one) => one.run === run));
          const { difference } = cell;
          return html`
            <tr>
              <${Figure} row=${row} />
              ${[own, cell].map((one) => html`<td class=${isUntrusted(one.run) ? "untrusted" : ""}><${Value} ...${one} /></td>`)}
              <td>${difference ? html`<${Change} difference=${difference} />` : NOTHING}</td>
              <td>${(difference && intervalText(difference)) || NOTHING}</td>
              <td class=${`reading ${difference?.reading ?? ""}`}>${difference ? READINGS[difference.reading] : ""}</td>
            </tr>
          `;
        })}
      </tbody>
    </table>
  `;
}

/** A few runs: a column for each. */
function Beside({ runs, base, rows }) {
  return html`
    <table class="plain-table diff-table">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          ${runs.map((run) => html`<th scope="col"><${Swatch} run=${run} /> ${run === base ? "★ " : ""}${run.label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<tr><${Figure} row=${row} />${row.cells.map((cell) => html`<${Cell} cell=${cell} />`)}</tr>`)}
      </tbody>
    </table>
  `;
}

function Cell({ cell }) {
  const { difference, run } = cell;
  const classes = isUntrusted(run) ? "untrusted" : "";
  if (!difference) return html`<td class=${classes}><${Value} ...${cell} /></td>`;
  const interval = intervalText(difference);
  return html`
    <td class=${classes}>
      <${Value} ...${cell} /> <${Change} difference=${difference} />
      <small>${interval && `${interval} · `}${READINGS[difference.reading]}</small>
    </td>
  `;
}

/** Rows of a page, so that a hundred runs are not too much at once. */
const PAGE = 50;

/** Many runs: each is a row, with half of the interval beside each difference. */
function Rows({ runs, base, rows }) {
  const [first, setFirst] = useState(0);
  const last = Math.min(runs.length, first + PAGE);
  return html`
    <table class="plain-table diff-table many-table">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Verdict</th>
          ${rows.map((row) => html`<th scope="col">${row.title} <span class="unit">${row.unit}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${runs.slice(first, last).map(
          (run, place) => html`
            <tr key=${run.id} class=${run === base ? "base" : ""}>
              <th scope="row" title=${run.label}><span class="run-label"><${Swatch} run=${run} />${run === base ? "★ " : ""}<${Name} of=${run.label} /></span></th>
              <td><${Verdict} of=${run.verdict} /></td>
              ${rows.map(({ cells }) => html`<${Narrow} cell=${cells[first + place]} />`)}
            </tr>
          `,
        )}
      </tbody>
    </table>
    ${runs.length > PAGE &&
    html`
      <p class="pages">
        <button type="button" disabled=${first === 0} onClick=${() => setFirst(Math.max(0, first - PAGE))}>Earlier</button>
        <span>${first + 1} to ${last} of ${runs.length}</span>
        <button type="button" disabled=${last === runs.length} onClick=${() => setFirst(first + PAGE)}>Later</button>
      </p>
    `}
  `;
}

function Narrow({ cell: { value, difference, run, withheld } }) {
  const half = difference && halfText(difference);
  return html`
    <td class=${isUntrusted(run) ? "untrusted" : ""}>
      ${value === null ? html`<span title=${withheld}>${NOTHING}</span>` : number(value)}
      ${difference && html`<small class=${`change ${difference.reading}`} title=${`${READINGS[difference.reading]}${half ? `: ${intervalText(difference)}` : ""}`}>${SIGNS[difference.reading] ?? "○"} ${changeText(difference)}${half && ` ± ${half}`}</small>`}
    </td>
  `;
}
