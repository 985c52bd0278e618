// Throughput against latency, a point for each run: what one gains, and what it costs. The frontier is what no other run beats.

import { html, useCallback, useMemo, useState } from "../lib.js";
import { Canvas, MARGIN, drawAxes, label, line, scale } from "./canvas.js";
import { ChartFrame } from "./frame.js";
import { frontier } from "./frontier.js";
import { colour } from "./palette.js";
import { extent, linearTicks, logRange, logTicks, snugRange, tickText } from "./scale.js";
import { number } from "../format.js";

/**
 * `points`: `{ id, name, label, token, x, y, xSpread, ySpread, hollow }`; spreads are `[from, to]`. `axes`: `{ x, y }` with `name` and
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
  const y = logRange(extent([points.flatMap(({ y: at, ySpread }) => [at, ...(ySpread ?? [])]).filter((value) => value > 0)]) ?? [1, 10]);
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
  label(ctx, `${axes.y.name}, ${axes.y.unit}`, { x: MARGIN.left + 6, y: MARGIN.top + 2, token: "text-2" });
  label(ctx, "better ↘", { x: width - MARGIN.right - 4, y: height - MARGIN.bottom - 10, align: "right", token: "text-2" });
  steps(ctx, { edge: frontier(points), x, y });
  for (const point of points) dot(ctx, { point, x, y, near: point.id === at, width });
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

function dot(ctx, { point, x, y, near, width }) {
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
  const words = point.hollow ? `✕ ${point.label}` : point.label;
  // Beside the right edge the name stands on the other side.
  const beyond = left + 14 + ctx.measureText(words).width > width;
  label(ctx, words, { x: left + (beyond ? -10 : 10), y: top - 9, align: beyond ? "right" : "left" });
}

function nearest({ x: left, y: top, width, height }, points) {
  const { x, y } = scales({ width, height, points });
  const [best] = points
    .map((point) => ({ point, off: Math.hypot(x(point.x) - left, y(point.y) - top) }))
    .sort((a, b) => a.off - b.off);
  return best && best.off < 24 ? best.point : null;
}
