// Draws the scatter: axes, cells where there are too many points, and the points. What is not selected is faint.

import { token } from "../theme.js";
import { cleared } from "../charts/room.js";
import { durationTick } from "./duration-axis.js";
import { clock, timeTicks } from "./time-ticks.js";

export const HEIGHT = 184;
/** Room for the axes. */
export const EDGE = { left: 56, right: 12, top: 8, bottom: 20 };

export function drawScatter(canvas, { placed, bounds, area, width, utc, isSelected }) {
  const context = cleared(canvas, width, HEIGHT);
  axes(context, { bounds, area, utc });
  context.translate(EDGE.left, EDGE.top);
  drawCells(context, placed);
  const faint = (row) => isSelected !== null && !isSelected(row);
  context.fillStyle = token("series-1");
  for (const { row, x, y } of placed.points) {
    if (row.state === "ERROR") continue;
    context.globalAlpha = faint(row) ? 0.15 : 0.5;
    dot(context, x, y);
  }
  context.strokeStyle = token("invalid");
  context.lineWidth = 1.5;
  for (const { row, x, y } of placed.points) {
    if (row.state !== "ERROR") continue;
    context.globalAlpha = faint(row) ? 0.25 : 1;
    cross(context, x, y);
  }
}

function drawCells(context, { cells, most }) {
  const heat = token("heat").split(/\s+/);
  for (const { x, y, size, count: many } of cells) {
    context.fillStyle = heat[Math.min(heat.length - 1, Math.floor((Math.log(many + 1) / Math.log(most + 1)) * heat.length))];
    context.fillRect(x, y, size, size);
  }
}

function dot(context, x, y) {
  context.beginPath();
  context.arc(x, y, 2.5, 0, 2 * Math.PI);
  context.fill();
}

function cross(context, x, y) {
  line(context, [x - 3, y - 3], [x + 3, y + 3]);
  line(context, [x + 3, y - 3], [x - 3, y + 3]);
}

function axes(context, { bounds, area, utc }) {
  context.font = `11px ${token("sans")}`;
  context.fillStyle = token("text-3");
  context.strokeStyle = token("border");
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const seconds of bounds.ticks) {
    const y = Math.round(EDGE.top + area.height - ((Math.log10(seconds) - bounds.low) / (bounds.high - bounds.low)) * area.height) + 0.5;
    line(context, [EDGE.left, y], [EDGE.left + area.width, y]);
    context.fillText(durationTick(seconds), EDGE.left - 8, y);
  }
  context.textAlign = "center";
  for (const at of timeTicks(bounds.first, bounds.last, Math.max(2, Math.floor(area.width / 110)))) {
    const x = EDGE.left + ((at - bounds.first) / (bounds.last - bounds.first)) * area.width;
    if (x > EDGE.left + 24 && x < EDGE.left + area.width - 24) context.fillText(clock(at, bounds, utc), x, HEIGHT - EDGE.bottom / 2 + 2);
  }
}

function line(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}
