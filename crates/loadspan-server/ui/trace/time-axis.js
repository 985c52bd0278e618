// The times above the bars. Dragging there zooms in, a double click shows all.

import { html, useRef, useState } from "../lib.js";
import { duration, plainLine } from "../format.js";
import { movedBy } from "./clock.js";
import { WHOLE, ticks } from "./scale.js";

export function TimeAxis({ model, width }) {
  const { axis, state } = model;
  const { from, to } = state.view;
  const track = useRef();
  const [brush, setBrush] = useState(null);
  const marks = marksOf(axis, from, to, width);
  const press = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const element = track.current;
    const { left, width: wide } = element.getBoundingClientRect();
    const at = ({ clientX }) => Math.min(1, Math.max(0, (clientX - left) / wide));
    const start = at(event);
    element.setPointerCapture(event.pointerId);
    element.onpointermove = (moved) => setBrush([Math.min(start, at(moved)), Math.max(start, at(moved))]);
    element.onpointerup = (ended) => {
      element.onpointermove = null;
      element.onpointerup = null;
      setBrush(null);
      const [one, other] = [Math.min(start, at(ended)), Math.max(start, at(ended))];
      if (other - one > 0.01) state.setView({ from: from + one * (to - from), to: from + other * (to - from) });
    };
  };
  return html`
    <div class="axis" role="row" aria-rowindex="1">
      <div role="columnheader" class="axis-name"><${Title} tree=${model.tree} isAligned=${state.aligned} /></div>
      <div role="columnheader" class="axis-track" ref=${track} onPointerDown=${press} onDblClick=${() => state.setView(WHOLE)} aria-label="Time">
        ${marks.map(({ left, text, isBefore }) => html`<span class="tick ${isBefore ? "before" : ""}" style=${{ left: `${left}px` }}>${text}</span>`)}
        ${axis.gaps.map((gap) => html`<${Break} gap=${gap} axis=${axis} view=${state.view} width=${width} />`)}
        ${brush && html`<span class="brush" style=${{ left: `${brush[0] * 100}%`, width: `${(brush[1] - brush[0]) * 100}%` }}></span>`}
      </div>
    </div>
    <div class="grid-lines" aria-hidden="true">
      <div class="grid-track">${marks.map(({ left }) => html`<i style=${{ left: `${left}px` }}></i>`)}</div>
    </div>
  `;
}

/** Times that were moved are said to be moved, and by how much. */
function Title({ tree, isAligned }) {
  if (!isAligned) return "Span";
  const moved = movedBy(tree);
  if (moved.length === 0) return html`Span <small>clocks agree as far as this trace shows</small>`;
  const text = moved.map(({ service, by }) => `${plainLine(service) || "no service"} +${duration(by / 1e9)}`).join(", ");
  return html`Span <small title=${text}>clocks aligned: ${text}</small>`;
}

function marksOf(axis, from, to, width) {
  if (width === 0) return [];
  const place = (nanos) => ((axis.at(nanos) - from) / (to - from)) * width;
  const [first, last] = [axis.nanos(from), axis.nanos(to)];
  const most = Math.max(1, Math.min(6, Math.floor(width / 90)));
  const even = ticks(first, last, most).filter((nanos) => !axis.gaps.some((gap) => nanos > gap.from && nanos < gap.to));
  const text = (nanos) => (nanos === 0 ? "0" : duration(nanos / 1e9));
  // Where time was left out, both edges say what time it is.
  const edges = axis.gaps
    .flatMap((gap) => [{ nanos: gap.from, isBefore: true }, { nanos: gap.to }])
    .filter(({ nanos }) => nanos > 0 && nanos >= first && nanos <= last)
    .map(({ nanos, isBefore }) => ({ left: place(nanos), text: text(nanos), isBefore }));
  const marks = even
    .map((nanos) => ({ left: place(nanos), text: text(nanos) }))
    .filter(({ left }) => left < width - 44 && edges.every((edge) => Math.abs(edge.left - left) > 90));
  return [...marks, ...edges];
}

/** Where time was left out. */
function Break({ gap, axis, view, width }) {
  const place = (nanos) => ((axis.at(nanos) - view.from) / (view.to - view.from)) * width;
  const [left, right] = [place(gap.from), place(gap.to)];
  if (right < 0 || left > width) return null;
  return html`<span class="break" style=${{ left: `${left}px`, width: `${right - left}px` }} title="${duration((gap.to - gap.from) / 1e9)} left out"></span>`;
}
