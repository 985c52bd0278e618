// JSON that folds. Little is shown at once, whatever its size: one level is open, long texts are cut, many rows are mounted by and by.

import { html, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { count, plainLine } from "../format.js";
import { ExactNumber, parsedTree } from "../trace/exact.js";
import { above, findIn, openAtFirst, rowsOf } from "./json-rows.js";

/** Characters of a text before it is cut. */
const CUT = 2000;
/** Characters above which a text is not taken apart. */
const LARGE = 2_000_000;
const BEGINNING = 65_536;
/** Above so many rows only those in view are mounted. */
const MANY = 500;
const ROW = 20;

/** `value` is data or text; `name` is the file it is saved as. */
export function Json({ value, name = "value.json" }) {
  const data = useMemo(() => (typeof value === "string" && value.length <= LARGE ? (parsedTree(value) ?? value) : value), [value]);
  if (typeof data === "string") return html`<${Text} text=${data} name=${name} />`;
  return html`<${Folding} value=${data} name=${name} />`;
}

/** Text as it is, cut where it is long. */
export function Text({ text, name = "text.txt" }) {
  const [all, setAll] = useState(false);
  if (text.length > LARGE) {
    return html`
      <pre class="json-text">${text.slice(0, BEGINNING)}</pre>
      <p class="quiet">The first ${count(BEGINNING)} of ${count(text.length)} characters. <${Save} text=${text} name=${name} /></p>
    `;
  }
  const isCut = text.length > CUT && !all;
  return html`
    <span class="json-text">${isCut ? text.slice(0, CUT) : text}</span>${isCut &&
    html` <button type="button" class="link" onClick=${() => setAll(true)}>… Show all ${count(text.length)} characters</button>`}
  `;
}

function Save({ text, name }) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  return html`<button type="button" onClick=${save}>Download</button>`;
}

function Folding({ value, name }) {
  const [open, setOpen] = useState(openAtFirst);
  const [find, setFind] = useState("");
  const rows = useMemo(() => rowsOf(value, open), [value, open]);
  const isLong = rows.length > 20 || find !== "";
  const found = useMemo(() => (find.trim() ? findIn(value, find.trim()) : []), [value, find]);
  const marked = useMemo(() => new Set(found), [found]);
  const toggle = (path) => {
    const next = new Set(open);
    if (!next.delete(path)) next.add(path);
    setOpen(next);
  };
  const search = (text) => {
    setFind(text);
    if (!text.trim()) return;
    const next = new Set(open);
    for (const path of findIn(value, text.trim(), 50)) for (const one of above(path)) next.add(one);
    setOpen(next);
  };
  if (value === null || typeof value !== "object" || value instanceof ExactNumber) return html`<${Row} row=${rows[0]} />`;
  return html`
    <div class="json">
      ${isLong &&
      html`
        <div class="json-tools">
          <input type="search" aria-label="Find in this JSON" placeholder="Find" value=${find} onInput=${(event) => search(event.target.value)} />
          <span class="quiet" role="status">${find.trim() ? `${count(found.length)}${found.length === 1000 ? " or more" : ""} found` : ""}</span>
          <${Save} text=${JSON.stringify(value, null, 2)} name=${name} />
        </div>
      `}
      ${rows.length > MANY
        ? html`<${Many} rows=${rows} toggle=${toggle} marked=${marked} />`
        : rows.map((row) => html`<${Row} key=${row.path} row=${row} toggle=${toggle} isMarked=${marked.has(row.path)} />`)}
    </div>
  `;
}

/** Many rows, each of one line. */
function Many({ rows, toggle, marked }) {
  const box = useRef();
  const [first, setFirst] = useState(0);
  const look = () => setFirst(Math.max(0, Math.floor(box.current.scrollTop / ROW / 8) * 8 - 8));
  useLayoutEffect(look, [rows]);
  const mounted = rows.slice(first, first + 60);
  return html`
    <div class="json-many" ref=${box} onScroll=${look} tabindex="0" role="region" aria-label="JSON">
      <div style=${{ height: `${rows.length * ROW}px` }}>
        ${mounted.map(
          (row, place) => html`
            <div class="json-line" key=${row.path} style=${{ top: `${(first + place) * ROW}px` }}>
              <${Row} row=${row} toggle=${toggle} isMarked=${marked.has(row.path)} />
            </div>
          `,
        )}
      </div>
    </div>
  `;
}

const BRACKETS = { object: ["{", "}"], array: ["[", "]"] };

function Row({ row, toggle, isMarked }) {
  const style = { paddingLeft: `${Math.min(row.depth, 24) * 14}px` };
  if (row.closes) return html`<div class="json-row" style=${style}><span class="fold"></span>${BRACKETS[row.closes][1]}</div>`;
  const key = row.key === null ? null : html`<span class="json-key">${plainLine(row.key)}</span><span class="quiet">: </span>`;
  const brackets = BRACKETS[row.kind];
  if (!brackets) {
    return html`<div class="json-row ${isMarked ? "marked" : ""}" style=${style}>${row.key !== null && html`<span class="fold"></span>`}${key}<${Leaf} row=${row} /></div>`;
  }
  const size = `${count(row.size)} ${row.kind === "array" ? (row.size === 1 ? "item" : "items") : row.size === 1 ? "key" : "keys"}`;
  return html`
    <div class="json-row ${isMarked ? "marked" : ""}" style=${style}>
      <button type="button" class="fold" aria-expanded=${row.isOpen} aria-label="${row.isOpen ? "Close" : "Open"} ${plainLine(row.key ?? "all")}, ${size}" disabled=${row.size === 0} onClick=${() => toggle(row.path)}>
        ${row.size === 0 ? "" : row.isOpen ? "▾" : "▸"}
      </button>
      ${key}${row.isOpen ? brackets[0] : html`${brackets[0]}${row.size > 0 && html`<span class="quiet"> ${size} </span>`}${brackets[1]}`}
    </div>
  `;
}

function Leaf({ row }) {
  if (row.kind !== "string") return html`<span class="json-${row.kind}">${row.text}</span>`;
  return html`<span class="json-string">"<${Text} text=${row.text} />"</span>`;
}
