// The map of the whole trace: how many spans are open at each time, errors, the critical path, what was found; and the part that is
// looked at, which is moved and drawn anew on it.

import { html, useEffect, useRef, useState } from "../lib.js";
import { cleared, useRoom } from "../charts/room.js";
import { token } from "../theme.js";
import { densityOf } from "./density.js";
import { WHOLE, fitting, panned } from "./scale.js";

const HEIGHT = 64;
/** A brush narrower than this is a click. */
const CLICK = 0.01;

export function Minimap({ model }) {
  const { tree, axis, path, find, state } = model;
  const canvas = useRef();
  const box = useRef();
  const { width, theme } = useRoom(box);
  useEffect(() => {
    if (width > 0) draw(canvas.current, { tree, axis, path: state.path ? path.parts : [], found: find.rows ?? [], width });
  }, [tree, axis, path, state.path, find.rows, width, theme]);
  return html`
    <div class="minimap" ref=${box} aria-hidden="true">
      <canvas ref=${canvas} style=${{ width: `${width}px`, height: `${HEIGHT}px` }}></canvas>
      <${Window} view=${state.view} setView=${state.setView} total=${tree.total} />
    </div>
  `;
}

function draw(canvas, { tree, axis, path, found, width }) {
  const context = cleared(canvas, width, HEIGHT);
  const { open, llm, most, errors } = densityOf(tree, width, axis.at);
  const room = HEIGHT - 14;
  // Few open spans beside many are still to be seen.
  const high = (count) => (count <= 0 ? 0 : Math.max(1, Math.sqrt(count / most) * room));
  bars(context, { counts: open, high, color: token("border-strong") });
  bars(context, { counts: llm, high, color: token("series-1") });
  context.fillStyle = token("invalid");
  errors.forEach((error, x) => error && context.fillRect(x - 0.5, 0, 2, 6));
  context.fillStyle = token("accent");
  for (const row of found) context.fillRect(axis.at(tree.start[row]) * width, 7, 1.5, 4);
  context.fillStyle = token("text-1");
  for (const { from, to } of path) {
    const x = axis.at(from) * width;
    context.fillRect(x, HEIGHT - 3, Math.max(0.5, axis.at(to) * width - x), 2);
  }
}

function bars(context, { counts, high, color }) {
  context.fillStyle = color;
  for (let x = 0; x < counts.length; x++) {
    const height = high(counts[x]);
    if (height > 0) context.fillRect(x, HEIGHT - 4 - height, 1, height);
  }
}

/** The part that is looked at. Its edges and itself can be dragged; elsewhere one draws a new one. */
function Window({ view, setView, total }) {
  const box = useRef();
  const [drawn, setDrawn] = useState(null);
  const isWhole = view.from <= 0 && view.to >= 1;
  const press = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const { left, width } = box.current.getBoundingClientRect();
    const at = ({ clientX }) => Math.min(1, Math.max(0, (clientX - left) / width));
    const from = at(event);
    const part = event.target.dataset.part;
    box.current.setPointerCapture(event.pointerId);
    box.current.onpointermove = (moved) => {
      const to = at(moved);
      if (part === "window") setView(panned(view, (to - from) / (view.to - view.from)));
      else if (part === "from") setView({ from: Math.min(to, view.to - 1e-6), to: view.to });
      else if (part === "to") setView({ from: view.from, to: Math.max(to, view.from + 1e-6) });
      else setDrawn({ from: Math.min(from, to), to: Math.max(from, to) });
    };
    box.current.onpointerup = (ended) => {
      box.current.onpointermove = null;
      box.current.onpointerup = null;
      setDrawn(null);
      if (part) return;
      const to = at(ended);
      if (Math.abs(to - from) >= CLICK) setView({ from: Math.min(from, to), to: Math.max(from, to) });
      else if (!isWhole) setView(centred(view, to, total));
    };
  };
  const shown = drawn ?? (isWhole ? null : view);
  return html`
    <div class="minimap-box" ref=${box} onPointerDown=${press} onDblClick=${() => setView(WHOLE)}>
      ${shown &&
      html`
        <div class="shade" style=${{ left: 0, width: `${shown.from * 100}%` }}></div>
        <div class="shade" style=${{ left: `${shown.to * 100}%`, right: 0 }}></div>
        <div class="window" data-part=${drawn ? undefined : "window"} style=${{ left: `${shown.from * 100}%`, width: `${(shown.to - shown.from) * 100}%` }}>
          <span class="edge" data-part="from"></span>
          <span class="edge right" data-part="to"></span>
        </div>
      `}
    </div>
  `;
}

function centred(view, at, total) {
  const half = (view.to - view.from) / 2.2;
  return fitting(Math.max(0, at - half), Math.min(1, at + half), total);
}
