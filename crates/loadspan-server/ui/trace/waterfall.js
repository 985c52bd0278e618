// The waterfall: a row for each span, its bar at its time. Rows in view are mounted, the others are height. It is a tree of which screen
// readers hear as of one.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { count } from "../format.js";
import { TimeAxis } from "./time-axis.js";
import { drawRow } from "./row.js";
import { placeOf } from "./rows.js";
import { partsByRow } from "./segments.js";
import { useWaterfallKeys } from "./waterfall-keys.js";
import { panned, zoomed } from "./scale.js";

const SPARE = 8;
const HEAD = 28;

/** Heights of rows: fingers need more, and on narrow screens the name stands above its bar. */
const TALL = matchMedia("(pointer: coarse), (max-width: 767px)");
const rowHeight = () => (TALL.matches ? 44 : 24);

export function Waterfall({ model }) {
  const { tree, rows, state } = model;
  const box = useRef();
  const [seen, setSeen] = useState({ first: 0, count: 60 });
  const [width, setWidth] = useState(0);
  const [height, setHeight] = useState(rowHeight);
  const look = () => {
    const { scrollTop, clientHeight } = box.current;
    // In steps, so that not every pixel is a new list.
    const first = Math.max(0, Math.floor(scrollTop / height / 4) * 4 - SPARE);
    const many = Math.ceil(clientHeight / height) + 2 * SPARE + 4;
    setSeen((before) => (before.first === first && before.count === many ? before : { first, count: many }));
  };
  useLayoutEffect(() => {
    const measure = () => {
      setWidth(box.current.querySelector(".axis-track").clientWidth);
      look();
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    const changed = () => setHeight(rowHeight());
    TALL.addEventListener("change", changed);
    return () => {
      observer.disconnect();
      TALL.removeEventListener("change", changed);
    };
  }, [height]);
  useReveal({ box, rows, height, selected: state.selected });
  useWheel(box, model);
  useWaterfallKeys(model, { box, height });
  const places = placesOf(rows, seen, state.selected);
  return html`
    <div class="waterfall" role="treegrid" aria-label="Spans" aria-rowcount=${rows.length + 1} aria-colcount="2" ref=${box} onScroll=${look}>
      <${TimeAxis} model=${model} width=${width} />
      <div class="waterfall-body" style=${{ height: `${rows.length * height}px`, "--row": `${height}px` }}>
        <${Rows} model=${model} places=${places} width=${width} height=${height} />
      </div>
      ${rows.length === 0 && html`<p class="state">No span matches. ${count(tree.size)} spans without the filter.</p>`}
    </div>
  `;
}

/** Places of rows that are mounted; the selected one stays, so that the focus is not lost. */
function placesOf(rows, { first, count: many }, selected) {
  const places = [];
  const last = Math.min(rows.length, first + many);
  for (let place = Math.min(first, last); place < last; place++) places.push(place);
  const chosen = selected === -1 ? -1 : placeOf(rows, selected);
  if (chosen !== -1 && (chosen < first || chosen >= last)) places.push(chosen);
  return places;
}

function Rows({ model, places, width, height }) {
  const { tree, axis, rows, path, find, family, phases, state, select } = model;
  const parts = useMemo(() => (state.path ? partsByRow(path.parts) : new Map()), [path, state.path]);
  const scale = useMemo(() => {
    const { from, to } = state.view;
    return { width, from, to, at: (nanos) => ((axis.at(nanos) - from) / (to - from)) * width };
  }, [axis, state.view, width]);
  // The handlers of a row stay the same while it scrolls, so that it is not drawn again.
  const latest = useRef();
  latest.current = { select, state };
  const acts = useMemo(
    () => ({
      select: (row) => latest.current.select(row),
      toggle: (row) => {
        const next = new Set(latest.current.state.collapsed);
        if (!next.delete(row)) next.add(row);
        latest.current.state.setCollapsed(next);
      },
    }),
    [],
  );
  const focusable = state.selected !== -1 && placeOf(rows, state.selected) !== -1 ? state.selected : rows[0];
  const drawn = useRef(new Map());
  const before = drawn.current;
  drawn.current = new Map();
  return places.map((place) => {
    const row = rows[place];
    const seen = {
      tree,
      row,
      place,
      scale,
      height,
      acts,
      family,
      parts: parts.get(row),
      phases: phases.get(row),
      color: state.color,
      isCollapsed: state.collapsed.has(row),
      isSelected: row === state.selected,
      isFocusable: row === focusable,
      isDim: find.hit !== null && !find.hit[row],
      isHit: find.hit !== null && find.hit[row] === 1,
    };
    // What is the same as before is not even compared.
    const known = before.get(row);
    const entry = known && isSame(known.seen, seen) ? known : { seen, vnode: drawRow(seen) };
    drawn.current.set(row, entry);
    return entry.vnode;
  });
}

function isSame(one, other) {
  for (const key in other) if (one[key] !== other[key]) return false;
  return true;
}

/** Scrolls to the selected row when another one is selected, and only then. */
function useReveal({ box, rows, height, selected }) {
  const shown = useRef(-1);
  useEffect(() => {
    if (selected === shown.current) return;
    shown.current = selected;
    const place = selected === -1 ? -1 : placeOf(rows, selected);
    if (place === -1) {
      shown.current = -1;
      return;
    }
    const { scrollTop, clientHeight } = box.current;
    const top = place * height;
    const isAbove = top < scrollTop;
    const isBelow = top + height + HEAD > scrollTop + clientHeight;
    if (isAbove || isBelow) box.current.scrollTop = Math.max(0, top - clientHeight / 3);
  }, [selected, rows, height]);
}

/** With Ctrl the wheel zooms, with Shift it pans; alone it scrolls. */
function useWheel(box, model) {
  const latest = useRef();
  latest.current = model;
  useEffect(() => {
    const element = box.current;
    const wheel = (event) => {
      const { state, tree } = latest.current;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
      if (!event.ctrlKey && sideways === 0) return;
      event.preventDefault();
      const track = element.querySelector(".axis-track").getBoundingClientRect();
      if (event.ctrlKey) {
        const share = Math.min(1, Math.max(0, (event.clientX - track.left) / track.width));
        const at = state.view.from + share * (state.view.to - state.view.from);
        state.setView(zoomed(state.view, Math.exp(event.deltaY * 0.004), at, tree.total));
      } else {
        state.setView(panned(state.view, sideways / track.width));
      }
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
}
