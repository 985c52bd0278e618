// A chart over time as uPlot draws it: how our series, bands and axes are told to it. What is beyond lines is drawn by marks.js.

/* global uPlot */

import { colour, faint, font } from "./palette.js";
import { dashOf } from "./series.js";
import { extent, linearRange, linearTicks, logRange, logTicks, signedRange, snugRange, timeTicks } from "./scale.js";
import { drawMarks } from "./marks.js";
import { NAMES, drawStages } from "./stages.js";

const GUTTER = 56;
const LABELS = 96;

/** The options of uPlot; `now()` gives the chart's latest description, so that only other series need another plot. */
export function optionsOf({ now, stages, width, height, hooks }) {
  const { series, bands = [], log, labels = LABELS } = now();
  return {
    width,
    height,
    padding: [stages().length > 0 ? NAMES : 10, labels, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6, fill: (plot, place) => colour(series[place - 1].token) },
      drag: { x: true, y: false, setScale: false, dist: 5 },
    },
    select: { show: true },
    scales: {
      x: { time: false, range: () => now().range },
      y: { distr: log ? 3 : 1, range: () => rangeOf(now()) },
    },
    axes: [
      axis({ splits: (plot, place, low, high) => timeTicks([low, high], Math.max(2, Math.floor(plot.bbox.width / uPlot.pxRatio / 70))), values: now().time, size: 26 }),
      axis({ splits: (plot, place, low, high) => (log ? logTicks([low, high]) : linearTicks([low, high])), values: now().format, size: GUTTER }),
    ],
    series: [{}, ...series.map(seriesOf)],
    bands: bands.map(({ upper, lower, token, opacity }) => ({ series: [upper + 1, lower + 1], fill: () => faint(token, opacity) })),
    hooks: { ...hooks, drawClear: [(plot) => drawStages(plot, stages())], draw: [(plot) => drawMarks(plot, now())] },
  };
}

function axis({ splits, values, size }) {
  return {
    stroke: () => colour("text-2"),
    font: font(),
    grid: { stroke: () => colour("border"), width: 1 },
    ticks: { show: false },
    gap: 6,
    size,
    splits,
    // uPlot would leave out what is no power of ten.
    filter: (plot, all) => all,
    values: (plot, all) => all.map((value) => values(value)),
  };
}

function seriesOf({ token, width = 1.5, stroke = 0, fill, kind = "line", joins = false }) {
  const common = { spanGaps: joins, stroke: () => colour(token), width, dash: dashOf(stroke), points: { show: true, size: 5, width: 1, filter: lonely } };
  if (kind === "hidden") return { ...common, width: 0, stroke: "transparent", points: { show: false } };
  if (kind === "dots") return { ...common, paths: () => null, points: { show: true, size: 4, width: 0, fill: () => colour(token), filter: null } };
  if (kind === "bars") return { ...common, width: 0, fill: () => faint(token, 0.85), points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 24] }) };
  return { ...common, fill: fill ? () => faint(token, fill) : undefined };
}

/** A figure between two gaps is on no line: it gets a dot. */
function lonely(plot, place) {
  const values = plot.data[place];
  const alone = [];
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null) alone.push(at);
  }
  return alone;
}

/** From what is in view, with the lines that are drawn across. */
function rangeOf({ x, series, range, log, lines = [], steady, least = 0 }) {
  const [from, to] = range;
  const first = x.findIndex((at) => at >= from);
  const beyond = x.findIndex((at) => at > to);
  const seen = first < 0 ? [] : series.map(({ values }) => values.slice(first, beyond < 0 ? undefined : beyond));
  const found = extent([...seen, lines.map(({ value }) => value), [least || null]]) ?? [1, 10];
  const positive = log ? (extent(seen.map((list) => list.filter((value) => value > 0)).concat([lines.map(({ value }) => value)])) ?? [1, 10]) : found;
  const wanted = log ? logRange(positive) : found[0] < 0 ? signedRange(found) : steady ? linearRange(found) : snugRange(found);
  return steady ? steady.next(wanted, performance.now()) : wanted;
}

/** The data for uPlot: what is not complete yet is on no line. */
export function dataOf({ x, series, complete = x.length }) {
  return [x, ...series.map(({ values }) => (complete < x.length ? values.map((value, at) => (at < complete ? value : null)) : values))];
}
