// The table of differences: never a difference without its spread.

import { html, useState } from "../lib.js";
import { Term } from "../run/results.js";
import { NOTHING, count, number, plainLine } from "../format.js";
import { READINGS } from "./figures.js";
import { promptsDiffer } from "./params.js";
import { changeText, intervalText } from "./text.js";
import { Swatch } from "./chips.js";

const ARROWS = { better: "✓", worse: "✗", different: "≠", none: "≈" };

export function Differences({ runs, base, rows }) {
  const others = runs.filter((run) => run !== base);
  const warnings = others.map((run) => ({ run, differs: promptsDiffer(base, run) })).filter(({ differs }) => differs);
  return html`
    <section class="differences">
      <div class="section-head">
        <h2>Differences from ★ ${plainLine(base.name)}</h2>
        <span class="quiet">95 % intervals from ${runs.some(({ sections }) => sections) ? "sections of each run" : "the number of requests"}; what another run of the same would differ by is not in them. Below 1 % nothing is called a difference.</span>
      </div>
      ${warnings.map(
        ({ run, differs }) => html`
          <p class=${`warning ${differs.level}`}>
            ${differs.level === "serious" ? html`<b>▲ Not comparable with ${plainLine(run.name)}:</b> ` : html`<b>${plainLine(run.name)}:</b> `}${differs.text}.
          </p>
        `,
      )}
      <div class="wide" tabindex="0" role="region" aria-label="Differences">
        <table class="plain-table diff-table">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" class="unit">unit</th>
              ${runs.map((run) => html`<th scope="col"><${Swatch} run=${run} /> ${run === base ? "★ " : ""}${plainLine(run.name)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) => html`
                <tr>
                  <th scope="row"><${Term} figure=${{ name: row.title, means: row.means ?? "", better: row.better }} /></th>
                  <td class="unit">${row.unit}</td>
                  ${row.cells.map((cell) => html`<${Cell} cell=${cell} />`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

function Cell({ cell: { value, difference, run } }) {
  const untrusted = run.verdict === "invalid" || run.verdict === "failed";
  const shown = value === null ? NOTHING : html`${number(value)}${untrusted && html`<span class="verdict invalid"> ✕<span class="unseen"> invalid</span></span>`}`;
  if (!difference) return html`<td class=${untrusted ? "untrusted" : ""}><span class="figure">${shown}</span></td>`;
  const { reading } = difference;
  return html`
    <td class=${untrusted ? "untrusted" : ""}>
      <span class="figure">${shown}</span>
      <span class=${`change ${reading}`}><span aria-hidden="true">${ARROWS[reading] ?? "○"}</span> ${changeText(difference)}</span>
      <small>${intervalText(difference) && `${intervalText(difference)} · `}${READINGS[reading]}</small>
    </td>
  `;
}

export function ParamDifferences({ runs, params }) {
  const [all, setAll] = useState(false);
  const equal = all ? equalOf(runs, params) : [];
  return html`
    <section class="differences">
      <div class="section-head">
        <h2>Parameters that differ</h2>
        <span class="quiet">${count(params.equal)} are equal</span>
        <button type="button" aria-pressed=${all} onClick=${() => setAll(!all)}>${all ? "Hide equal ones" : "Show equal ones"}</button>
      </div>
      ${params.differing.length + equal.length === 0
        ? html`<p class="quiet">None.</p>`
        : html`
            <div class="wide" tabindex="0" role="region" aria-label="Parameters">
              <table class="plain-table params-table">
                <thead><tr><th scope="col">Parameter</th>${runs.map((run) => html`<th scope="col"><${Swatch} run=${run} /> ${plainLine(run.name)}</th>`)}</tr></thead>
                <tbody>
                  ${[...params.differing, ...equal].map(
                    ({ name, values, incidental, same }) => html`
                      <tr class=${incidental || same ? "quiet" : ""}>
                        <th scope="row" class="mono">${plainLine(name)}</th>
                        ${values.map((value) => html`<td class="mono">${value === null ? NOTHING : plainLine(value.length > 60 ? `${value.slice(0, 59)}…` : value)}</td>`)}
                      </tr>
                    `,
                  )}
                </tbody>
              </table>
            </div>
          `}
    </section>
  `;
}

function equalOf(runs, { differing }) {
  const known = new Set(differing.map(({ name }) => name));
  return Object.keys(runs[0].params)
    .filter((name) => !known.has(name) && runs.every(({ params }) => params[name] === runs[0].params[name]))
    .sort()
    .map((name) => ({ name, values: runs.map(({ params }) => params[name]), same: true }));
}
