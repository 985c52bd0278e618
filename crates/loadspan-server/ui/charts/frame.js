// What is around every chart: its question, its unit, the sentence that says what is to be seen, and the same as a table and as CSV.

import { html, useState } from "../lib.js";
import { toCsv } from "./csv.js";
import { count } from "../format.js";

/** Rows of a chart's table that are shown at once. */
const PAGE = 25;

let charts = 0;

/**
 * `title` is text; what one chooses stands beside it, as `choice`. `table()` gives the columns: `{ name, values, format }`, values in full precision. It is called when somebody asks for it.
 */
export function ChartFrame({ title, choice, note, sentence, table, name, children, className = "" }) {
  const [id] = useState(() => `chart-${(charts += 1)}`);
  const [shown, setShown] = useState(false);
  return html`
    <figure class="chart ${className}" aria-labelledby=${`${id}-title`} aria-describedby=${`${id}-says`}>
      <figcaption>
        <h3 id=${`${id}-title`}>${title}</h3>
        ${choice && html`<span class="choice">${choice}</span>`}
        <span class="note">${note}</span>
        <span class="chart-actions">
          <button type="button" class="plain" aria-expanded=${shown} onClick=${() => setShown(!shown)}>
            ${shown ? "Chart" : "Table"}<span class="unseen"> of: ${title}</span>
          </button>
          <button type="button" class="plain" onClick=${() => download(`${name}.csv`, toCsv(table()))}>
            CSV<span class="unseen"> of: ${title}</span>
          </button>
        </span>
      </figcaption>
      <p class="unseen" id=${`${id}-says`}>${sentence}</p>
      ${shown ? html`<${Paged} columns=${table()} label=${title} />` : children}
    </figure>
  `;
}

/** Hands a file that was made here to the browser. */
export function download(name, text, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A table in pages: no more than these rows are in the document. */
function Paged({ columns, label }) {
  const [first, setFirst] = useState(0);
  const rows = Math.max(0, ...columns.map(({ values }) => values.length));
  const last = Math.min(rows, first + PAGE);
  const numbers = Array.from({ length: last - first }, (_, place) => first + place);
  return html`
    <div class="chart-table" tabindex="0" role="region" aria-label=${`${label}, as a table`}>
      <table class="plain-table">
        <thead>
          <tr>${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr>
        </thead>
        <tbody>
          ${numbers.map((row) => html`<tr key=${row}>${columns.map(({ values, format = String }) => html`<td>${format(values[row])}</td>`)}</tr>`)}
        </tbody>
      </table>
      ${rows > PAGE &&
      html`
        <p class="pages">
          <button type="button" disabled=${first === 0} onClick=${() => setFirst(first - PAGE)}>Earlier</button>
          <span>${first + 1} to ${last} of ${count(rows)}</span>
          <button type="button" disabled=${last === rows} onClick=${() => setFirst(first + PAGE)}>Later</button>
        </p>
      `}
    </div>
  `;
}
