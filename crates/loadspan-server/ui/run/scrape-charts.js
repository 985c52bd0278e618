// Charts of what the server under test and the GPUs said of themselves: lines of `server_metrics.jsonl` and `gpu_metrics.jsonl`, or, while
// a run goes on, of what it logs. No DOM.

import { seriesToken } from "../charts/series.js";
import { tickText } from "../charts/scale.js";
import { number } from "../format.js";

/** More lines in a chart would be grey. */
const MOST = 8;

const metric = (name) => (line) => line.metrics?.[name];
const rate = (name) => (line) => line.rates?.[name];
const quantile = (name, q) => (line) => line.quantiles?.[name]?.[q] * 1000;
const percent = (of) => (line) => (Number.isFinite(of(line)) ? of(line) * 100 : undefined);

const SERVER = [
  { key: "server-load", title: "What did the server have to do?", unit: "requests", lines: [["running", metric("requests_running")], ["waiting", metric("requests_waiting")]] },
  { key: "server-cache", title: "How full was the KV cache?", unit: "%", lines: [["KV cache", percent(metric("kv_cache_usage"))], ["prefix hits", percent(metric("prefix_cache_hit_rate"))]] },
  { key: "server-tokens", title: "How many tokens did the server count?", unit: "tok/s", lines: [["prompt", rate("prompt_tokens")], ["output", rate("generation_tokens")]] },
  {
    key: "server-times",
    title: "How long did requests wait in the server?",
    unit: "ms",
    more: ", percentiles estimated within its buckets",
    lines: [["queue p50", quantile("queue_time_seconds", "p50")], ["queue p99", quantile("queue_time_seconds", "p99")], ["TTFT p50", quantile("time_to_first_token_seconds", "p50")], ["TTFT p99", quantile("time_to_first_token_seconds", "p99")]],
  },
  { key: "server-preempted", title: "Did the server preempt requests?", unit: "per s", lines: [["preempted", rate("preemptions")]], quiet: true },
];

const GPU = [
  { key: "gpu-busy", title: "How busy were the GPUs?", unit: "%", of: (gpu) => gpu.utilization * 100 },
  { key: "gpu-memory", title: "How much GPU memory was in use?", unit: "GiB", of: (gpu) => gpu.memory_used_bytes / 2 ** 30 },
  { key: "gpu-power", title: "How much power did the GPUs take?", unit: "W", of: (gpu) => gpu.power_watts },
  { key: "gpu-heat", title: "How hot were the GPUs?", unit: "°C", of: (gpu) => gpu.temperature_celsius },
];

/** Charts of the scrapes of servers; with several of them a line each. */
export function serverCharts({ run, lines, range, steady }) {
  const sources = [...new Set(lines.map(({ source }) => source))];
  return SERVER.map((chart) => {
    const series = sources.flatMap((source, place) =>
      chart.lines.map(([name, of]) => ({ name: sources.length > 1 ? `${place + 1} ${name}` : name, at: pointsOf(lines.filter((line) => line.source === source), of) })),
    );
    // A chart of zeros is worth its room only where zero is news.
    const empty = chart.quiet && series.every(({ at }) => [...at.values()].every((value) => value === 0));
    return empty ? null : chartOf({ run, chart, series, range, steady, note: `as the server said, each second${chart.more ?? ""}` });
  }).filter(Boolean);
}

/** Charts of GPUs, a line for each. */
export function gpuCharts({ run, lines, range, steady }) {
  const names = [...new Set(lines.flatMap(({ gpus = [] }) => gpus.map(nameOf)))];
  return GPU.map((chart) => {
    const series = names.map((name) => ({
      name,
      at: pointsOf(lines, ({ gpus = [] }) => {
        const gpu = gpus.find((one) => nameOf(one) === name);
        return gpu && chart.of(gpu);
      }),
    }));
    return chartOf({ run, chart, series, range, steady, note: names.length > MOST ? `${MOST} of ${names.length} GPUs` : "each reading" });
  }).filter(Boolean);
}

function nameOf({ index, uuid, host }) {
  return `GPU ${index ?? String(uuid ?? "").slice(-4)}${host ? ` ${host}` : ""}`;
}

/** Sources are asked at slightly different times: tenths of a second are one time. */
function pointsOf(lines, of) {
  const points = new Map();
  for (const line of lines) {
    const value = of(line);
    if (Number.isFinite(value)) points.set(Math.round(line.at_ns / 1e8) / 10, value);
  }
  return points;
}

function chartOf({ run, chart, series, range, steady, note }) {
  const known = series.filter(({ at }) => at.size > 0).slice(0, MOST);
  if (known.length === 0) return null;
  const x = [...new Set(known.flatMap(({ at }) => [...at.keys()]))].sort((a, b) => a - b);
  return {
    key: chart.key,
    name: `${run.name}-${chart.key}`,
    title: chart.title,
    note: `${chart.unit}, ${note}`,
    unit: chart.unit,
    x,
    range,
    steady: steady?.(chart.key),
    format: tickText,
    time: (value) => `${tickText(value)} s`,
    series: known.map(({ name, at }, place) => ({
      key: name,
      label: name,
      name: name.slice(0, 14),
      token: seriesToken(place),
      stroke: place,
      width: 1.75,
      joins: known.length > 1,
      values: x.map((second) => at.get(second) ?? null),
    })),
    sentence: `${known.map(({ name, at }) => `${name}: ${number([...at.values()].at(-1))} ${chart.unit} at the end, at most ${number(Math.max(...at.values()))}`).join("; ")}.`,
  };
}
