// Which charts the windows of a run make, as descriptions for charts/timechart.js. No DOM.

import { duration, number } from "../format.js";
import { extent, isWide, spanAbove, supports, tickText } from "../charts/scale.js";
import { plannedOf } from "./stages.js";
import { gaps, inMs, middles, percentile, rates } from "./windows.js";

/** From the start of the run to its end, or while it goes on to a while after now, so that the axis seldom moves. */
export function spanOf({ run, windows }) {
  const last = (windows.count * windows.width) / 1000;
  if (!run.live) return [0, Math.max(last, windows.width / 1000)];
  const planned = plannedOf(run);
  return [0, planned > 0 && last <= planned ? planned : spanAbove(Math.max(10, last))];
}

/** What all charts over the windows have in common. `lostAt`: since when, in seconds of the run, nothing comes any more. */
export function commonOf({ run, windows, range, stages = [], lostAt = null }) {
  const shades = gaps(windows).filter((gap) => !isPause(gap, stages)).map(([from, to]) => ({ from, to, label: `no requests ended for ${duration(to - from)}` }));
  const warm = stages.length > 0 ? stages : [{ from: 0, measured: run.summary?.run?.measured_from_s }];
  for (const { from, measured } of warm) if (measured - from > (range[1] - range[0]) / 200) shades.push({ from, to: measured, label: "warm-up" });
  if (lostAt !== null) shades.push({ from: lostAt, to: range[1], label: "disconnected" });
  return { x: middles(windows), range, complete: windows.complete, time: (value) => seconds(value, range), shades };
}

/** Between two stages nothing is missing. */
function isPause([from, to], stages) {
  const middle = (from + to) / 2;
  return stages.length > 0 && !stages.some((stage) => stage.from !== null && middle >= stage.from && middle <= (stage.to ?? Infinity));
}

/**
 * `{ rate, ttft, chunk, latency, tokens, flight }`, each a chart. `context`: `{ run, windows, range, stages, scale, limits, steady, exemplars, lostAt }`.
 * While a run goes on all of them are there from the start, so that none moves another away.
 */
export function chartsOf(context) {
  const { windows } = context;
  const hollow = context.run.live ? ", hollow: filling" : windows.complete < windows.count ? ", hollow: cut short" : "";
  const notes = `${tickText(windows.width / 1000)} s windows${isLogged(windows) ? ", as the client logged them" : ""}${hollow}`;
  const about = { ...context, common: commonOf(context), notes };
  return [
    rateChart(about),
    latencyChart(about, { key: "ttft", title: "How long until the first chunk?", metric: "time_to_first_token", whole: "ttft" }),
    latencyChart(about, { key: "chunk", title: "How long between chunks?", metric: "inter_token_latency", whole: null }),
    latencyChart(about, { key: "duration", title: "How long does a request take?", metric: "request_latency", whole: "duration" }),
    tokenChart(about),
    flightChart(about),
  ].filter(Boolean);
}

/** Whether the client has put requests into windows itself: then there is no largest, and no p90. */
function isLogged({ source }) {
  return source !== undefined && source !== "points" && source !== "none";
}

function seconds(value, [low, high]) {
  const size = high - low;
  if (high >= 3600) return `${Math.floor(value / 3600)}:${String(Math.floor(value / 60) % 60).padStart(2, "0")} h`;
  if (high >= 120 && size >= 10) return `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`;
  return `${tickText(value)} s`;
}

function rateChart({ run, windows, common, notes, steady, stages = [] }) {
  const done = rates(windows, "ended");
  const failed = rates(windows, "failed");
  const target = Number(run.params.request_rate);
  return {
    ...common,
    key: "rate",
    name: `${run.name}-rate`,
    title: "Is it keeping up?",
    note: `req/s, ${notes}`,
    unit: "req/s",
    format: tickText,
    steady: steady("rate"),
    lines: target > 0 ? [{ value: target, label: "target" }] : [],
    series: [
      { key: "failed", label: "failed", name: failed.some((value) => value > 0) ? "failed" : undefined, token: "invalid", kind: "bars", values: failed.map((value) => value || null) },
      ...targetsOf(stages, common.x),
      { key: "sent", label: "sent", name: "sent", token: "text-3", width: 1, values: rates(windows, "sent") },
      { key: "ended", label: "ended", name: "ended", token: "series-1", width: 2, values: done },
    ],
    sentence: sentence("Requests ended per second", done, "req/s", common.complete),
  };
}

/** The rates that stages were to have, where they were to have some. */
function targetsOf(stages, x) {
  const values = x.map((second) => Number(stages.find(({ from, to }) => from !== null && second >= from && second < (to ?? Infinity))?.params.request_rate) || null);
  return values.some((value) => value !== null) ? [{ key: "target", label: "target", name: "target", token: "text-3", stroke: 1, width: 1, values }] : [];
}

/** Whether a live or finished run has no figures of a kind, and never will. */
function isAbsent(run, known) {
  return run.live ? run.params.streaming === "false" : !known;
}

function latencyChart(about, { key, title, metric, whole }) {
  const { run, windows, common, limits, exemplars } = about;
  const spread = windows.columns[key];
  if (key === "duration" ? !run.live && !spread.n.some((n) => n > 0) : isAbsent(run, spread.n.some((n) => n > 0))) return null;
  const wide = spread.p90.some((value) => value !== null) || !isLogged(windows) ? ["p90", 0.9] : ["p95", 0.95];
  const [p50, upper, p99, most] = [inMs(spread.p50), inMs(percentile(spread, ...wide)), inMs(percentile(spread, "p99", 0.99)), inMs(spread.max)];
  const hidden = p99.every((value) => value === null);
  const lines = limits[metric] ? [{ value: limits[metric], label: `SLO${key === "ttft" ? " token" : ""} ${tickText(limits[metric])}`, token: "text-1" }] : [];
  const all = whole && supports(windows.total?.[whole]?.n ?? 0, 0.99) !== "none" ? windows.total[whole].p99 * 1000 : null;
  if (all) lines.push({ value: all, label: "run p99", stroke: 2 });
  const marks = key === "duration" ? exemplars.marks : [];
  const log = about.scale === "log" || (about.scale !== "lin" && about.wide(key, isWide([p50, p99, most])));
  return {
    ...common,
    key,
    name: `${run.name}-${key}`,
    title,
    note: latencyNote(about, { key, hidden, log, marks }),
    unit: "ms",
    format: tickText,
    log,
    lines,
    steady: about.steady(`${key} ${log}`),
    exemplars: marks,
    bands: [
      { upper: 3, lower: 2, token: "series-1", opacity: 0.12 },
      { upper: 2, lower: 1, token: "series-1", opacity: 0.28 },
    ],
    series: [
      { key: "max", label: "max", token: "text-3", kind: "dots", values: most },
      { key: "p50", label: "p50", name: "p50", token: "series-1", width: 1, stroke: 1, values: p50 },
      { key: wide[0], label: wide[0], name: hidden ? wide[0] : "", token: "series-1", width: hidden ? 2 : 0.5, values: upper },
      { key: "p99", label: "p99", name: hidden ? "" : "p99", token: "series-1", width: 2, values: p99 },
    ],
    sentence: hidden ? sentence(`${title} ${wide[0]}`, upper, "ms", common.complete) : sentence(`${title} p99`, p99, "ms", common.complete),
  };
}

function latencyNote({ windows, notes, exemplars }, { key, hidden, log, marks }) {
  return [
    log ? "ms, log" : "ms",
    notes,
    isLogged(windows) ? "" : "dots: largest",
    key === "duration" && isLogged(windows) ? "failed ones too" : "",
    hidden && windows.count > 0 ? "p99 needs 100 a window" : "",
    marks.length > 0 ? `◇ traces${exemplars.cut ? " of the newest 20 000" : ""}` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function tokenChart({ run, windows, common, notes, steady }) {
  const output = rates(windows, "output_tokens");
  if (!run.live && !output.some((value) => value > 0)) return null;
  return {
    ...common,
    key: "tokens",
    name: `${run.name}-tokens`,
    title: "How many tokens come out?",
    note: `tok/s of requests that ended, ${notes}`,
    unit: "tok/s",
    format: tickText,
    steady: steady("tokens"),
    series: [{ key: "output", label: "output", name: "output", token: "series-1", width: 2, fill: 0.15, values: output }],
    sentence: sentence("Output tokens per second", output, "tok/s", common.complete),
  };
}

function flightChart({ run, windows, common, notes, steady }) {
  const values = windows.columns.in_flight;
  if (!run.live && !values.some((value) => value !== null)) return null;
  const limit = Number(run.params.concurrency ?? run.params.max_concurrency);
  return {
    ...common,
    key: "flight",
    name: `${run.name}-in-flight`,
    title: "How many requests are in flight?",
    note: `mean of each window, of requests that ended, ${notes}`,
    unit: "requests",
    format: tickText,
    steady: steady("flight"),
    lines: limit > 0 ? [{ value: limit, label: `limit ${tickText(limit)}` }] : [],
    series: [{ key: "flight", label: "in flight", name: "mean", token: "series-1", width: 2, values }],
    sentence: sentence("Requests in flight", values, "", common.complete),
  };
}

function sentence(what, values, unit, complete) {
  const known = values.slice(0, complete).filter((value) => value !== null);
  const ends = extent([known]);
  if (!ends) return `${what}: no figures.`;
  return `${what}: ${number(known.at(-1))} ${unit} at the end, between ${number(ends[0])} and ${number(ends[1])} ${unit}.`;
}

/** What all charts say of one window, for the line below them; null where there is none. */
export function valuesAt(windows, at) {
  const { columns, width } = windows;
  if (at === null || columns.start_ms[at] === undefined) return null;
  const seconds = columns.seconds[at];
  const ms = (value) => (value === null || value === undefined ? null : value * 1000);
  const spread = (key) => [ms(columns[key].p50[at]), supports(columns[key].n[at], 0.99) !== "none" ? ms(columns[key].p99[at]) : null, ms(columns[key].max[at])];
  return {
    from: columns.start_ms[at] / 1000,
    until: (columns.start_ms[at] + width) / 1000,
    rate: columns.ended[at] / seconds,
    failed: columns.failed[at],
    tokens: columns.output_tokens[at] / seconds,
    flight: columns.in_flight[at],
    ttft: spread("ttft"),
    chunk: spread("chunk"),
    duration: spread("duration"),
  };
}
