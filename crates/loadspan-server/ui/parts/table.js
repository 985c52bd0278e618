// A table of many rows: those in view are mounted, the others are height. Keys walk through it as through a grid.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { useKeys } from "../keys.js";

const ROW = 28;
const HEAD = 32;
/** Rows that are mounted above and below what is seen. */
const SPARE = 8;

/**
 * `columns`: `{ key, name, unit, width, grows, number, sortable, cell(row) }`, widths in px. `rows` have an `id`. `sort` is `{ key, descending }`.
 */
export function Table({ columns, rows, sort, onSort, open, picked, onPick, label, height }) {
  const box = useRef();
  const [view, setView] = useState({ first: 0, rows: 40 });
  const [at, setAt] = useState(-1);
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
    setAt(next);
    const top = next * ROW;
    const { scrollTop, clientHeight } = box.current;
    if (top < scrollTop) box.current.scrollTop = top;
    else if (top + ROW + HEAD > scrollTop + clientHeight) box.current.scrollTop = top + ROW + HEAD - clientHeight;
  };
  const page = () => Math.floor((box.current.clientHeight - HEAD) / ROW);
  useKeys([
    { keys: "j | ArrowDown", does: "Next row", run: () => walk(at + 1) },
    { keys: "k | ArrowUp", does: "Previous row", run: () => walk(at - 1) },
    { keys: "PageDown", run: () => walk(at + page()) },
    { keys: "PageUp", run: () => walk(at - page()) },
    { keys: "Home", run: () => walk(0) },
    { keys: "End", run: () => walk(rows.length - 1) },
    { keys: "Enter", does: "Open the row", run: () => rows[at] && open(rows[at]) },
    ...(onPick ? [{ keys: "x", does: "Pick the row", run: () => rows[at] && onPick(rows[at]) }] : []),
  ]);
  useEffect(() => setAt((before) => Math.min(before, rows.length - 1)), [rows.length]);
  const template = columns.map(({ width, grows }) => (grows ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" ");
  const least = columns.reduce((sum, { width }) => sum + width, 0);
  const mounted = rows.slice(view.first, view.first + view.rows);
  return html`
    <div
      class="table"
      role="grid"
      aria-label=${label}
      aria-rowcount=${rows.length + 1}
      tabindex="0"
      ref=${box}
      onScroll=${look}
      style=${{ height, "--columns": template, "--least": `${least}px` }}
    >
      <div class="head" role="row" aria-rowindex="1">
        ${columns.map((column) => html`<${Head} column=${column} sort=${sort} onSort=${onSort} />`)}
      </div>
      <div class="body" style=${{ height: `${rows.length * ROW}px` }}>
        ${mounted.map((row, place) => {
          const index = view.first + place;
          const classes = [picked?.has(row.id) && "picked", index === at && "at"].filter(Boolean).join(" ");
          return html`
            <div
              key=${row.id}
              role="row"
              class=${classes}
              aria-rowindex=${index + 2}
              aria-selected=${picked ? picked.has(row.id) : undefined}
              style=${{ top: `${index * ROW}px` }}
              onClick=${() => open(row)}
            >
              ${columns.map(
                (column) => html`
                  <div role="gridcell" class=${[column.number && "number", column.class?.(row)].filter(Boolean).join(" ")}>
                    ${column.cell(row)}
                  </div>
                `,
              )}
            </div>
          `;
        })}
      </div>
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
      class=${column.number ? "number" : ""}
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
      setHeight(`${Math.max(240, Math.floor(innerHeight - top - bottom))}px`);
    };
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [element, bottom]);
  return [mark, height];
}
