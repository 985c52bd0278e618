// What a run logs beside its requests while it goes on, put together and drawn.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clientCharts } from "../ui/run/client-charts.js";
import { NOTHING_OBSERVED, failuresOf, withObserved } from "../ui/run/observed.js";
import { gpuCharts, serverCharts } from "../ui/run/scrape-charts.js";
import { NO_WINDOWS, withFrame } from "../ui/run/windows.js";

const S = 1e9;
const running = (second, value) => ({ at_ns: second * S, source: "0", metrics: { requests_running: value }, rates: {}, quantiles: {} });
const frame = (from_ms, { server = [], gpus = [], failures = [] }) => ({ from_ms, server, gpus, failures });

test("a frame replaces what was known from its time on", () => {
  const first = withObserved(NOTHING_OBSERVED, frame(0, { server: [running(1, 5), running(2, 6)] }));
  const both = withObserved(first, frame(1500, { server: [running(2, 7), running(3, 8)] }));
  assert.deepEqual(both.server.map(({ metrics }) => metrics.requests_running), [5, 7, 8]);
  assert.equal(both.since, 0);
});

test("what is older than an hour is let go of", () => {
  const first = withObserved(NOTHING_OBSERVED, frame(0, { server: [running(1, 5)], failures: [{ at_ns: S, by_error: { connect: 1 } }] }));
  const later = withObserved(first, frame(3_650_000, { server: [running(3_660, 6)] }));
  assert.deepEqual([later.server.length, later.failures.length, later.since], [1, 0, 60 * S]);
});

test("failures of a second are those of its window, and of what is not known there is no zero", () => {
  const failures = [
    { at_ns: S, by_error: { http_status_503: 2 } },
    { at_ns: 4 * S, by_error: { http_status_503: 1, connect: 7 } },
  ];
  assert.deepEqual(failuresOf({ since: 0, failures }, { width: 2000, count: 2, complete: 2 }), [
    { name: "connect", total: 7, values: [0, 7] },
    { name: "http_status 503", total: 3, values: [2, 1] },
  ]);
  const [connect] = failuresOf({ since: 3 * S, failures: failures.slice(1) }, { width: 2000, count: 4, complete: 3 });
  assert.deepEqual(connect.values, [null, 7, 0, null]);
});

test("windows of another width keep what was seen beside the requests", () => {
  const windows = { start_ms: [0], ended: [1], failed: [0], sent: [1], seconds: [1], input_tokens: [0], output_tokens: [0], in_flight: [1] };
  const one = { width_ms: 1000, complete_until_ms: 1000, windows };
  const before = withFrame(NO_WINDOWS, { ...one, observed: frame(0, { server: [running(1, 5)] }) });
  const after = withFrame(before, { ...one, width_ms: 2000, windows: { ...windows, seconds: [2] } });
  assert.deepEqual(after.observed, before.observed);
});

test("while a run goes on it has the charts that it has when it is over", () => {
  const about = { run: { name: "r", live: true, params: {} }, range: [0, 10] };
  const quantiles = { queue_time_seconds: { p50: 0.001, p99: 0.25 } };
  const server = [{ ...running(1.04, 5), quantiles }, running(2.01, 6)];
  const charts = serverCharts({ ...about, lines: server });
  assert.deepEqual(charts.map(({ key }) => key), ["server-load", "server-times"]);
  assert.deepEqual([charts[0].x, charts[0].series[0].values], [[1, 2], [5, 6]]);
  assert.deepEqual(charts[1].series.map(({ key, values }) => [key, ...values]), [["queue p50", 1], ["queue p99", 250]]);
  const [busy] = gpuCharts({ ...about, lines: [{ at_ns: S, gpus: [{ index: 0, utilization: 0.5 }] }] });
  assert.deepEqual([busy.key, busy.series[0].name, ...busy.series[0].values], ["gpu-busy", "GPU 0", 50]);
  const observed = { since: 0, server: [], gpus: [], failures: [{ at_ns: S, by_error: { http_status_503: 2 } }] };
  const windows = { ...NO_WINDOWS, observed, count: 1, complete: 1, columns: { ...NO_WINDOWS.columns, start_ms: [0] } };
  const [errors] = clientCharts({ ...about, records: null, windows, common: {} });
  assert.deepEqual([errors.key, errors.series[0].label, ...errors.series[0].values], ["errors", "HTTP 503", 2]);
});
