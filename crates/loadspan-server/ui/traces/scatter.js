// Traces along time, by how long they took: one drags a rectangle to look at what is in it. Errors are crosses. The list below says the same
// in rows, for those who do not see it.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { count, duration, plainLine, time } from "../format.js";
import { go, setQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { token } from "../theme.js";
import { boundsOf, layout, nearest, valueAt } from "./points.js";
import { clock, timeTicks } from "./time-ticks.js";

const LEFT = 56;
const BOTTOM = 20;
const TOP = 8;
const HEIGHT = 168;

export function Scatter({ rows }) {
  const box = useRef();
  const canvas = useRef();
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);
  const [utc] = useUtc();
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.round(contentRect.width)));
    observer.observe(box.current);
    const changed = () => setTheme((before) => before + 1);
    addEventListener("themechange", changed);
    return () => {
      observer.disconnect();
      removeEventListener("themechange", changed);
    };
  }, []);
  const area = { width: Math.max(0, width - LEFT - 12), height: HEIGHT - BOTTOM - TOP };
  const bounds = useMemo(() => boundsOf(rows), [rows]);
  const placed = useMemo(() => (bounds && area.width > 0 ? layout(rows, bounds, area) : null), [rows, bounds, area.width]);
  useEffect(() => {
    if (placed) draw(canvas.current, { placed, bounds, area, width, utc });
  }, [placed, theme, utc]);
  const said = bounds ? summary(rows) : "";
  return html`
    <figure class="scatter" id="scatter" aria-label="When traces started and how long they took">
      <div class="scatter-box" ref=${box}>
        <canvas ref=${canvas} style=${{ width: `${width}px`, height: `${HEIGHT}px` }} role="img" aria-label=${said}></canvas>
        ${placed && html`<${Surface} placed=${placed} bounds=${bounds} area=${area} />`}
      </div>
      <figcaption class="quiet">${said} Drag to look at a part; <span aria-hidden="true">✕</span> is an error.</figcaption>
    </figure>
  `;
}

function summary(rows) {
  const seconds = rows.map((row) => row.seconds).filter((value) => value !== null).sort((one, other) => one - other);
  if (seconds.length === 0) return "No trace has ended.";
  const median = seconds[Math.ceil(seconds.length / 2) - 1];
  return `The ${count(rows.length)} traces of the list: half took up to ${duration(median)}, the longest ${duration(seconds[seconds.length - 1])}.`;
}

/** What the mouse does: shows the trace under it, opens it, or draws a rectangle. */
function Surface({ placed, bounds, area }) {
  const [near, setNear] = useState(null);
  const [brush, setBrush] = useState(null);
  const [utc] = useUtc();
  const surface = useRef();
  useEffect(() => setNear(null), [placed]);
  const at = (event) => {
    const { left, top } = surface.current.getBoundingClientRect();
    return { x: clamp(event.clientX - left, area.width), y: clamp(event.clientY - top, area.height) };
  };
  const press = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const from = at(event);
    surface.current.setPointerCapture(event.pointerId);
    surface.current.onpointermove = (moved) => setBrush(rectangle(from, at(moved)));
    surface.current.onpointerup = (ended) => {
      surface.current.onpointermove = null;
      surface.current.onpointerup = null;
      setBrush(null);
      const drawn = rectangle(from, at(ended));
      if (drawn.width > 4 || drawn.height > 4) select(drawn, bounds, area);
      else {
        const point = nearest(placed.points, from);
        if (point) go(`/traces/${encodeURIComponent(point.row.id)}`);
      }
    };
  };
  const style = { left: `${LEFT}px`, top: `${TOP}px`, width: `${area.width}px`, height: `${area.height}px` };
  return html`
    <div
      class="scatter-surface ${near ? "near" : ""}"
      ref=${surface}
      style=${style}
      onPointerDown=${press}
      onPointerMove=${(event) => setNear(nearest(placed.points, at(event)))}
      onPointerLeave=${() => setNear(null)}
    >
      ${brush && html`<span class="brush" style=${{ left: `${brush.x}px`, top: `${brush.y}px`, width: `${brush.width}px`, height: `${brush.height}px` }}></span>`}
      ${near &&
      !brush &&
      html`
        <span class="ring" style=${{ left: `${near.x}px`, top: `${near.y}px` }}></span>
        <span class="tip ${near.x > area.width / 2 ? "left" : ""}" style=${{ left: `${near.x}px`, top: `${near.y}px` }}>
          <b>${plainLine(near.row.name)}</b> ${duration(near.row.seconds)}${near.row.state === "ERROR" && " ✕ error"}<br />
          ${time(near.row.started, { utc })}
        </span>
      `}
    </div>
  `;
}

function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}

function rectangle(one, other) {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  return { x, y, width: Math.abs(one.x - other.x), height: Math.abs(one.y - other.y) };
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

function draw(canvas, { placed, bounds, area, width, utc }) {
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  axes(context, { bounds, area, utc });
  context.translate(LEFT, TOP);
  const heat = token("heat").split(/\s+/);
  for (const { x, y, size, count: many } of placed.cells) {
    context.fillStyle = heat[Math.min(heat.length - 1, Math.floor((Math.log(many + 1) / Math.log(placed.most + 1)) * heat.length))];
    context.fillRect(x, y, size, size);
  }
  context.fillStyle = token("series-1");
  context.globalAlpha = 0.5;
  for (const { row, x, y } of placed.points) if (row.state !== "ERROR") dot(context, x, y);
  context.globalAlpha = 1;
  context.strokeStyle = token("invalid");
  context.lineWidth = 1.5;
  for (const { row, x, y } of placed.points) if (row.state === "ERROR") cross(context, x, y);
}

function dot(context, x, y) {
  context.beginPath();
  context.arc(x, y, 2.5, 0, 2 * Math.PI);
  context.fill();
}

function cross(context, x, y) {
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
  context.stroke();
}

function axes(context, { bounds, area, utc }) {
  context.font = `11px ${token("sans")}`;
  context.fillStyle = token("text-3");
  context.strokeStyle = token("border");
  context.textBaseline = "middle";
  context.textAlign = "right";
  const decades = bounds.high - bounds.low;
  for (let power = bounds.low; power <= bounds.high; power++) {
    const y = Math.round(TOP + area.height - ((power - bounds.low) / decades) * area.height) + 0.5;
    line(context, LEFT, y, LEFT + area.width, y);
    context.fillText(power >= 0 ? `${10 ** power} s` : duration(10 ** power, 1), LEFT - 8, y);
  }
  context.textAlign = "center";
  for (const at of timeTicks(bounds.first, bounds.last, Math.max(2, Math.floor(area.width / 110)))) {
    const x = LEFT + ((at - bounds.first) / (bounds.last - bounds.first)) * area.width;
    if (x > LEFT + 24 && x < LEFT + area.width - 24) context.fillText(clock(at, bounds, utc), x, HEIGHT - BOTTOM / 2 + 2);
  }
}

function line(context, ...[fromX, fromY, toX, toY]) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
