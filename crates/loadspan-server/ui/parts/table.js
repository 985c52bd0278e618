// A table of many rows: those in view are mounted, the others are height. Keys walk through it as through a grid.

import { html, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { useKeys } from "../keys.js";

const ROW = 28;
const HEAD = 32;
/** Rows that are mounted above and below what is seen. */
const SPARE = 8;

let tables = 0;

/**
 * `columns`: `{ key, name, unit, title, width, grows, number, sortable, sticky, class(row), cell(row) }`, widths in px; those that are
 * sticky come first and stay where they are. `rows` have an `id`. `sort` is `{ key, descending }`. `pinned` are rows that stay at the
 * top. `onPick(row)`, `onBase(row)`, `onFold(row)`: what the keys x, b, and ← → do; rows that
 * can be folded have `depth`, `parts` and `folded`.
 */
export function Table({ columns, rows, pinned = [], sort, onSort, open, picked, onPick, onBase, onFold, label, height }) {
  const box = useRef();
  const [id] = useState(() => `table-${(tables += 1)}`);
  const [view, setView] = useState({ first: 0, rows: 40 });
  const [atId, setAtId] = useState(null);
  const places = useMemo(() => new Map(rows.map((row, place) => [row.id, place])), [rows]);
  const at = places.get(atId) ?? -1;
  const above = HEAD + pinned.length * ROW;
  const look = () => {
    const { scrollTop, clientHeight } = box.current;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const shown = Math.ceil(clientHeight / ROW) + 2 * SPARE;
    setView((before) => (before.first === first && before.rows === shown ? before : { first, rows: shown }));
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const walk = (to) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAtId(rows[next]?.id ?? null);
    const top = next * ROW;
    const { scrollTop, clientHeight } = box.current;
    if (top < scrollTop) box.current.scrollTop = top;
    else if (top + ROW + above > scrollTop + clientHeight) box.current.scrollTop = top + ROW + above - clientHeight;
  };
  const page = () => Math.max(1, Math.floor((box.current.clientHeight - above) / ROW));
  const isAt = () => at >= 0;
  useKeys([
    { keys: "j | ArrowDown", does: "Next row", run: () => walk(at + 1) },
    { keys: "k | ArrowUp", does: "Previous row", run: () => walk(at - 1) },
    { keys: "PageDown", does: "A page down", run: () => walk(Math.max(at, 0) + page()) },
    { keys: "PageUp", does: "A page up", run: () => walk(at - page()) },
    { keys: "Home", does: "First row", run: () => walk(0) },
    { keys: "End", does: "Last row", run: () => walk(rows.length - 1) },
    { keys: "Enter", does: "Open the row", when: isAt, run: () => open(rows[at]) },
    ...(onPick ? [{ keys: "x", does: "Pick the row", when: isAt, run: () => onPick(rows[at]) }] : []),
    ...(onBase ? [{ keys: "b", does: "Make the row the baseline, or no more", when: isAt, run: () => onBase(rows[at]) }] : []),
    ...(onFold
      ? [
          { keys: "ArrowLeft", does: "Fold the row, or go to the one it is part of", when: isAt, run: () => (isOpen(rows[at]) ? onFold(rows[at]) : walk(parentOf(rows, at))) },
          { keys: "ArrowRight", does: "Unfold the row, or go to its first part", when: isAt, run: () => (rows[at].folded ? onFold(rows[at]) : isOpen(rows[at]) && walk(at + 1)) },
        ]
      : []),
  ]);
  const template = columns.map(({ width, grows }) => (grows ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" ");
  const least = columns.reduce((sum, { width }) => sum + width, 0);
  const mounted = rows.slice(view.first, view.first + view.rows);
  const common = { columns: withLefts(columns), open, picked };
  return html`
    <div
      class="table"
      role="grid"
      aria-label=${label}
      aria-rowcount=${rows.length + pinned.length + 1}
      aria-colcount=${columns.length}
      aria-activedescendant=${at >= 0 ? `${id}-${at}` : undefined}
      tabindex="0"
      ref=${box}
      onScroll=${look}
      style=${{ height, "--columns": template, "--least": `${least}px` }}
    >
      <div class="head" role="rowgroup">
        <div role="row" aria-rowindex="1">
          ${common.columns.map((column) => html`<${Head} key=${column.key} column=${column} sort=${sort} onSort=${onSort} />`)}
        </div>
        ${pinned.map((row, place) => html`<${Row} key=${row.id} ...${common} row=${row} index=${place + 2} class="pinned" />`)}
      </div>
      <div class="body" role="rowgroup" style=${{ height: `${rows.length * ROW}px` }}>
        ${mounted.map((row, place) => {
          const here = view.first + place;
          const props = { id: `${id}-${here}`, row, index: here + pinned.length + 2, top: here * ROW, class: here === at ? "current" : "" };
          return html`<${Row} key=${row.id} ...${common} ...${props} />`;
        })}
      </div>
    </div>
  `;
}

function isOpen({ parts, folded }) {
  return parts > 0 && !folded;
}

/** The place of the row that this one is part of, or its own. */
function parentOf(rows, at) {
  let place = at;
  while (place > 0 && rows[place].depth >= rows[at].depth) place -= 1;
  return rows[at].depth > 0 ? place : at;
}

/** Sticky columns stand beside each other. */
function withLefts(columns) {
  let left = 0;
  return columns.map((column) => {
    if (!column.sticky) return column;
    left += column.width;
    return { ...column, left: left - column.width };
  });
}

function classesOf(column, more) {
  return [column.number && "number", column.sticky && "sticky", more].filter(Boolean).join(" ");
}

function leftOf({ sticky, left }) {
  return sticky ? { left: `${left}px` } : undefined;
}

function Row({ id, row, index, top, columns, open, picked, class: more = "" }) {
  const press = (event) => {
    if (!event.target.closest("a, button, input, label, summary")) open(row);
  };
  return html`
    <div
      id=${id}
      role="row"
      class=${`${more} ${picked?.has(row.id) ? "picked" : ""}`}
      aria-rowindex=${index}
      aria-selected=${picked ? picked.has(row.id) : undefined}
      style=${top === undefined ? undefined : { top: `${top}px` }}
      onClick=${press}
    >
      ${columns.map(
        (column) => html`<div key=${column.key} role="gridcell" class=${classesOf(column, column.class?.(row))} style=${leftOf(column)}>${column.cell(row)}</div>`,
      )}
    </div>
  `;
}

function Head({ column, sort, onSort }) {
  const sorted = sort?.key === column.key;
  const arrow = sorted ? (sort.descending ? " ↓" : " ↑") : "";
  const text = html`${column.name}${column.unit && html` <small>${column.unit}</small>`}${arrow}`;
  return html`
    <div
      role="columnheader"
      class=${classesOf(column)}
      style=${leftOf(column)}
      title=${column.title}
      aria-sort=${sorted ? (sort.descending ? "descending" : "ascending") : undefined}
    >
      ${column.sortable ? html`<button type="button" onClick=${() => onSort(column.key)}>${text}</button>` : text}
    </div>
  `;
}

/** What is left of the window below an element: a table fills it. */
export function useRest(bottom = 0) {
  // The element comes and goes: a page without rows has none.
  const [element, mark] = useState(null);
  const [height, setHeight] = useState("60vh");
  useLayoutEffect(() => {
    if (!element) return undefined;
    const measure = () => {
      const { top } = element.getBoundingClientRect();
      setHeight(`${Math.max(240, Math.floor(innerHeight - top - scrollY - bottom))}px`);
    };
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [element, bottom]);
  return [mark, height];
}
