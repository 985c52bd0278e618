// The trace along time: the map, what is found, the waterfall, and the span that is selected.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { setQuery } from "../router.js";
import { useSetting } from "../settings.js";
import { criticalPath } from "./critical.js";
import { Detail } from "./detail.js";
import { gapsOf } from "./gaps.js";
import { Minimap } from "./minimap.js";
import { axisOf } from "./scale.js";
import { opened, siblings, visibleRows, withAncestors } from "./rows.js";
import { Toolbar } from "./toolbar.js";
import { rootOf } from "./tree.js";
import { useFind } from "./use-find.js";
import { Waterfall } from "./waterfall.js";

export function TimeView({ id, skeleton, tree, canAlign, state }) {
  const { collapsed, selected, root, only } = state;
  const gaps = useMemo(() => gapsOf(tree), [tree]);
  const axis = useMemo(() => axisOf(tree.total, state.compressed ? gaps : []), [tree, gaps, state.compressed]);
  const path = useMemo(() => criticalPath(tree, root === -1 ? rootOf(tree) : root), [tree, root]);
  const find = useFind({ id, skeleton, tree, text: state.find });
  const kept = useMemo(() => (only && find.rows ? withAncestors(tree, find.rows) : null), [tree, only, find.rows]);
  const rows = useMemo(() => visibleRows(tree, { root, collapsed, kept }), [tree, root, collapsed, kept]);
  const family = useMemo(() => siblings(tree), [tree]);
  const [phases, setPhases] = useState(() => new Map());
  useEffect(() => setPhases(new Map()), [tree]);
  const select = (row, how) => {
    if (row === -1) return;
    const next = opened(tree, collapsed, row);
    if (next.size !== collapsed.size) state.setCollapsed(next);
    state.select(row, how);
  };
  const model = { tree, axis, rows, path, gaps, kept, family, phases, find, state, canAlign, select };
  return html`
    ${tree.size > 1 && html`<${Minimap} model=${model} /><${Toolbar} model=${model} />`}
    <${Panes} open=${selected !== -1}>
      <${Waterfall} model=${model} />
      ${selected !== -1 &&
      html`<${Detail} id=${id} model=${model} row=${selected} onPhases=${(row, found) => setPhases((before) => new Map(before).set(row, found))} />`}
    <//>
  `;
}

/** Two panes and what divides them, which arrows and the mouse move. */
function Panes({ open, children }) {
  const [share, setShare] = useSetting("trace.detail", 38);
  const box = useRef();
  const [first, second] = children;
  const set = (next) => setShare(Math.round(Math.min(70, Math.max(20, next))));
  const drag = (event) => {
    event.preventDefault();
    event.target.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => {
      const { right, width } = box.current.getBoundingClientRect();
      set(((right - clientX) / width) * 100);
    };
    event.target.onpointermove = move;
    event.target.onpointerup = () => (event.target.onpointermove = null);
  };
  const key = (event) => {
    const by = { ArrowLeft: 2, ArrowRight: -2 }[event.key];
    if (!by) return;
    event.preventDefault();
    set(share + by);
  };
  useEffect(() => {
    if (!open && location.search.includes("d=")) setQuery({ d: null });
  }, [open]);
  return html`
    <div class="panes ${open ? "open" : ""}" ref=${box} style=${{ "--detail": `${share}%` }}>
      ${first}
      ${open &&
      html`
        <div
          class="divider"
          role="separator"
          tabindex="0"
          aria-orientation="vertical"
          aria-label="Width of the detail"
          aria-valuenow=${share}
          aria-valuemin="20"
          aria-valuemax="70"
          onPointerDown=${drag}
          onKeyDown=${key}
        ></div>
      `}
      ${second}
    </div>
  `;
}
