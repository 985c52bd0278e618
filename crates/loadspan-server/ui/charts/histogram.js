// How often which latency was: bars over a logarithmic axis, and the share of all that was at most so slow as a line.

import { html, useCallback, useState } from "../lib.js";
import { Canvas, MARGIN, drawAxes, scale } from "./canvas.js";
import { ChartFrame } from "./frame.js";
import { colour, faint } from "./palette.js";
import { linearTicks, logTicks, stepAbove, tickText } from "./scale.js";
import { count, number, share } from "../format.js";

/** `bins`: `{ lower, upper, count }` lists in `unit`, as the server has counted them. */
export function Histogram({ title, note, name, bins, unit, height = 240 }) {
  const [at, setAt] = useState(null);
  const [mode, setMode] = useState("histogram");
  const draw = useCallback((ctx, size) => drawBins(ctx, { ...size, bins, at, mode }), [bins, at, mode]);
  const total = bins.count.reduce((sum, one) => sum + one, 0);
  const below = cumulative(bins.count);
  const look = (point) => setAt(point && binAt(point, bins));
  const table = () => [
    { name: `from, ${unit}`, values: bins.lower, format: number },
    { name: `to, ${unit}`, values: bins.upper, format: number },
    { name: "requests", values: bins.count, format: count },
    { name: "share at most so slow", values: below.map((sum) => sum / total), format: share },
  ];
  const most = bins.count.indexOf(Math.max(...bins.count));
  const sentence = `${count(total)} values from ${number(bins.lower[0])} to ${number(bins.upper.at(-1))} ${unit}, most of them near ${number(bins.lower[most])} ${unit}.`;
  return html`
    <${ChartFrame} title=${title} note=${note} name=${name} table=${table} sentence=${sentence}>
      <${Canvas} draw=${draw} height=${height} onMove=${look} />
      <p class="values">
        <span class="switch" role="group" aria-label="Shown as">
          ${[
            ["histogram", "Histogram"],
            ["cdf", "CDF"],
          ].map(([key, word]) => html`<button type="button" aria-pressed=${mode === key} onClick=${() => setMode(key)}>${word}</button>`)}
        </span>
        ${at !== null &&
        html`<span>${number(bins.lower[at])} to ${number(bins.upper[at])} ${unit}: ${count(bins.count[at])} requests; ${share(below[at] / total)} at most so slow</span>`}
      </p>
    <//>
  `;
}

function cumulative(counts) {
  let sum = 0;
  return counts.map((one) => (sum += one));
}

function scales({ width, height, bins, mode }) {
  const x = scale([bins.lower[0], bins.upper.at(-1)], [MARGIN.left, width - MARGIN.right], { log: true });
  const high = mode === "cdf" ? 1 : stepAbove(Math.max(...bins.count));
  return { x, y: scale([0, high], [height - MARGIN.bottom, MARGIN.top]), high };
}

function drawBins(ctx, { width, height, bins, at, mode }) {
  const { x, y, high } = scales({ width, height, bins, mode });
  const total = bins.count.reduce((sum, one) => sum + one, 0);
  drawAxes(ctx, {
    width,
    height,
    x: logTicks([bins.lower[0], bins.upper.at(-1)]).map((value) => ({ at: x(value), name: tickText(value) })),
    y: linearTicks([0, high]).map((value) => ({ at: y(value), name: mode === "cdf" ? `${tickText(value * 100)} %` : tickText(value) })),
  });
  if (mode === "cdf") return drawCdf(ctx, { x, y, bins, total });
  bins.count.forEach((one, place) => {
    if (one === 0) return;
    const [left, right] = [x(bins.lower[place]), x(bins.upper[place])];
    ctx.fillStyle = place === at ? colour("series-1") : faint("series-1", 0.65);
    // What is there is seen, however little it is beside the rest.
    const top = Math.min(y(one), y(0) - 1.5);
    ctx.fillRect(left, top, Math.max(1, right - left - 1), y(0) - top);
  });
  return undefined;
}

function drawCdf(ctx, { x, y, bins, total }) {
  ctx.strokeStyle = colour("series-1");
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x(bins.lower[0]), y(0));
  cumulative(bins.count).forEach((sum, place) => ctx.lineTo(x(bins.upper[place]), y(sum / total)));
  ctx.stroke();
}

function binAt({ x: left, width, height }, bins) {
  const { x } = scales({ width, height, bins, mode: "cdf" });
  const value = x.value(left);
  const place = bins.upper.findIndex((upper) => value < upper);
  return place < 0 || value < bins.lower[0] ? null : place;
}
