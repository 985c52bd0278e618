// The run over time, and what it comes to: charts with one cursor and one range, then tables.

import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib.js";
import { post, useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { go, setQuery, useQuery } from "../router.js";
import { Cursor, CursorContext, useCursorAt } from "../charts/cursor.js";
import { SteadyRange, tickText } from "../charts/scale.js";
import { TimeChart } from "../charts/timechart.js";
import { count, number } from "../format.js";
import { chartsOf, spanOf, valuesAt } from "./charts.js";
import { limitsOf } from "./verdict.js";
import { exemplarsOf, slowestTraces } from "./exemplars.js";
import { Results } from "./results.js";
import { SystemCharts } from "./system.js";

export function Overview({ run, windows, live }) {
  const cursor = useMemo(() => new Cursor(), [run.id]);
  const span = spanOf({ run, windows });
  const range = rangeOf(useQuery().get("t"), span);
  const log = useQuery().get("scale") !== "lin";
  const brush = useCallback((picked) => setQuery({ t: picked && rangeText(picked, span) }), [span[0], span[1]]);
  const steady = useSteady(run.live, log);
  const exemplars = useExemplars(run);
  const charts = useMemo(
    () => chartsOf({ run, windows, range, log, limits: limitsOf(run), steady, exemplars: exemplars && exemplarsOf(exemplars, run) }),
    [run, windows, range[0], range[1], log, exemplars],
  );
  useChartKeys({ cursor, windows, log, brush, exemplars });
  return html`
    <${CursorContext.Provider} value=${cursor}>
      ${(run.live || windows.count > 0) && html`<${Controls} run=${run} range=${range} span=${span} log=${log} live=${live} windows=${windows} brush=${brush} />`}
      ${windows.count === 0
        ? html`<${NothingYet} run=${run} live=${live} />`
        : html`
            <div class="charts">
              ${charts.map((chart) => html`<${TimeChart} key=${chart.key} chart=${chart} onBrush=${brush} onOpen=${({ trace }) => go(`/traces/${trace}`)} />`)}
              <${SystemCharts} run=${run} range=${range} brush=${brush} />
            </div>
            <${Values} windows=${windows} />
          `}
    <//>
    <${Results} run=${run} windows=${windows} range=${range} span=${span} />
  `;
}

function rangeOf(text, span) {
  const found = /^(-?[\d.]+)-([\d.]+)$/.exec(text ?? "");
  if (!found) return span;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return to > from ? [from, to] : span;
}

function rangeText([from, to], span) {
  const [low, high] = [Math.max(0, from), Math.min(span[1], to)];
  if (high - low < 0.05 || (low <= 0 && high >= span[1])) return null;
  return `${Number(low.toFixed(2))}-${Number(high.toFixed(2))}`;
}

/** While a run goes on, axes do not jump: each chart remembers its own. */
function useSteady(live, log) {
  const ranges = useRef(new Map());
  useEffect(() => ranges.current.clear(), [log]);
  return (key) => {
    if (!live) return undefined;
    if (!ranges.current.has(key)) ranges.current.set(key, new SteadyRange());
    return ranges.current.get(key);
  };
}

/** The slowest requests that have traces; not asked for while they come. */
function useExemplars(run) {
  const load = useLoad(run.live ? null : `exemplars ${run.id}`, (signal) => slowestTraces(run, { most: 40, signal }, post));
  return load.data;
}

function useChartKeys({ cursor, windows, log, brush, exemplars }) {
  const step = (by) => {
    const from = cursor.at ?? (by > 0 ? -1 : windows.count);
    cursor.pinned = false;
    cursor.move(Math.max(0, Math.min(windows.count - 1, from + by)));
  };
  const open = () => {
    const values = valuesAt(windows, cursor.at);
    const found = (exemplars ?? []).find(({ at }) => values && at >= values.from && at < values.until);
    if (found) go(`/traces/${found.trace}`);
  };
  useKeys([
    { keys: "ArrowLeft", does: "Charts: cursor to the left (Shift: ten)", run: (event) => step(event.shiftKey ? -10 : -1) },
    { keys: "ArrowRight", does: "Charts: cursor to the right", run: (event) => step(event.shiftKey ? 10 : 1) },
    { keys: "z", does: "Charts: all of the run", run: () => brush(null) },
    { keys: "l", does: "Charts: logarithmic or linear", run: () => setQuery({ scale: log ? "lin" : null }) },
    { keys: "Enter", does: "Charts: open the slowest trace at the cursor", run: open },
  ]);
}

const WIDTHS = [1, 2, 5, 10, 30, 60];

function Controls({ run, range, span, log, live, windows, brush }) {
  const query = useQuery();
  const zoomed = query.has("t");
  const paused = query.has("pause");
  return html`
    <div class="toolbar run-controls">
      <span class="range">${tickText(range[0])} to ${tickText(range[1])} s</span>
      <button type="button" disabled=${!zoomed} onClick=${() => brush(null)}>${run.live && zoomed ? "Back to live" : "All of the run"}</button>
      <label>
        <span class="quiet">windows</span>
        <select value=${query.get("w") ?? ""} onChange=${(event) => setQuery({ w: event.target.value })}>
          <option value="">auto${windows.count ? `, ${windows.width / 1000} s` : ""}</option>
          ${WIDTHS.map((width) => html`<option value=${width}>${width} s</option>`)}
        </select>
      </label>
      <button type="button" aria-pressed=${log} onClick=${() => setQuery({ scale: log ? "lin" : null })}>${log ? "log" : "linear"}<span class="unseen"> axes of latencies; change</span></button>
      ${run.live &&
      html`
        <label>
          <span class="quiet">updates</span>
          <select value=${live.rate} onChange=${(event) => setQuery({ rate: event.target.value })}>
            ${[1, 2, 5, 10].map((rate) => html`<option value=${rate}>${rate} Hz</option>`)}
          </select>
        </label>
        <button type="button" aria-pressed=${paused} onClick=${() => setQuery({ pause: paused ? null : 1 })}>${paused ? "Follow" : "Pause"}</button>
        ${live.shared && html`<span class="quiet">1 Hz: this browser may share the machine with the load test.</span>`}
      `}
      ${!run.live && html`<span class="quiet fill-right">drag picks a part · double click or z: all · Ctrl-wheel zooms</span>`}
    </div>
  `;
}

function NothingYet({ run, live }) {
  if (live.waiting || live.windows.waiting) return html`<div class="state charts-empty"><p role="status">Reading the run's points …</p></div>`;
  if (live.windows.error) return html`<div class="state charts-empty"><p>No figures over time: ${live.windows.error.message}</p></div>`;
  if (run.live) return html`<div class="state charts-empty"><p>Warming up. First figures after 1 s.</p></div>`;
  return html`<div class="state charts-empty"><p>This run has no figures over time: it logged no <code>live.*</code> metrics. <code>--mlflow-live auto</code>, which is the default of <code>loadspan profile</code>, logs them.</p></div>`;
}

/** One line of figures for all charts, instead of a box at the pointer. */
function Values({ windows }) {
  const [at, pinned] = useCursorAt();
  const values = valuesAt(windows, at ?? windows.complete - 1);
  const said = useSaid(at === null ? "" : sentenceOf(values));
  if (!values) return null;
  const ms = ([p50, p99, max]) => html`p50 <b>${number(p50)}</b> p99 <b>${number(p99)}</b> max <b>${number(max)}</b>`;
  return html`
    <p class="values cursor-values">
      <b>${at === null ? "last window" : `${tickText(values.from)} to ${tickText(values.until)} s`}${pinned ? " ●" : ""}</b>
      <span><b>${number(values.rate)}</b> req/s</span>
      <span><b>${number(values.tokens)}</b> tok/s</span>
      <span>TTFT ${ms(values.ttft)}</span>
      <span>chunk ${ms(values.chunk)}</span>
      <span>latency ${ms(values.duration)} ms</span>
      <span>in flight <b>${number(values.flight)}</b></span>
      <span class=${`verdict invalid ${values.failed > 0 ? "" : "nothing"}`}>✕ <b>${count(values.failed)}</b> failed</span>
      <span class="unseen" role="status">${said}</span>
    </p>
  `;
}

function sentenceOf(values) {
  if (!values) return "";
  return `${number(values.from)} seconds: ${number(values.rate)} requests per second, first token p50 ${number(values.ttft[0] ?? undefined)} ms, latency p50 ${number(values.duration[0] ?? undefined)} ms`;
}

/** What a screen reader is told when the cursor has come to rest. */
function useSaid(text) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}
