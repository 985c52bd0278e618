// The stages of a run in its time charts: a light band for each, lighter where it is still to come, and its name above.

/* global uPlot */

import { createContext } from "../lib.js";
import { colour, faint, font } from "./palette.js";

/** `[{ name, from, to, planned }]` in seconds; `to` is null where nobody knows the end. */
export const StageContext = createContext([]);

/** Room that the names take above a plot. */
export const NAMES = 20;

/** Below everything else. */
export function drawStages(plot, stages) {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = font(11 * ratio);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { name, from, to, planned } of stages) {
    if (from === null) continue;
    const [a, b] = [from, to ?? Infinity].map((at) => Math.max(left, Math.min(left + width, at === Infinity ? Infinity : plot.valToPos(at, "x", true))));
    if (b - a < 1) continue;
    ctx.fillStyle = faint("text-3", planned ? 0.04 : 0.1);
    ctx.fillRect(a, top, b - a, height);
    ctx.fillStyle = colour("border-strong");
    ctx.fillRect(Math.round(a), top - 4 * ratio, ratio, height + 4 * ratio);
    ctx.fillStyle = colour("text-2");
    ctx.fillText(cut(ctx, name, b - a - 6 * ratio), a + 4 * ratio, top - 8 * ratio);
  }
  ctx.restore();
}

/** As much of a name as there is room for; nothing where it would be a letter or two. */
function cut(ctx, name, room) {
  if (ctx.measureText(name).width <= room) return name;
  for (let length = Math.min(40, name.length - 1); length > 2; length -= 1) {
    const words = `${name.slice(0, length)}…`;
    if (ctx.measureText(words).width <= room) return words;
  }
  return "";
}
