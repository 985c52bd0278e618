// What MLflow's clients log of machines while a run goes on: `system/…`. Those with a course get a chart on the axis of the others.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { get, useLoad } from "../api.js";
import { tickText } from "../charts/scale.js";
import { TimeChart } from "../charts/timechart.js";
import { count, number, plainLine } from "../format.js";
import { loadMetrics } from "./load.js";

/** More would be a page of their own. */
const MOST = 8;
/** While a run goes on, they are asked for so often. */
const EVERY_MS = 10_000;

export function SystemCharts({ run, range, brush }) {
  const round = useRound(run.live);
  const load = useLoad(`system ${run.id} ${round}`, (signal) => loadAll(run, round, signal));
  const charts = useMemo(() => (load.data ?? []).map((series) => chartOf({ run, series, range })), [load.data, range[0], range[1]]);
  return charts.map((chart) => html`<${TimeChart} key=${chart.key} chart=${chart} onBrush=${brush} onOpen=${() => {}} />`);
}

/** 0, and while the run goes on one more every few seconds. */
function useRound(live) {
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!live) return undefined;
    const timer = setInterval(() => !document.hidden && setRound((before) => before + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, [live]);
  return round;
}

/** Those of loadspan are figures of the whole run, not a course; and what is known of GPUs has charts of its own. */
function isCourse(key) {
  return key.startsWith("system/") && !/^system\/(server|gpu)\/|\.(mean|max|last|total|p\d+)$|gpu_\d+_(utilization_percentage|memory_usage_megabytes|power_usage_watts|temperature_celsius)$/.test(key);
}

async function loadAll(run, round, signal) {
  const metrics = round === 0 ? run.metrics : await loadMetrics(run.id, signal);
  const keys = Object.keys(metrics).filter(isCourse).slice(0, MOST);
  const found = await Promise.all(keys.map(async (key) => ({ key, points: await loadHistory({ run, key, signal }) })));
  return found.filter(({ points }) => points.length > 1);
}

async function loadHistory({ run, key, signal }) {
  const { metrics = [] } = await get("/api/2.0/mlflow/metrics/get-history", { query: { run_id: run.id, metric_key: key, max_results: 5000 }, signal });
  return metrics.map(({ timestamp, value }) => ({ x: (timestamp - run.start) / 1000, y: value })).sort((a, b) => a.x - b.x);
}

function chartOf({ run, series: { key, points }, range }) {
  return {
    key,
    name: `${run.name}-${key}`,
    title: plainLine(key.slice("system/".length)).replaceAll("_", " "),
    note: `${count(points.length)} samples, as they were logged`,
    unit: "",
    x: points.map(({ x }) => x),
    range,
    format: tickText,
    time: (value) => `${tickText(value)} s`,
    series: [{ key: "value", label: plainLine(key), name: "", token: "series-3", width: 1.5, values: points.map(({ y }) => y) }],
    sentence: `${plainLine(key)}: ${number(points.at(-1).y)} at the end.`,
  };
}
