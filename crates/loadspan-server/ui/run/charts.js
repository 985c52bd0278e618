// Which charts a run has, as descriptions for charts/timechart.js. No DOM.

import { duration, number } from "../format.js";
import { extent, spanAbove, tickText } from "../charts/scale.js";
import { gaps, inMs, middles, percentile, rates } from "./windows.js";

/** From the start of the run to its end, or while it goes on to a while after now, so that the axis seldom moves. */
export function spanOf({ run, windows }) {
  const last = (windows.count * windows.width) / 1000;
  if (!run.live) return [0, Math.max(last, windows.width / 1000)];
  const planned = Number(run.params["benchmark_duration_s"]);
  return [0, planned > 0 && last <= planned ? planned : spanAbove(Math.max(10, last))];
}

/**
 * `{ rate, ttft, chunk, latency, tokens, flight }`, each a chart. `context`: `{ run, windows, range, log, limits, steady, exemplars }`.
 */
export function chartsOf(context) {
  const { windows, run } = context;
  const x = middles(windows);
  const width = windows.width / 1000;
  const common = {
    x,
    range: context.range,
    complete: run.live ? windows.complete : windows.count,
    time: (value) => seconds(value, context.range),
    shades: gaps(windows).map(([from, to]) => ({ from, to, label: `no requests ended for ${duration(to - from)}` })),
  };
  const notes = `${tickText(width)} s windows${windows.source === "windows" ? ", as the client logged them" : ", extremes kept"}`;
  const about = { ...context, common, notes };
  return [
    rateChart(about),
    latencyChart(about, { key: "ttft", title: "How long until the first token?", metric: "time_to_first_token", whole: "ttft" }),
    latencyChart(about, { key: "chunk", title: "How long between chunks?", metric: "inter_token_latency", whole: null }),
    latencyChart(about, { key: "duration", title: "How long does a request take?", metric: "request_latency", whole: "duration" }),
    tokenChart(about),
    flightChart(about),
  ].filter(Boolean);
}

function seconds(value, [low, high]) {
  const size = high - low;
  if (high >= 3600) return `${Math.floor(value / 3600)}:${String(Math.floor(value / 60) % 60).padStart(2, "0")} h`;
  if (high >= 120 && size >= 10) return `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`;
  return `${tickText(value)} s`;
}

function rateChart({ run, windows, common, notes, steady }) {
  const done = rates(windows, "ended");
  const failed = rates(windows, "failed");
  const sent = rates(windows, "sent");
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
      { key: "failed", label: "failed", token: "invalid", kind: "bars", values: failed.some((value) => value > 0) ? failed : failed.map(() => null) },
      { key: "sent", label: "sent", name: "sent", token: "text-3", width: 1, values: sent },
      { key: "ended", label: "ended", name: "ended", token: "series-1", width: 2, values: done },
    ],
    sentence: sentence("Requests ended per second", done, "req/s", common.complete),
  };
}

function latencyChart({ run, windows, common, notes, log, limits, steady, exemplars = [] }, { key, title, metric, whole }) {
  const spread = windows.columns[key];
  if (windows.count > 0 && !spread.n.some((n) => n > 0)) return null;
  const wide = spread.p90.some((value) => value !== null) ? ["p90", 0.9] : ["p95", 0.95];
  const p99 = inMs(percentile(spread, "p99", 0.99));
  const upper = inMs(percentile(spread, wide[0], wide[1]));
  const hidden = common.x.length > 0 && p99.every((value) => value === null);
  const lines = [];
  if (limits[metric]) lines.push({ value: limits[metric], label: `SLO ${tickText(limits[metric])}` });
  const all = whole && windows.total?.[whole]?.n >= 100 ? windows.total[whole].p99 * 1000 : null;
  if (all) lines.push({ value: all, label: `run p99`, stroke: 2 });
  return {
    ...common,
    key,
    name: `${run.name}-${key}`,
    title,
    note: `ms, ${notes}${key === "duration" && windows.source === "windows" ? ", failed ones too" : ""}${hidden ? "; p99 needs 100 requests in a window" : ""}`,
    unit: "ms",
    format: tickText,
    log,
    lines,
    steady: steady(key),
    exemplars: key === "duration" ? exemplars : [],
    bands: [
      { upper: 3, lower: 2, token: "series-1", opacity: 0.12 },
      { upper: 2, lower: 1, token: "series-1", opacity: 0.28 },
    ],
    series: [
      { key: "max", label: "max", token: "text-3", kind: "dots", values: inMs(spread.max) },
      { key: "p50", label: "p50", name: "p50", token: "series-1", width: 1, stroke: 1, values: inMs(spread.p50) },
      { key: wide[0], label: wide[0], name: hidden ? wide[0] : "", token: "series-1", width: hidden ? 2 : 0.5, values: upper },
      { key: "p99", label: "p99", name: "p99", token: "series-1", width: 2, values: p99 },
    ],
    sentence: hidden ? sentence(`${title} ${wide[0]}`, upper, "ms", common.complete) : sentence(`${title} p99`, p99, "ms", common.complete),
  };
}

function tokenChart({ run, windows, common, notes, steady }) {
  const output = rates(windows, "output_tokens");
  if (windows.count > 0 && !output.some((value) => value > 0)) return null;
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
  if (windows.count > 0 && !values.some((value) => value !== null)) return null;
  const limit = Number(run.params.concurrency ?? run.params.max_concurrency);
  return {
    ...common,
    key: "flight",
    name: `${run.name}-in-flight`,
    title: "How many requests are in flight?",
    note: `mean of each window, from requests that have ended, ${notes}`,
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
  if (!ends) return `${what}: no figures yet.`;
  return `${what}: ${number(known.at(-1))} ${unit} at the end, between ${number(ends[0])} and ${number(ends[1])} ${unit}.`;
}

/** What all charts say of one window, for the line below them. */
export function valuesAt(windows, at) {
  const { columns, width } = windows;
  if (at === null || at === undefined || columns.start_ms[at] === undefined) return null;
  const seconds = columns.seconds[at];
  const ms = (value) => (value === null || value === undefined ? null : value * 1000);
  const spread = (key) => [ms(columns[key].p50[at]), columns[key].n[at] >= 100 ? ms(columns[key].p99[at]) : null, ms(columns[key].max[at])];
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
