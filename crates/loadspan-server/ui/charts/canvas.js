// A canvas of our own: as sharp as the screen, drawn again when its size, its theme or what it shows changes.

import { html, useLayoutEffect, useRef } from "../lib.js";
import { colour, font } from "./palette.js";
import { cleared, useRoom } from "./room.js";

/** What is kept free around the figures, in px. */
export const MARGIN = { left: 56, right: 16, top: 12, bottom: 28 };

/**
 * `draw(ctx, size)` draws in px of the page. `onMove(point | null)`, `onPress(point)`: where the pointer is.
 */
export function Canvas({ draw, height, onMove, onPress, children }) {
  const place = useRef();
  const canvas = useRef();
  const { width, theme } = useRoom(place);
  useLayoutEffect(() => {
    if (width > 0) draw(cleared(canvas.current, width, height), { width, height });
  }, [draw, width, height, theme]);
  const point = ({ offsetX: x, offsetY: y }) => ({ x, y, width, height });
  return html`
    <div
      class="canvas"
      ref=${place}
      style=${{ height: `${height}px` }}
      onPointerMove=${onMove && ((event) => onMove(point(event)))}
      onPointerLeave=${onMove && (() => onMove(null))}
      onClick=${onPress && ((event) => onPress(point(event)))}
    >
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      ${children}
    </div>
  `;
}

/** How values become px, and back. `log` counts orders of magnitude. */
export function scale([low, high], [from, to], { log = false } = {}) {
  const place = log ? Math.log : (value) => value;
  const [a, b] = [place(low), place(high)];
  const toPx = (value) => from + ((place(value) - a) / (b - a || 1)) * (to - from);
  const valueAt = (px) => {
    const at = a + ((px - from) / (to - from)) * (b - a);
    return log ? Math.exp(at) : at;
  };
  return Object.assign(toPx, { value: valueAt });
}

/** The lines and names of both axes. */
export function drawAxes(ctx, { x, y, width, height }) {
  const { left, right, top, bottom } = MARGIN;
  ctx.font = font();
  ctx.lineWidth = 1;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const { at, name } of y) {
    line(ctx, [left, Math.round(at) + 0.5], [width - right, Math.round(at) + 0.5], colour("border"));
    ctx.fillStyle = colour("text-2");
    ctx.fillText(name, left - 8, at);
  }
  ctx.textAlign = "center";
  let free = -Infinity;
  for (const { at, name } of x) {
    line(ctx, [Math.round(at) + 0.5, top], [Math.round(at) + 0.5, height - bottom], colour("border"));
    const half = ctx.measureText(name).width / 2;
    if (at - half < free || at + half > width) continue;
    free = at + half + 8;
    ctx.fillStyle = colour("text-2");
    ctx.fillText(name, at, height - bottom + 14);
  }
}

export function line(ctx, from, to, stroke) {
  ctx.strokeStyle = stroke;
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}

/** Words that stay readable over lines. */
export function label(ctx, words, { x, y, align = "left", token = "text-1", weight = 400 }) {
  ctx.font = font(11, weight);
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.lineWidth = 3;
  ctx.setLineDash([]);
  ctx.strokeStyle = colour("bg");
  ctx.strokeText(words, x, y);
  ctx.fillStyle = colour(token);
  ctx.fillText(words, x, y);
}
