// What the runs were set up with, where they differ.

import { html, useState } from "../lib.js";
import { NOTHING, count, plainLine } from "../format.js";
import { equalParams } from "./params.js";
import { Swatch } from "./chips.js";

/** With more runs, each parameter is a row of the values that there are. */
const BESIDE = 6;
const LONGEST = 36;

export function ParamDifferences({ runs, params }) {
  const [all, setAll] = useState(false);
  const rows = [...params.differing, ...(all ? equalParams(runs) : [])];
  return html`
    <section class="differences">
      <div class="section-head">
        <h2>Parameters that differ</h2>
        <span class="quiet">${count(params.equal)} are equal</span>
        <button type="button" aria-pressed=${all} onClick=${() => setAll(!all)}>${all ? "Hide equal ones" : "Show equal ones"}</button>
      </div>
      ${rows.length === 0 ? html`<p class="quiet">None.</p>` : html`<div class="wide" tabindex="0" role="region" aria-label="Parameters">${runs.length > BESIDE ? html`<${Gathered} rows=${rows} runs=${runs} />` : html`<${Beside} rows=${rows} runs=${runs} />`}</div>`}
    </section>
  `;
}

function Beside({ rows, runs }) {
  return html`
    <table class="plain-table params-table">
      <thead>
        <tr>
          <th scope="col">Parameter</th>
          ${runs.map((run) => html`<th scope="col"><${Swatch} run=${run} /> ${run.label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, values, incidental, same }) => html`
            <tr class=${incidental || same ? "quiet" : ""}>
              <th scope="row" class="mono">${plainLine(name)}</th>
              ${values.map((value) => html`<td class="mono" title=${value}>${shown(value)}</td>`)}
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

/** The values of a parameter, and how many runs have each. */
function Gathered({ rows, runs }) {
  return html`
    <table class="plain-table params-table gathered">
      <thead><tr><th scope="col">Parameter</th><th scope="col">Values of the ${runs.length} runs</th></tr></thead>
      <tbody>
        ${rows.map(
          ({ name, values, incidental, same }) => html`
            <tr class=${incidental || same ? "quiet" : ""}>
              <th scope="row" class="mono">${plainLine(name)}</th>
              <td>${same ? html`<span class="mono">${shown(values[0])}</span>` : counted(values).map(([value, times]) => html`<span class="value"><span class="mono">${shown(value)}</span> <span class="quiet">× ${times}</span></span>`)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

/** Values and how often each is there, at most so many. */
function counted(values, most = 12) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.length <= most ? sorted : [...sorted.slice(0, most), ["others", sorted.slice(most).reduce((sum, [, times]) => sum + times, 0)]];
}

function shown(value) {
  if (value === null) return NOTHING;
  return plainLine(value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value);
}
