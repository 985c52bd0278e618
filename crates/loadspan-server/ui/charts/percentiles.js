// The percentile curve: how slow the slowest are. Its axis counts nines, so that p99.9 has as much room as p99, and each line ends where
// there are too few values to go on.

import { html, useCallback, useMemo, useState } from "../lib.js";
import { Canvas, MARGIN, drawAxes, label, scale } from "./canvas.js";
import { ChartFrame } from "./frame.js";
import { apart } from "./marks.js";
import { colour } from "./palette.js";
import { dashOf } from "./series.js";
import { NINES, closeLogRange, extent, logTicks, nines, quantileName, supports, tickText } from "./scale.js";
import { middle } from "../parts/names.js";
import { number } from "../format.js";

/**
 * `curves`: `{ name, token, stroke, points: [{ q, value }], n, hollow }`. The figures have one unit, `unit`.
 */
export function PercentileChart({ title, choice, note, name, curves, unit, limit, height = 240 }) {
  const kept = useMemo(() => curves.map(drawable), [curves]);
  const [at, setAt] = useState(null);
  const draw = useCallback((ctx, size) => drawCurves(ctx, { ...size, curves: kept, limit, at }), [kept, limit, at]);
  const look = (point) => setAt(point && quantileAt(point, kept));
  const quantiles = [...new Set(kept.flatMap(({ points }) => points.map(({ q }) => q)))].sort((a, b) => a - b);
  const table = () => [
    { name: "percentile", values: quantiles.map(quantileName), format: String },
    ...kept.map(({ name: curve, points }) => ({
      name: `${curve}, ${unit}`,
      values: quantiles.map((q) => points.find((point) => point.q === q)?.value ?? null),
      format: (value) => number(value ?? undefined),
    })),
  ];
  return html`
    <${ChartFrame} title=${title} choice=${choice} note=${note} name=${name} table=${table} sentence=${sentenceOf(kept, unit)}>
      <${Canvas} draw=${draw} height=${height} onMove=${look} />
      <p class="values" aria-hidden="true">
        ${at === null ? html`<span class="quiet">Point at the chart for figures.</span>` : html`<b>${quantileName(at)}</b>`}
        ${at !== null &&
        kept.map(({ name: curve, points }) => {
          const found = points.find(({ q }) => q === at);
          return html` <span>${curve} ${number(found?.value)} ${unit}</span>`;
        })}
      </p>
    <//>
  `;
}

/** The largest value is beyond all nines: the line ends with the last percentile that there are values for. */
function drawable(curve) {
  return { ...curve, points: curve.points.filter(({ q, value }) => q < 1 && Number.isFinite(value) && supports(curve.n, q) !== "none") };
}

/** Room for the names at the ends of the lines; of more than so many the names would lie on each other, and the line below says them. */
const NAMED = 8;

function labelRoom(curves) {
  const longest = curves.length > NAMED ? 0 : Math.max(0, ...curves.map(({ name }) => name.length));
  return Math.min(184, 16 + 6.2 * longest);
}

function frameOf({ width, height, curves, limit }) {
  const found = extent([curves.flatMap(({ points }) => points.map(({ value }) => value)).filter((value) => value > 0), [limit ?? null]]) ?? [1, 10];
  const range = closeLogRange(found);
  const most = Math.max(nines(0.99), ...curves.flatMap(({ points }) => points.map(({ q }) => nines(q))));
  const x = scale([0, most], [MARGIN.left, width - MARGIN.right - labelRoom(curves)]);
  const y = scale(range, [height - MARGIN.bottom, MARGIN.top], { log: true });
  return { x, y, range, most };
}

function drawCurves(ctx, { width, height, curves, limit, at }) {
  const { x, y, range, most } = frameOf({ width, height, curves, limit });
  drawAxes(ctx, {
    width,
    height,
    x: NINES.filter((q) => nines(q) <= most + 1e-9).map((q) => ({ at: x(nines(q)), name: quantileName(q) })),
    y: logTicks(range).map((value) => ({ at: y(value), name: tickText(value) })),
  });
  if (limit) {
    ctx.setLineDash([6, 3]);
    ctx.strokeStyle = colour("text-3");
    ctx.beginPath();
    ctx.moveTo(MARGIN.left, y(limit));
    ctx.lineTo(width - MARGIN.right, y(limit));
    ctx.stroke();
    const above = y(limit) - 8 > MARGIN.top;
    label(ctx, `limit ${tickText(limit)}`, { x: MARGIN.left + 6, y: y(limit) + (above ? -8 : 9), token: "text-2" });
  }
  if (curves.every(({ points }) => points.length === 0)) label(ctx, "no percentiles are known", { x: width / 2, y: height / 2, align: "center", token: "text-2" });
  const ends = [];
  for (const { name, token, stroke = 0, points, hollow } of curves) {
    if (points.length === 0) continue;
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = hollow ? 1 : 2;
    ctx.setLineDash(dashOf(stroke));
    ctx.beginPath();
    for (const { q, value } of points) ctx.lineTo(x(nines(q)), y(Math.max(value, range[0])));
    ctx.stroke();
    const last = points.at(-1);
    if (curves.length <= NAMED) ends.push({ y: y(Math.max(last.value, range[0])), x: x(nines(last.q)), name, token });
  }
  ctx.setLineDash([]);
  for (const end of apart(ends, { top: MARGIN.top, bottom: height - MARGIN.bottom, gap: 13 })) {
    ctx.fillStyle = colour(end.token);
    ctx.beginPath();
    ctx.arc(end.x, end.y, 3, 0, 7);
    ctx.fill();
    label(ctx, middle(end.name, 28), { x: end.x + 8, y: end.at });
  }
  if (at !== null) {
    ctx.strokeStyle = colour("border-strong");
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(Math.round(x(nines(at))) + 0.5, MARGIN.top);
    ctx.lineTo(Math.round(x(nines(at))) + 0.5, height - MARGIN.bottom);
    ctx.stroke();
  }
}

/** The percentile next to the pointer. */
function quantileAt({ x: left, width, height }, curves) {
  const { x } = frameOf({ width, height, curves });
  const all = curves.flatMap(({ points }) => points.map(({ q }) => q));
  let [best, distance] = [null, Infinity];
  for (const q of all) {
    const off = Math.abs(x(nines(q)) - left);
    if (off < distance) [best, distance] = [q, off];
  }
  return best;
}

function sentenceOf(curves, unit) {
  const said = curves
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => {
      const last = points.at(-1);
      const middle = points.find(({ q }) => q >= 0.5) ?? last;
      return `${name}: ${quantileName(middle.q)} ${number(middle.value)} ${unit}, ${quantileName(last.q)} ${number(last.value)} ${unit}`;
    });
  return said.length > 0 ? `${said.join("; ")}.` : "No figures.";
}
