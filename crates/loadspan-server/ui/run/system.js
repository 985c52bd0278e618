// What MLflow's clients log of machines while a run goes on: `system/…`. Those with a course get a chart on the axis of the others.

import { html, useMemo } from "../lib.js";
import { get, useLoad } from "../api.js";
import { Cursor, CursorContext } from "../charts/cursor.js";
import { tickText } from "../charts/scale.js";
import { TimeChart } from "../charts/timechart.js";
import { count, number } from "../format.js";

/** More would be a page of their own. */
const MOST = 8;

export function SystemCharts({ run, range, brush }) {
  const keys = Object.keys(run.metrics).filter((key) => key.startsWith("system/") && !/\.(mean|max|last|total|p\d+)$/.test(key));
  const load = useLoad(keys.length > 0 ? `system ${run.id}` : null, (signal) => loadAll({ run, keys: keys.slice(0, MOST), signal }));
  const charts = useMemo(() => (load.data ?? []).map((series) => chartOf({ run, series, range })), [load.data, range[0], range[1]]);
  return charts.map((chart) => html`<${Alone} key=${chart.key} chart=${chart} brush=${brush} />`);
}


/** Its samples are at other times than the windows, so that a shared cursor would point at the wrong ones. */
function Alone({ chart, brush }) {
  const cursor = useMemo(() => new Cursor(), []);
  return html`<${CursorContext.Provider} value=${cursor}><${TimeChart} chart=${chart} onBrush=${brush} onOpen=${() => {}} /><//>`;
}

async function loadAll({ run, keys, signal }) {
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
    title: key.slice("system/".length).replaceAll("_", " "),
    note: `${count(points.length)} samples, as they were logged`,
    unit: "",
    x: points.map(({ x }) => x),
    range,
    format: tickText,
    time: (value) => `${tickText(value)} s`,
    series: [{ key: "value", label: key, name: "", token: "series-3", width: 1.5, values: points.map(({ y }) => y) }],
    sentence: `${key}: ${number(points.at(-1).y)} at the end.`,
  };
}
