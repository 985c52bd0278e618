// What the files of a run become in its charts: records, scrapes of the server, readings of GPUs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clientCharts } from "../ui/run/client-charts.js";
import { Records } from "../ui/run/records.js";
import { gpuCharts, serverCharts } from "../ui/run/scrape-charts.js";
import { NO_WINDOWS } from "../ui/run/windows.js";

const MS = 1e6;

/** A record of a request that was due at a millisecond, and sent and ended so many later. */
function record(due, { late = 1, took = 100, outcome = { status: "completed" }, ...more } = {}) {
  return { phase: "measure", timings: { scheduled_ns: due * MS, sent_ns: (due + late) * MS, finished_ns: (due + late + took) * MS }, outcome, ...more };
}

function recordsOf(list) {
  const records = new Records();
  for (const one of list) records.add(one);
  return records;
}

test("lateness is of the window in which a request was due, and warm-up is left out", () => {
  const records = recordsOf([record(100, { late: 1 }), record(900, { late: 3 }), record(1500, { late: 7 }), { ...record(1600, { late: 99 }), phase: "warmup" }]);
  const { lag } = records.lateness(1000, 2);
  assert.deepEqual(lag.n, [2, 1]);
  assert.deepEqual(lag.max.map((value) => Math.round(value * 1000)), [3, 7]);
  assert.deepEqual(lag.p99, [null, null]);
});

test("the client's own part of a delay is without connecting and without being held back", () => {
  const http = { connection: { opened: { connect_ns: 2 * MS, tls_ns: 1 * MS } } };
  const records = recordsOf([record(0, { late: 10, http, held_back_ns: 5 * MS })]);
  assert.equal(Math.round(records.lateness(1000, 1).delay.max[0] * 1000), 2);
});

test("failures are counted by class in the window in which they ended, the most frequent class first", () => {
  const timeout = { status: "failed", error: "timeout_idle" };
  const busy = { status: "failed", error: "http_status", http_status: 503 };
  const records = recordsOf([record(0, { outcome: timeout }), record(0, { outcome: busy, took: 1200 }), record(1100, { outcome: busy }), record(0)]);
  assert.deepEqual(records.failures(1000, 2), [
    { name: "http_status 503", total: 2, values: [0, 2] },
    { name: "timeout_idle", total: 1, values: [1, 0] },
  ]);
});

test("what ends after the last window is counted in it", () => {
  const records = recordsOf([record(0, { took: 9000, outcome: { status: "cancelled" } })]);
  assert.deepEqual(records.failures(1000, 2)[0].values, [0, 1]);
});

test("a run without failures has no chart of them, and one without records none at all", () => {
  const windows = { ...NO_WINDOWS, count: 1, complete: 1, columns: { ...NO_WINDOWS.columns, start_ms: [0] } };
  const about = { run: { name: "r", params: {} }, windows, range: [0, 1], common: {} };
  assert.deepEqual(clientCharts({ ...about, records: recordsOf([record(0)]) }).map(({ key }) => key), ["client"]);
  assert.deepEqual(clientCharts({ ...about, records: new Records() }), []);
});

const scrape = (second, metrics, more) => ({ at_ns: second * 1e9, source: "http://a/metrics", metrics, ...more });

test("scrapes become charts, of what the server does not say there is none", () => {
  const lines = [scrape(0.01, { requests_running: 0 }), scrape(1.004, { requests_running: 4 }, { quantiles: { queue_time_seconds: { count: 3, p50: 0.002, p99: 0.01 } } })];
  const charts = serverCharts({ run: { name: "r" }, lines, range: [0, 2] });
  assert.deepEqual(charts.map(({ key }) => key), ["server-load", "server-times"]);
  assert.deepEqual(charts[0].x, [0, 1]);
  assert.deepEqual(charts[0].series.map(({ name, values }) => [name, values]), [["running", [0, 4]]]);
  assert.deepEqual(charts[1].series.map(({ name, values }) => [name, values]), [["queue p50", [2]], ["queue p99", [10]]]);
});

test("preemptions are shown when there are some", () => {
  const chart = (preemptions) => serverCharts({ run: { name: "r" }, lines: [scrape(1, {}, { rates: { preemptions } })], range: [0, 2] });
  assert.deepEqual(chart(0), []);
  assert.equal(chart(2)[0].key, "server-preempted");
});

test("several servers have a line each", () => {
  const lines = [scrape(1, { requests_running: 4 }), { ...scrape(2, { requests_running: 5 }), source: "http://b/metrics" }];
  const [chart] = serverCharts({ run: { name: "r" }, lines, range: [0, 2] });
  assert.deepEqual(chart.series.map(({ name, values }) => [name, values]), [["1 running", [4, null]], ["2 running", [null, 5]]]);
});

test("each GPU has a line", () => {
  const gpu = (index, utilization) => ({ index, utilization, memory_used_bytes: 2 ** 31 });
  const charts = gpuCharts({ run: { name: "r" }, lines: [{ at_ns: 1e9, gpus: [gpu(0, 0.5), gpu(1, 1)] }], range: [0, 2] });
  assert.deepEqual(charts.map(({ key }) => key), ["gpu-busy", "gpu-memory"]);
  assert.deepEqual(charts[0].series.map(({ name, values }) => [name, values]), [["GPU 0", [50]], ["GPU 1", [100]]]);
  assert.deepEqual(charts[1].series.map(({ values }) => values), [[2], [2]]);
});
