// What stands in a time chart beside its lines: limits, names of the lines at their ends, the window that is still filling, exemplars.

/* global uPlot */

import { colour, font } from "./palette.js";
import { dashOf } from "./series.js";

const LINE = 13;

export function drawMarks(plot, chart) {
  const { ctx } = plot;
  ctx.save();
  shade(plot, chart);
  across(plot, chart);
  filling(plot, chart);
  names(plot, chart);
  diamonds(plot, chart);
  nothing(plot, chart);
  ctx.restore();
}

function box(plot) {
  const { left, top, width, height } = plot.bbox;
  return { left, top, right: left + width, bottom: top + height };
}

/** Spans in which nothing came, or that are no part of the figures. */
function shade(plot, { shades = [] }) {
  const { left, right, top, bottom } = box(plot);
  const { ctx } = plot;
  for (const { from, to, label } of shades) {
    const [a, b] = [from, to].map((at) => Math.max(left, Math.min(right, plot.valToPos(at, "x", true))));
    if (b - a < 1) continue;
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = colour("surface-2");
    ctx.fillRect(a, top, b - a, bottom - top);
    ctx.globalAlpha = 1;
    text(ctx, label, { x: a + 4 * uPlot.pxRatio, y: top + 8 * uPlot.pxRatio, room: b - a });
  }
}

function text(ctx, words, { x, y, align = "left", room = Infinity, token = "text-2" }) {
  ctx.font = font(11 * uPlot.pxRatio);
  if (ctx.measureText(words).width > room) return;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.lineWidth = 3 * uPlot.pxRatio;
  ctx.strokeStyle = colour("bg");
  ctx.setLineDash([]);
  ctx.strokeText(words, x, y);
  ctx.fillStyle = colour(token);
  ctx.fillText(words, x, y);
}

/** Limits, targets, and the figures of the whole run: lines across. */
function across(plot, { lines = [] }) {
  const { left, right, top, bottom } = box(plot);
  const { ctx } = plot;
  for (const { value, token = "text-3", stroke = 1 } of lines) {
    const y = Math.round(plot.valToPos(value, "y", true)) + 0.5;
    if (!(y >= top && y <= bottom)) continue;
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash(dashOf(stroke).map((part) => part * uPlot.pxRatio));
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
  }
}

/** Moves labels apart that would lie on each other. */
export function apart(labels, { top, bottom, gap }) {
  const sorted = labels.map((label) => ({ ...label, at: label.y })).sort((a, b) => a.at - b.at);
  let least = top;
  for (const label of sorted) {
    label.at = Math.max(label.at, least);
    least = label.at + gap;
  }
  let most = bottom;
  for (const label of sorted.reverse()) {
    label.at = Math.min(label.at, most);
    most = label.at - gap;
  }
  return sorted.reverse();
}

/** The window that is still filling is hollow: it will be another figure in a moment. */
function filling(plot, { x, series, complete = x.length }) {
  const { ctx } = plot;
  const { left, right } = box(plot);
  ctx.setLineDash([]);
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  for (const { values, token, name } of series) {
    if (!name) continue;
    for (let at = complete; at < x.length; at += 1) {
      if (values[at] === null || values[at] === undefined) continue;
      const across = plot.valToPos(x[at], "x", true);
      if (across < left || across > right) continue;
      ctx.strokeStyle = colour(token);
      ctx.beginPath();
      ctx.arc(across, plot.valToPos(values[at], "y", true), 2.5 * uPlot.pxRatio, 0, 7);
      ctx.stroke();
    }
  }
}

/** The name of each line where it ends: a swatch in its colour, and text in the colour of text. */
function names(plot, { x, series, lines = [], complete = x.length, range }) {
  const { ctx } = plot;
  const { right, top, bottom } = box(plot);
  const ends = lines
    .map(({ value, label, token = "text-3", stroke = 1 }) => ({ y: plot.valToPos(value, "y", true), token, name: label, stroke }))
    .filter(({ y }) => y >= top && y <= bottom);
  for (const { values, token, name, stroke = 0 } of series) {
    if (!name) continue;
    let at = Math.min(complete, values.length) - 1;
    while (at >= 0 && ((values[at] ?? null) === null || x[at] > range[1])) at -= 1;
    if (at < 0 || x[at] < range[0]) continue;
    ends.push({ y: plot.valToPos(values[at], "y", true), token, name, stroke });
  }
  const ratio = uPlot.pxRatio;
  for (const { at, token, name, stroke } of apart(ends, { top: top + 6, bottom: bottom - 6, gap: LINE * ratio })) {
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = 2 * ratio;
    ctx.setLineDash(dashOf(stroke).map((part) => (part * ratio) / 1.5));
    ctx.beginPath();
    ctx.moveTo(right + 5 * ratio, at);
    ctx.lineTo(right + 14 * ratio, at);
    ctx.stroke();
    text(ctx, name, { x: right + 17 * ratio, y: at, token: "text-1" });
  }
}

/** Empty axes say that they are. */
function nothing(plot, { x, series, range }) {
  const shown = series.some(({ values }) => values.some((value, at) => Number.isFinite(value) && x[at] >= range[0] && x[at] <= range[1]));
  if (shown) return;
  const { left, top, right, bottom } = box(plot);
  text(plot.ctx, "no figures here", { x: (left + right) / 2, y: (top + bottom) / 2, align: "center" });
}

/** Traces that one can open: the slowest, those that failed with a cross, and fainter those picked at random. */
function diamonds(plot, { exemplars = [] }) {
  const { ctx } = plot;
  const { left, right } = box(plot);
  ctx.setLineDash([]);
  ctx.lineWidth = 1.25 * uPlot.pxRatio;
  for (const { x, y, kind } of exemplars) {
    const [across, down] = [plot.valToPos(x, "x", true), heightOf(plot, y, true)];
    if (across < left || across > right) continue;
    ctx.strokeStyle = colour(kind === "failed" ? "invalid" : kind === "random" ? "text-3" : "text-1");
    diamond(ctx, { across, down, size: (kind === "random" ? 3.5 : 4.5) * uPlot.pxRatio });
    if (kind === "failed") cross(ctx, { across, down, size: 1.75 * uPlot.pxRatio });
  }
}

function diamond(ctx, { across, down, size }) {
  ctx.beginPath();
  ctx.moveTo(across, down - size);
  ctx.lineTo(across + size, down);
  ctx.lineTo(across, down + size);
  ctx.lineTo(across - size, down);
  ctx.closePath();
  ctx.fillStyle = colour("bg");
  ctx.fill();
  ctx.stroke();
}

function cross(ctx, { across, down, size }) {
  ctx.beginPath();
  ctx.moveTo(across - size, down - size);
  ctx.lineTo(across + size, down + size);
  ctx.moveTo(across + size, down - size);
  ctx.lineTo(across - size, down + size);
  ctx.stroke();
}

/** Where a value stands; one beyond the axis at its end, because it has to be found. */
function heightOf(plot, value, canvas) {
  const { min, max } = plot.scales.y;
  return plot.valToPos(Math.max(min, Math.min(max, value)), "y", canvas);
}

/** The exemplar under the pointer. */
export function exemplarAt(plot, exemplars, { left, top }) {
  return exemplars.find(({ x, y }) => Math.hypot(plot.valToPos(x, "x") - left, heightOf(plot, y, false) - top) <= 8);
}
