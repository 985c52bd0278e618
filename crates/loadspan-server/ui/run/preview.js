// A look at a file of a run without leaving the page: pictures, tables, text. Only the first part of a large one is read, and what could
// be run by a browser is only downloaded.

import { html, useEffect, useState } from "../lib.js";
import { ApiError, useLoad } from "../api.js";
import { parseCsv } from "../charts/csv.js";
import { Loaded } from "../parts/state.js";
import { bytes, count } from "../format.js";

/** More is not read for a preview. */
const MOST = 64 * 1024;
/** More rows are not shown. */
const ROWS = 200;

const PICTURES = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", webp: "image/webp" };
const TEXTS = ["txt", "log", "md", "yaml", "yml", "toml", "jsonl", "ndjson", "py", "sh"];

/** How a file is shown: "picture", "csv", "json", "text", or null for those that are only downloaded. */
export function kindOf(name) {
  const ending = name.split(".").at(-1).toLowerCase();
  if (ending in PICTURES) return "picture";
  if (ending === "csv" || ending === "json") return ending;
  return TEXTS.includes(ending) ? "text" : null;
}

export function Preview({ file, url }) {
  const kind = kindOf(file.path);
  if (kind === "picture") return html`<${Picture} file=${file} url=${url} />`;
  if (kind) return html`<${TextFile} file=${file} url=${url} kind=${kind} />`;
  return html`<p class="quiet">Files of this kind are not shown here: a page or a drawing from a run may hold scripts. Download it instead.</p>`;
}

/** A picture by way of a blob, whose type is ours and not that of the file. */
function Picture({ file, url }) {
  const load = useLoad(url, async (signal) => {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new ApiError(`The server answers ${response.status}.`);
    return new Blob([await response.arrayBuffer()], { type: PICTURES[file.path.split(".").at(-1).toLowerCase()] });
  });
  return html`<${Loaded} load=${load} what=${file.path}>${(blob) => html`<${Shown} blob=${blob} name=${file.path} />`}<//>`;
}

function Shown({ blob, name }) {
  const [source, setSource] = useState(null);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setSource(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return source && html`<img class="preview-picture" src=${source} alt=${`Picture ${name}`} />`;
}

function TextFile({ file, url, kind }) {
  const load = useLoad(url, (signal) => readStart(url, signal));
  return html`
    <${Loaded} load=${load} what=${file.path}>
      ${({ text, cut }) => html`
        ${cut && html`<p class="quiet">The first ${bytes(MOST)} of ${bytes(file.size)}.</p>`}
        ${kind === "csv" ? html`<${Csv} text=${text} cut=${cut} />` : html`<pre class="preview-text" tabindex="0">${kind === "json" && !cut ? pretty(text) : text}</pre>`}
      `}
    <//>
  `;
}

/** The beginning of a file; the rest is not transferred. */
async function readStart(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new ApiError(`The server answers ${response.status}.`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), cut: false };
    read += value.length;
    text += decoder.decode(value, { stream: true });
    if (read >= MOST) {
      await reader.cancel();
      return { text: text.slice(0, MOST), cut: true };
    }
  }
}

/** Numbers that no double holds would change, so what has such is left as it is. */
function pretty(text) {
  if (/\d{17,}/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Csv({ text, cut }) {
  const [head = [], ...rows] = parseCsv(cut ? text.slice(0, text.lastIndexOf("\n") + 1) : text, ROWS + 1);
  return html`
    <div class="wide preview-table" tabindex="0" role="region" aria-label="Table">
      <table class="plain-table">
        <thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr>${row.map((value) => html`<td>${value}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
    ${rows.length === ROWS && html`<p class="quiet">The first ${count(ROWS)} rows.</p>`}
  `;
}
