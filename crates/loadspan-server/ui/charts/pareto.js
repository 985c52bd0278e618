// Throughput against latency, a point for each run: what one gains, and what it costs. The frontier is what no other run beats.

import { html, useCallback, useMemo, useState } from "../lib.js";
import { Canvas, MARGIN, drawAxes, label, line, scale } from "./canvas.js";
import { ChartFrame } from "./frame.js";
import { frontier } from "./frontier.js";
import { colour, faint, font } from "./palette.js";
import { closeLogRange, extent, linearTicks, logTicks, snugRange, tickText } from "./scale.js";
import { number } from "../format.js";

/**
 * `points`: `{ id, name, label, token, group, order, x, y, xSpread, ySpread, hollow }`; spreads are `[from, to]`. `axes`: `{ x, y }` with `name` and
 * `unit`. `open(point)`.
 */
export function Pareto({ title, choice, note, name, points, axes, open, height = 300 }) {
  const known = useMemo(() => points.filter(({ x, y }) => Number.isFinite(x) && y > 0), [points]);
  const [at, setAt] = useState(null);
  const draw = useCallback((ctx, size) => drawPoints(ctx, { ...size, points: known, axes, at }), [known, axes.x.name, axes.y.name, at]);
  const near = (point) => nearest(point, known);
  const edge = frontier(known);
  const table = () => [
    { name: "run", values: known.map((point) => point.name), format: String },
    { name: `${axes.x.name}, ${axes.x.unit}`, values: known.map(({ x }) => x), format: number },
    { name: `${axes.y.name}, ${axes.y.unit}`, values: known.map(({ y }) => y), format: number },
    { name: "on the frontier", values: known.map((point) => (edge.includes(point) ? "yes" : "no")), format: String },
    { name: "trusted", values: known.map(({ hollow }) => (hollow ? "no: invalid" : "yes")), format: String },
  ];
  const sentence = `${known.length} runs; on the frontier: ${edge.map((point) => point.name).join(", ") || "none"}.`;
  return html`
    <${ChartFrame} title=${title} choice=${choice} note=${note} name=${name} table=${table} sentence=${sentence}>
      <${Canvas}
        draw=${draw}
        height=${height}
        onMove=${(point) => setAt(point && near(point)?.id)}
        onPress=${(point) => near(point) && open(near(point))}
      />
      <p class="values" aria-hidden="true">${said(known.find(({ id }) => id === at), axes)}</p>
    <//>
  `;
}

function said(point, axes) {
  if (!point) return html`<span class="quiet">Point at a run for figures, click to open it.</span>`;
  const spread = (range, unit) => range && html` <small>${number(range[0])} to ${number(range[1])} ${unit}</small>`;
  return html`
    <b>${point.name}</b>
    <span>${number(point.x)} ${axes.x.unit}${spread(point.xSpread, "")}</span>
    <span>${axes.y.name} ${number(point.y)} ${axes.y.unit}${spread(point.ySpread, "")}</span>
    ${point.hollow && html`<span>✕ invalid</span>`}
  `;
}

function scales({ width, height, points }) {
  const x = snugRange(extent([points.flatMap(({ x: at, xSpread }) => [at, ...(xSpread ?? [])])]) ?? [0, 1]);
  const y = closeLogRange(extent([points.flatMap(({ y: at, ySpread }) => [at, ...(ySpread ?? [])]).filter((value) => value > 0)]) ?? [1, 10]);
  return {
    x: scale(x, [MARGIN.left, width - MARGIN.right]),
    y: scale(y, [height - MARGIN.bottom, MARGIN.top], { log: true }),
    ranges: { x, y },
  };
}

function drawPoints(ctx, { width, height, points, axes, at }) {
  const { x, y, ranges } = scales({ width, height, points });
  drawAxes(ctx, {
    width,
    height,
    x: linearTicks(ranges.x).map((value) => ({ at: x(value), name: tickText(value) })),
    y: logTicks(ranges.y).map((value) => ({ at: y(value), name: tickText(value) })),
  });
  label(ctx, `${axes.y.name}, ${axes.y.unit}`, { x: MARGIN.left + 6, y: MARGIN.top + 9, token: "text-2" });
  sweeps(ctx, { points, x, y });
  label(ctx, "better ↘", { x: width - MARGIN.right - 4, y: height - MARGIN.bottom - 10, align: "right", token: "text-2" });
  steps(ctx, { edge: frontier(points), x, y });
  for (const point of points) dot(ctx, { point, x, y, near: point.id === at });
  names(ctx, { points, x, y, at, width });
}

/** The runs of a sweep are one curve, in the order of their load. */
function sweeps(ctx, { points, x, y }) {
  for (const group of new Set(points.map((point) => point.group ?? null))) {
    if (group === null) continue;
    const own = points.filter((point) => point.group === group).sort((a, b) => a.order - b.order || a.x - b.x);
    ctx.strokeStyle = faint(own[0].token, 0.6);
    ctx.lineWidth = 1.25;
    ctx.beginPath();
    for (const point of own) ctx.lineTo(x(point.x), y(point.y));
    ctx.stroke();
  }
}

/** The frontier goes in steps: between two runs nothing is known. */
function steps(ctx, { edge, x, y }) {
  ctx.strokeStyle = colour("text-3");
  ctx.lineWidth = 1;
  ctx.beginPath();
  edge.forEach((point, place) => {
    if (place > 0) ctx.lineTo(x(point.x), y(edge[place - 1].y));
    ctx.lineTo(x(point.x), y(point.y));
  });
  ctx.stroke();
}

function dot(ctx, { point, x, y, near }) {
  const [left, top] = [x(point.x), y(point.y)];
  ctx.lineWidth = 1;
  if (point.xSpread) line(ctx, [x(point.xSpread[0]), top], [x(point.xSpread[1]), top], colour(point.token));
  if (point.ySpread) line(ctx, [left, y(Math.max(point.ySpread[0], point.y / 1e3))], [left, y(point.ySpread[1])], colour(point.token));
  ctx.beginPath();
  ctx.arc(left, top, near ? 6 : 4.5, 0, 7);
  ctx.lineWidth = 2;
  ctx.strokeStyle = colour(point.token);
  ctx.fillStyle = colour(point.hollow ? "bg" : point.token);
  ctx.fill();
  ctx.stroke();
}

/** Names beside the points, on the other side of those at the right edge. One that would lie on another is left out: the line below has it. */
function names(ctx, { points, x, y, at, width }) {
  const taken = points.map((point) => box(x(point.x), y(point.y), 5));
  const first = (point) => (point.id === at ? 0 : point.hollow ? 2 : 1);
  for (const point of [...points].sort((a, b) => first(a) - first(b))) {
    const words = point.hollow ? `✕ ${point.label}` : point.label;
    const [left, top] = [x(point.x), y(point.y)];
    ctx.font = font();
    const wide = ctx.measureText(words).width;
    const places = [left + 10 + wide < width - 4 && "left", left - 10 - wide > MARGIN.left && "right"].filter(Boolean).flatMap((align) => [-9, 10].map((down) => ({ align, down })));
    const room = places.find(({ align, down }) => !taken.some((other) => overlap(other, nameBox({ left, top, wide, align, down }))));
    if (!room && (point.id !== at || places.length === 0)) continue;
    const { align, down } = room ?? places[0];
    taken.push(nameBox({ left, top, wide, align, down }));
    label(ctx, words, { x: left + (align === "left" ? 10 : -10), y: top + down, align });
  }
}

function box(left, top, half) {
  return { left: left - half, right: left + half, top: top - half, bottom: top + half };
}

function nameBox({ left, top, wide, align, down }) {
  const from = align === "left" ? left + 10 : left - 10 - wide;
  return { left: from, right: from + wide, top: top + down - 7, bottom: top + down + 7 };
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function nearest({ x: left, y: top, width, height }, points) {
  const { x, y } = scales({ width, height, points });
  const [best] = points
    .map((point) => ({ point, off: Math.hypot(x(point.x) - left, y(point.y) - top) }))
    .sort((a, b) => a.off - b.off);
  return best && best.off < 24 ? best.point : null;
}
