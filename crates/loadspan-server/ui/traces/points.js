// Where the points of the scatter lie: time from left to right, duration upwards by its logarithm. Thousands are binned to cells, and the
// slowest stay points.

import { durationAxis } from "./duration-axis.js";

/** Above so many, cells are drawn. */
export const MOST = 5000;
const SLOWEST = 200;
const CELL = 6;

/** Bounds of what is to be shown: times in ms, durations as powers of ten of seconds. */
export function boundsOf(rows) {
  let [first, last, least, most] = [Infinity, -Infinity, Infinity, 0];
  for (const { started, seconds } of rows) {
    if (!Number.isFinite(started) || seconds === null) continue;
    first = Math.min(first, started);
    last = Math.max(last, started);
    most = Math.max(most, seconds);
    least = Math.min(least, Math.max(seconds, 0.001));
  }
  if (first > last) return null;
  const spare = Math.max(500, (last - first) * 0.02);
  return { first: first - spare, last: last + spare, ...durationAxis(least, Math.max(most, 0.001)) };
}

/** A trace's place in a box of some pixels. */
export function pointOf({ started, seconds }, bounds, { width, height }) {
  const x = ((started - bounds.first) / (bounds.last - bounds.first)) * width;
  const log = Math.log10(Math.max(seconds, 0.001));
  return { x, y: height - ((log - bounds.low) / (bounds.high - bounds.low)) * height };
}

/** The time and duration at a place: the way back. */
export function valueAt({ x, y }, bounds, { width, height }) {
  const share = (height - y) / height;
  return {
    started: bounds.first + (x / width) * (bounds.last - bounds.first),
    seconds: 10 ** (bounds.low + share * (bounds.high - bounds.low)),
  };
}

/** `{ points: [{ row, x, y }], cells: [{ x, y, size, count }], most }` */
export function layout(rows, bounds, box) {
  const shown = rows.filter(({ started, seconds }) => Number.isFinite(started) && seconds !== null);
  const placed = shown.map((row) => ({ row, ...pointOf(row, bounds, box) }));
  if (placed.length <= MOST) return { points: placed, cells: [], most: 0 };
  const counts = new Map();
  for (const { x, y } of placed) {
    const key = `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const cells = [...counts].map(([key, count]) => {
    const [column, line] = key.split(" ").map(Number);
    return { x: column * CELL, y: line * CELL, size: CELL, count };
  });
  const slowest = [...placed].sort((one, other) => other.row.seconds - one.row.seconds).slice(0, SLOWEST);
  return { points: slowest, cells, most: cells.reduce((top, { count }) => Math.max(top, count), 0) };
}

/** The point next to a place, not further away than `reach`. */
export function nearest(points, { x, y }, reach = 12) {
  let best = null;
  let least = reach * reach;
  for (const point of points) {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance <= least) [best, least] = [point, distance];
  }
  return best;
}
