// A chart over the seconds of a run. All of a page share one axis, one cursor and one range; dragging picks a part of it.

/* global uPlot */

import { html, useContext, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { CursorContext } from "./cursor.js";
import { ChartFrame } from "./frame.js";
import { useTheme } from "./palette.js";
import { exemplarAt } from "./marks.js";
import { dataOf, optionsOf } from "./timeplot.js";
import { number } from "../format.js";

const HEIGHT = 190;

/**
 * `chart`: `{ title, choice, name, note, sentence, unit, x, series, bands, lines, shades, exemplars, log, range, complete, steady, format, time }`.
 * `series`: `{ key, label, name, token, values, width, stroke, fill, kind }`; `name` stands at the end of the line, `label` in tables.
 * `onBrush([from, to])`, or with `null` for all of it; `onOpen(exemplar)`.
 */
export function TimeChart({ chart, onBrush, onOpen, height = HEIGHT }) {
  const table = () => [
    { name: "s", values: chart.x, format: (value) => number(value, 4) },
    ...chart.series.map(({ label, values }) => ({ name: `${label}, ${chart.unit}`, values, format: (value) => number(value ?? undefined) })),
  ];
  return html`
    <${ChartFrame} title=${chart.title} choice=${chart.choice} note=${chart.note} sentence=${chart.sentence} table=${table} name=${chart.name}>
      <${Plot} chart=${chart} onBrush=${onBrush} onOpen=${onOpen} height=${height} />
    <//>
  `;
}

function Plot({ chart, onBrush, onOpen, height }) {
  const place = useRef();
  const plot = useRef(null);
  const latest = useRef();
  latest.current = { chart, onBrush, onOpen };
  const cursor = useContext(CursorContext);
  const theme = useTheme();
  const shape = JSON.stringify([chart.series.map(({ key, kind, token, stroke, width }) => [key, kind, token, stroke, width]), chart.log, chart.bands]);
  useLayoutEffect(() => {
    const made = make({ place: place.current, latest, cursor, height });
    plot.current = made;
    const observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) made.setSize({ width: Math.floor(contentRect.width), height });
    });
    observer.observe(place.current);
    const stop = cursor.listen((from, by) => by !== made && show(made, cursor.at));
    return () => {
      stop();
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, height]);
  // Once in a frame, whatever comes in: the effect of the last render is the one that draws.
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      plot.current?.setData(dataOf(chart));
      if (plot.current) show(plot.current, cursor.at);
    });
    return () => cancelAnimationFrame(frame);
  }, [chart]);
  return html`<div class="plot" ref=${place} style=${{ height: `${height}px` }}></div>`;
}

function make({ place, latest, cursor, height }) {
  const now = () => latest.current.chart;
  const hooks = {
    setCursor: [
      (plot) => {
        // Only what the pointer does: where others put the cursor is known to them.
        if (plot.cursor.event) cursor.move(plot.cursor.left < 0 ? null : plot.cursor.idx, plot);
      },
    ],
    setSelect: [
      (plot) => {
        const { left, width } = plot.select;
        if (width > 4) latest.current.onBrush([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    ready: [(plot) => listen(plot, { latest, cursor })],
  };
  const width = Math.max(120, Math.floor(place.clientWidth));
  return new uPlot(optionsOf({ now, width, height, hooks }), dataOf(now()), place);
}

/** Clicks, double clicks, and the wheel with Ctrl, which zooms; without it the page scrolls. */
function listen(plot, { latest, cursor }) {
  let pressed = null;
  plot.over.addEventListener("pointerdown", ({ clientX }) => (pressed = clientX));
  plot.over.addEventListener("pointerleave", () => cursor.leave(plot));
  plot.over.addEventListener("click", ({ clientX }) => {
    if (pressed === null || Math.abs(clientX - pressed) > 4) return;
    const { left, top, idx } = plot.cursor;
    const { chart, onOpen } = latest.current;
    const found = exemplarAt(plot, chart.exemplars ?? [], { left, top });
    if (found) onOpen(found);
    else cursor.pin(idx, plot);
  });
  plot.over.addEventListener("dblclick", () => latest.current.onBrush(null));
  plot.over.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const [low, high] = latest.current.chart.range;
      const at = plot.posToVal(event.offsetX, "x");
      const factor = event.deltaY > 0 ? 1.25 : 0.8;
      latest.current.onBrush([at - (at - low) * factor, at + (high - at) * factor]);
    },
    { passive: false },
  );
}

/** Puts the cursor onto a sample. */
function show(plot, at) {
  const x = at === null ? undefined : plot.data[0][at];
  const left = x === undefined ? -10 : plot.valToPos(x, "x");
  if (left === plot.cursor.left) return;
  plot.setCursor({ left, top: x === undefined ? -10 : 1 }, false);
}
