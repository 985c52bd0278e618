// What mouse and keys do on the scatter: show the trace that is near, open it, or draw a rectangle that selects.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { duration, plainLine, time } from "../format.js";
import { go, setQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { nearest, pointOf, valueAt } from "./points.js";
import { EDGE } from "./scatter-draw.js";

export function Surface({ placed, bounds, area, selection, said }) {
  const [near, setNear] = useState(null);
  const [brush, setBrush] = useState(null);
  const surface = useRef();
  const inOrder = useMemo(() => [...placed.points].sort((one, other) => one.x - other.x), [placed]);
  useEffect(() => setNear(null), [placed]);
  const at = (event) => {
    const { left, top } = surface.current.getBoundingClientRect();
    return { x: clamp(event.clientX - left, area.width), y: clamp(event.clientY - top, area.height) };
  };
  const press = (event) => {
    if (event.button !== 0) return;
    const from = at(event);
    surface.current.setPointerCapture(event.pointerId);
    surface.current.onpointermove = (moved) => setBrush(rectangle(from, at(moved)));
    surface.current.onpointerup = (ended) => {
      surface.current.onpointermove = null;
      surface.current.onpointerup = null;
      setBrush(null);
      const drawn = rectangle(from, at(ended));
      if (drawn.width > 4 || drawn.height > 4) select(drawn, bounds, area);
      else open(nearest(placed.points, from));
    };
  };
  const key = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) setNear(inOrder[clamp(inOrder.indexOf(near) + by * (event.shiftKey ? 10 : 1), inOrder.length - 1)] ?? null);
    else if (event.key === "Enter") open(near);
    else return;
    event.preventDefault();
  };
  const style = { left: `${EDGE.left}px`, top: `${EDGE.top}px`, width: `${area.width}px`, height: `${area.height}px` };
  return html`
    <div
      class="scatter-surface ${near ? "near" : ""}"
      ref=${surface}
      style=${style}
      tabindex="0"
      role="application"
      aria-roledescription="chart"
      aria-label="${said} Arrows go from trace to trace, Enter opens one."
      onPointerDown=${press}
      onPointerMove=${(event) => setNear(nearest(placed.points, at(event)))}
      onPointerLeave=${() => setNear(null)}
      onKeyDown=${key}
      onBlur=${() => setNear(null)}
    >
      ${selection && html`<${Rectangle} kind="selection" of=${within(selection, bounds, area)} />`}
      ${brush && html`<${Rectangle} kind="brush" of=${brush} />`}
      ${near && !brush && html`<${Tip} near=${near} isLeft=${near.x > area.width / 2} />`}
    </div>
  `;
}

function open(point) {
  if (point) go(`/traces/${encodeURIComponent(point.row.id)}?from=${encodeURIComponent(location.pathname + location.search)}`);
}

function Rectangle({ kind, of }) {
  return html`<span class=${kind} style=${{ left: `${of.x}px`, top: `${of.y}px`, width: `${of.width}px`, height: `${of.height}px` }}></span>`;
}

function Tip({ near, isLeft }) {
  const [utc] = useUtc();
  const { row, x, y } = near;
  const place = { left: `${x}px`, top: `${y}px` };
  return html`
    <span class="ring" style=${place}></span>
    <span class="tip ${isLeft ? "left" : ""}" role="status" style=${place}>
      <b>${plainLine(row.name) || "no name"}</b> ${duration(row.seconds)}${row.state === "ERROR" && " ✕ error"}<br />
      ${time(row.started, { utc })}
    </span>
  `;
}

function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}

function rectangle(one, other) {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  return { x, y, width: Math.abs(one.x - other.x), height: Math.abs(one.y - other.y) };
}

/** Where a selection lies; open sides go to the edge. */
function within({ time: [from, to], duration: [least, most] }, bounds, area) {
  const low = pointOf({ started: from ?? bounds.first, seconds: least === null ? 10 ** bounds.low : least / 1000 }, bounds, area);
  const high = pointOf({ started: to ?? bounds.last, seconds: most === null ? 10 ** bounds.high : most / 1000 }, bounds, area);
  const [one, other] = [low, high].map(({ x, y }) => ({ x: clamp(x, area.width), y: clamp(y, area.height) }));
  return rectangle(one, other);
}

/** A rectangle is a range of times and one of durations; a flat or narrow one leaves the other as it is. */
function select({ x, y, width, height }, bounds, area) {
  const from = valueAt({ x, y: y + height }, bounds, area);
  const to = valueAt({ x: x + width, y }, bounds, area);
  const changes = {};
  if (width > 4) changes.time = `${Math.floor(from.started)}-${Math.ceil(to.started)}`;
  if (height > 12) changes.dur = `${Math.floor(from.seconds * 1000)}ms-${Math.ceil(to.seconds * 1000)}ms`;
  setQuery(changes, { push: true });
}
