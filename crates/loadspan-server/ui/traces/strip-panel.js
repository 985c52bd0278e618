// Draws one panel of the strip: bars from 0, or times by their logarithm.

import { count } from "../format.js";
import { token } from "../theme.js";
import { cleared } from "../charts/room.js";
import { durationAxis, durationTick } from "./duration-axis.js";

export const HEIGHT = 64;
/** Room beside the bars, for the axis. */
export const ROOM = { left: 52, right: 4 };
const TOP = 8;
const BOTTOM = 4;

/** Where a bin begins, in px. */
function xOf(place, bins, width) {
  return ROOM.left + (place / bins.length) * (width - ROOM.left - ROOM.right);
}

export function drawPanel(canvas, { series, found: { bins }, width, at, selected }) {
  const context = cleared(canvas, width, HEIGHT);
  context.font = `11px ${token("sans")}`;
  shade(context, { bins, width, selected });
  if (series === "duration") drawDurations(context, { bins, width });
  else drawCounts(context, { bins, width, series });
  if (at === -1) return;
  context.strokeStyle = token("text-2");
  const x = Math.round((xOf(at, bins, width) + xOf(at + 1, bins, width)) / 2) + 0.5;
  line(context, [x, 0], [x, HEIGHT]);
}

/** What of the time is selected. */
function shade(context, { bins, width, selected }) {
  if (!selected) return;
  const [first, last] = [bins[0].from, bins.at(-1).to];
  const place = (ms) => ROOM.left + (Math.min(1, Math.max(0, (ms - first) / (last - first)))) * (width - ROOM.left - ROOM.right);
  const [from, to] = [place(selected[0] ?? first), place(selected[1] ?? last)];
  context.fillStyle = token("selected");
  context.fillRect(from, 0, Math.max(2, to - from), HEIGHT);
}

function drawCounts(context, { bins, width, series }) {
  const most = bins.reduce((top, bin) => Math.max(top, bin[series]), 0);
  const high = HEIGHT - TOP - BOTTOM;
  grid(context, width, [[0, "0"], ...(most > 0 ? [[1, count(most)]] : [])]);
  context.fillStyle = token(series === "errors" ? "invalid" : "series-1");
  bins.forEach((bin, place) => {
    if (bin[series] === 0) return;
    const [left, right] = [xOf(place, bins, width), xOf(place + 1, bins, width)];
    // Few among many are to be seen.
    const size = Math.max(2, (bin[series] / most) * high);
    context.fillRect(left, HEIGHT - BOTTOM - size, Math.max(1, right - left - (right - left > 3 ? 1 : 0)), size);
  });
}

function drawDurations(context, { bins, width }) {
  const known = bins.filter(({ longest }) => longest !== null);
  if (known.length === 0) return grid(context, width, []);
  const { low, high } = durationAxis(Math.min(...known.map(({ p50, longest }) => p50 ?? longest)), Math.max(...known.map(({ longest }) => longest)));
  const share = (seconds) => (Math.log10(Math.max(seconds, 10 ** low)) - low) / (high - low);
  grid(context, width, [[0, durationTick(10 ** low)], [1, durationTick(10 ** high)]]);
  const place = (at, seconds) => [(xOf(at, bins, width) + xOf(at + 1, bins, width)) / 2, HEIGHT - BOTTOM - share(seconds) * (HEIGHT - TOP - BOTTOM)];
  context.fillStyle = token("text-3");
  bins.forEach(({ p95, longest }, at) => {
    // The upper end of a bin: its p95 where there are enough traces for one, else its longest, hollow.
    if (longest === null) return;
    const [x, y] = place(at, p95 ?? longest);
    if (p95 !== null) context.fillRect(x - 1.5, y - 1.5, 3, 3);
    else ring(context, x, y);
  });
  context.strokeStyle = token("series-1");
  context.lineWidth = 2;
  curve(context, bins.map(({ p50 }, at) => (p50 === null ? null : place(at, p50))));
  context.lineWidth = 1;
}

function ring(context, x, y) {
  context.strokeStyle = token("text-3");
  context.beginPath();
  context.arc(x, y, 1.5, 0, 2 * Math.PI);
  context.stroke();
}

/** Gaps stay gaps; what stands alone is a dot. */
function curve(context, places) {
  context.beginPath();
  places.forEach((place, at) => {
    if (place === null) return;
    if (places[at - 1]) context.lineTo(...place);
    else if (places[at + 1]) context.moveTo(...place);
    else context.rect(place[0] - 1, place[1] - 1, 2, 2);
  });
  context.stroke();
}

function grid(context, width, marks) {
  context.strokeStyle = token("border");
  context.fillStyle = token("text-3");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [share, text] of marks) {
    const y = Math.round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)) + 0.5;
    line(context, [ROOM.left, y], [width - ROOM.right, y]);
    context.fillText(text, ROOM.left - 6, Math.min(HEIGHT - 6, Math.max(6, y)));
  }
}

function line(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}
