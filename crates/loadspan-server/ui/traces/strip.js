// Rate, errors and duration over time, one beside the other, with one cursor for all. Dragging, or Enter, selects a part of the time.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { NOTHING, count, duration, time } from "../format.js";
import { setQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { binsOf, widthText } from "./bins.js";
import { useRoom } from "../charts/room.js";
import { HEIGHT, ROOM, drawPanel } from "./strip-panel.js";

/** Pixels of a bin, at the least. */
const BIN = 7;

export function Strip({ points, selected }) {
  const box = useRef();
  const { width, theme } = useRoom(box);
  const [utc] = useUtc();
  const found = useMemo(() => (width > 0 ? binsOf(points, Math.max(8, Math.floor((width - ROOM.left) / BIN))) : null), [points, width]);
  const [at, setAt] = useState(-1);
  useEffect(() => setAt(-1), [found]);
  const panels = useMemo(() => (found ? panelsOf(found) : []), [found]);
  const acts = useSurface({ found, width, at, setAt });
  return html`
    <div class="strip" role="group" aria-label="Rate, errors and duration over time">
      <div class="strip-panels">
        <div ref=${box} class="strip-measure" aria-hidden="true"></div>
        ${panels.map((panel) => html`<${Panel} key=${panel.name} panel=${panel} found=${found} width=${width} theme=${theme} at=${at} acts=${acts} selected=${selected} />`)}
      </div>
      <p class="strip-values quiet" aria-hidden="true">${found && valuesOf(found, at, utc)}</p>
      <${Spoken} text=${at === -1 || !found ? "" : valuesOf(found, at, utc)} />
    </div>
  `;
}

function panelsOf({ seconds, bins }) {
  const per = `per ${widthText(seconds)}`;
  const sum = (key) => bins.reduce((total, bin) => total + bin[key], 0);
  const most = (key) => bins.reduce((top, bin) => Math.max(top, bin[key] ?? 0), 0);
  const [traces, errors] = [sum("traces"), sum("errors")];
  const medians = bins.map(({ p50 }) => p50).filter((p50) => p50 !== null);
  return [
    { name: "Rate", unit: `traces ${per}`, series: "traces", said: `${count(traces)} traces, ${count(most("traces"))} ${per} at the most.` },
    { name: "Errors", unit: `traces with an error ${per}`, series: "errors", said: errors === 0 ? "No errors." : `${count(errors)} of ${count(traces)} traces have an error.` },
    {
      name: "Duration",
      unit: `median, and p95 or the longest, ${per}`,
      series: "duration",
      said: medians.length === 0 ? "No trace has ended." : `Medians from ${duration(Math.min(...medians))} to ${duration(Math.max(...medians))}, the longest ${duration(most("longest"))}.`,
    },
  ];
}

function Panel({ panel, found, width, theme, at, acts, selected }) {
  const canvas = useRef();
  const { brush, ...handlers } = acts;
  useEffect(() => drawPanel(canvas.current, { series: panel.series, found, width, at, selected }), [panel, found, width, theme, at, selected]);
  return html`
    <figure class="strip-panel" aria-label="${panel.name}: ${panel.said}">
      <figcaption><b>${panel.name}</b> <span class="quiet">${panel.unit}</span></figcaption>
      <div class="strip-surface" tabindex="0" role="application" aria-roledescription="chart" aria-label="${panel.name}. ${panel.said} Arrows move, Enter selects." ...${handlers}>
        <canvas ref=${canvas} style=${{ width: `${width}px`, height: `${HEIGHT}px` }}></canvas>
        ${brush && html`<span class="brush" style=${{ left: `${brush[0]}px`, width: `${brush[1] - brush[0]}px` }}></span>`}
      </div>
    </figure>
  `;
}

function valuesOf({ bins }, at, utc) {
  if (at === -1) return "\u00a0";
  const { from, traces, errors, p50, p95, longest } = bins[at];
  const tail = p95 === null ? "" : `, p95 ${duration(p95)}`;
  return `${time(from, { utc })}: ${count(traces)} ${traces === 1 ? "trace" : "traces"}, ${count(errors)} with an error, median ${p50 === null ? NOTHING : duration(p50)}${tail}, longest ${duration(longest ?? NaN)}`;
}

/** What is under the cursor, said once it rests. */
function Spoken({ text }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<span class="unseen" role="status">${said}</span>`;
}

/** What mouse and keys do on each of the panels. */
function useSurface({ found, width, at, setAt }) {
  const [brush, setBrush] = useState(null);
  const bins = found?.bins ?? [];
  const placed = (event) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return Math.min(width - ROOM.right, Math.max(ROOM.left, event.clientX - left));
  };
  const binAt = (x) => Math.min(bins.length - 1, Math.max(0, Math.floor(((x - ROOM.left) / (width - ROOM.left - ROOM.right)) * bins.length)));
  const select = (one, other) => setQuery({ time: `${Math.floor(bins[one].from)}-${Math.ceil(bins[other].to) - 1}` }, { push: true });
  const start = useRef(null);
  return {
    brush,
    onPointerDown: (event) => {
      if (event.button !== 0 || bins.length === 0) return;
      start.current = placed(event);
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event) => {
      if (bins.length === 0) return;
      const x = placed(event);
      setAt(binAt(x));
      if (start.current !== null && Math.abs(x - start.current) > 4) setBrush([Math.min(x, start.current), Math.max(x, start.current)]);
    },
    onPointerUp: (event) => {
      if (start.current === null) return;
      const [one, other] = [start.current, placed(event)].sort((a, b) => a - b);
      start.current = null;
      setBrush(null);
      select(binAt(one), binAt(other));
    },
    onPointerCancel: () => {
      start.current = null;
      setBrush(null);
    },
    onPointerLeave: () => start.current === null && setAt(-1),
    onKeyDown: (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by) setAt(Math.min(bins.length - 1, Math.max(0, at + by * (event.shiftKey ? 10 : 1))));
      else if (event.key === "Enter" && at !== -1) select(at, at);
      else return;
      event.preventDefault();
    },
    onBlur: () => setAt(-1),
  };
}

