// Traces along time, by how long they took: one drags a rectangle to select what is in it. Errors are crosses. The list below says the same
// in rows, for those who do not see it.

import { html, useEffect, useMemo, useRef } from "../lib.js";
import { count, duration } from "../format.js";
import { useUtc } from "../settings.js";
import { useRoom } from "../charts/room.js";
import { MOST, boundsOf, layout } from "./points.js";
import { EDGE, HEIGHT, drawScatter } from "./scatter-draw.js";
import { Surface } from "./scatter-surface.js";
import { isSelected } from "./search.js";

/** `total` may be more than there are points, or null if nobody knows; `selection` is drawn and what is not in it is faint. */
export function Scatter({ points, total, selection }) {
  const box = useRef();
  const canvas = useRef();
  const { width, theme } = useRoom(box);
  const [utc] = useUtc();
  const area = { width: Math.max(0, width - EDGE.left - EDGE.right), height: HEIGHT - EDGE.bottom - EDGE.top };
  const bounds = useMemo(() => boundsOf(points), [points]);
  const placed = useMemo(() => (bounds && area.width > 0 ? layout(points, bounds, area) : null), [points, bounds, area.width]);
  const key = JSON.stringify(selection);
  useEffect(() => {
    const chosen = selection && ((row) => isSelected(row, selection));
    if (placed) drawScatter(canvas.current, { placed, bounds, area, width, utc, isSelected: chosen });
  }, [placed, theme, utc, key]);
  const said = useMemo(() => summary(points, total), [points, total]);
  const hasRectangle = selection && [...selection.time, ...selection.duration].some((side) => side !== null);
  return html`
    <figure class="scatter" id="scatter" aria-label="When traces started and how long they took">
      <div class="scatter-box" ref=${box} style=${{ height: `${HEIGHT}px` }}>
        <canvas ref=${canvas} style=${{ width: `${width}px`, height: `${HEIGHT}px` }} aria-hidden="true"></canvas>
        ${placed && html`<${Surface} placed=${placed} bounds=${bounds} area=${area} selection=${hasRectangle ? selection : null} said=${said} />`}
      </div>
      <figcaption class="quiet">${said} Drag to select; <span aria-hidden="true">✕</span> is an error.</figcaption>
    </figure>
  `;
}

function summary(points, total) {
  const seconds = points.map((row) => row.seconds).filter((value) => value !== null).sort((one, other) => one - other);
  if (seconds.length === 0) return "No trace has ended.";
  const median = seconds[Math.ceil(seconds.length / 2) - 1];
  const isCut = total === null || points.length < total;
  const which = isCut ? `The newest ${count(points.length)} of ${total === null ? "more" : count(total)} traces` : `${count(total)} ${total === 1 ? "trace" : "traces"}`;
  const cells = points.length > MOST ? " Where they lie close, cells are darker or lighter; the 200 slowest are dots." : "";
  return `${which}: half took up to ${duration(median)}, the longest ${duration(seconds.at(-1))}.${cells}`;
}
