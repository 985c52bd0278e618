// A chart over the seconds of a run. All of a page share one axis, one cursor and one range; dragging picks a part of it.

/* global uPlot */

import { html, useCallback, useContext, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { CursorContext, nearest } from "./cursor.js";
import { ChartFrame } from "./frame.js";
import { useTheme } from "./palette.js";
import { exemplarAt } from "./marks.js";
import { StageContext } from "./stages.js";
import { dataOf, optionsOf } from "./timeplot.js";
import { number } from "../format.js";

const HEIGHT = 190;

/**
 * `chart`: `{ title, choice, name, note, sentence, unit, x, series, bands, lines, shades, exemplars, log, range, complete, steady, least, format, time }`;
 * an axis reaches to `least`, so that what is small beside it looks small.
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
  const stages = useContext(StageContext);
  latest.current = { chart, onBrush, onOpen, stages };
  const cursor = useContext(CursorContext);
  const speak = useCallback((at) => sentenceAt(latest.current.chart, at), []);
  const theme = useTheme();
  const shape = JSON.stringify([chart.series.map(({ key, kind, token, stroke, width }) => [key, kind, token, stroke, width]), chart.log, chart.bands, stages.length > 0]);
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
  }, [chart, stages]);
  return html`
    <div
      class="plot"
      ref=${place}
      tabindex="0"
      role="group"
      aria-label=${`${chart.title} Arrow keys move the cursor.`}
      style=${{ height: `${height}px` }}
      onKeyDown=${(event) => walk(event, { cursor, ...latest.current })}
      onFocus=${() => (cursor.speaker = speak)}
      onBlur=${() => (cursor.speaker = null)}
    ></div>
  `;
}

/** The keys of a chart that has the focus: from sample to sample, to the ends of what is in view, and away. */
function walk(event, { cursor, chart, onOpen }) {
  if (event.ctrlKey || event.metaKey || event.altKey || chart.x.length === 0) return;
  const seen = [nearest(chart.x, chart.range[0]), nearest(chart.x, chart.range[1])];
  const here = cursor.at === null ? null : nearest(chart.x, cursor.at);
  const step = event.shiftKey ? 10 : 1;
  const to = (place) => () => cursor.go(chart.x[Math.max(seen[0], Math.min(seen[1], place))]);
  const found = here === null ? null : exemplarNear(chart, cursor.at);
  const run = {
    ArrowLeft: to((here ?? seen[1] + 1) - step),
    ArrowRight: to((here ?? seen[0] - 1) + step),
    Home: to(seen[0]),
    End: to(seen[1]),
    Escape: here !== null && (() => cursor.go(null)),
    Enter: found && (() => onOpen(found)),
  }[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

/** The exemplar of the sample at a second: the slowest of several. */
function exemplarNear({ x, exemplars = [] }, at) {
  const place = nearest(x, at);
  return exemplars.filter((one) => nearest(x, one.x) === place).sort((a, b) => b.y - a.y)[0];
}

/** What a chart shows at a second, in words. */
function sentenceAt({ title, x, series, unit }, at) {
  const place = nearest(x, at);
  if (place < 0) return "";
  const known = series.filter(({ values }) => Number.isFinite(values[place]));
  const said = known.map(({ label, values }) => `${label} ${number(values[place])} ${unit}`).join(", ");
  return `${title} At ${number(x[place])} seconds: ${said || "no figures"}.`;
}

function make({ place, latest, cursor, height }) {
  const now = () => latest.current.chart;
  const hooks = {
    setCursor: [
      (plot) => {
        // Only what the pointer does: where others put the cursor is known to them.
        if (!plot.cursor.event) return;
        const { left, top, idx } = plot.cursor;
        cursor.move(left < 0 ? null : (plot.data[0][idx] ?? null), plot);
        plot.over.style.cursor = left >= 0 && exemplarAt(plot, now().exemplars ?? [], { left, top }) ? "pointer" : "";
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
  return new uPlot(optionsOf({ now, stages: () => latest.current.stages, width, height, hooks }), dataOf(now()), place);
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
    else cursor.pin(plot.data[0][idx] ?? null, plot);
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

/** Puts the cursor onto a second; the points are those of the nearest sample. */
function show(plot, at) {
  const left = at === null ? -10 : plot.valToPos(at, "x");
  if (left === plot.cursor.left) return;
  plot.setCursor({ left, top: at === null ? -10 : 1 }, false);
}
