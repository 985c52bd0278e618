// The seconds of a run: frames put together, gaps, percentiles that have too few values.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_WINDOWS, gaps, percentile, placeAt, rates, widthFor, withFrame } from "../ui/run/windows.js";

/** A frame of windows of a second, from a place on. */
function frame(from, ended, { seq = 1, complete = (from + ended.length) * 1000 } = {}) {
  const list = (value) => ended.map((_, at) => value(at));
  const spread = () => ({ n: ended, p50: list(() => 0.1), p90: list(() => 0.2), p95: list(() => 0.2), p99: list(() => 0.3), max: list(() => 0.4) });
  return {
    seq,
    width_ms: 1000,
    from_ms: from * 1000,
    complete_until_ms: complete,
    status: "RUNNING",
    source: "points",
    total: { ended: 7 },
    windows: {
      start_ms: list((at) => (from + at) * 1000),
      ended,
      failed: list(() => 0),
      sent: ended,
      seconds: list(() => 1),
      input_tokens: list(() => 0),
      output_tokens: ended.map((count) => count * 32),
      in_flight: list(() => null),
      duration: spread(),
      ttft: spread(),
      chunk: spread(),
    },
  };
}

test("a frame replaces windows from its first one on", () => {
  const one = withFrame(NO_WINDOWS, frame(0, [5, 6, 2], { complete: 2000 }));
  assert.equal(one.complete, 2);
  const two = withFrame(one, frame(2, [7, 1], { seq: 2, complete: 3000 }));
  assert.deepEqual(two.columns.ended, [5, 6, 7, 1]);
  assert.deepEqual(two.columns.ttft.n, [5, 6, 7, 1]);
  assert.equal(two.complete, 3);
  assert.equal(two.seq, 2);
});

test("a frame that comes twice changes nothing", () => {
  const one = withFrame(NO_WINDOWS, frame(0, [5, 6]));
  const again = withFrame(one, frame(0, [5, 6]));
  assert.deepEqual(again, one);
});

test("windows of another width begin anew", () => {
  const one = withFrame(NO_WINDOWS, frame(0, [5, 6]));
  const wide = withFrame(one, { ...frame(0, [11]), width_ms: 2000, complete_until_ms: 2000 });
  assert.deepEqual(wide.columns.ended, [11]);
  assert.equal(wide.width, 2000);
});

test("rates go by the length of the window, and what is not known stays unknown", () => {
  const one = withFrame(NO_WINDOWS, frame(0, [5, 6]));
  one.columns.seconds[1] = 0.5;
  one.columns.sent[1] = null;
  assert.deepEqual(rates(one, "ended"), [5, 12]);
  assert.deepEqual(rates(one, "sent"), [5, null]);
});

test("a percentile of a window needs enough requests", () => {
  const spread = { n: [99, 100], p99: [1, 2] };
  assert.deepEqual(percentile(spread, "p99", 0.99), [null, 2]);
});

test("two windows without a request are a gap, unless requests are known to be in flight", () => {
  const one = withFrame(NO_WINDOWS, frame(0, [5, 0, 0, 0, 4, 0, 3]));
  assert.deepEqual(gaps(one), [[1, 4]]);
  one.columns.in_flight = [1, 2, 2, 2, 1, 0, 1];
  assert.deepEqual(gaps(one), []);
});

test("a long run has wider windows", () => {
  const widths = [60, 1200, 1201, 3600, 86_400].map((seconds) => widthFor(seconds));
  assert.deepEqual(widths, [1000, 1000, 2000, 5000, 300_000]);
});

test("windows hold twenty requests on average, but a short run keeps five of them", () => {
  const widths = [[60, 1200], [60, 1199], [60, 600], [60, 300], [600, 300], [30, 30], [4, 2]].map(([seconds, requests]) => widthFor(seconds, requests));
  assert.deepEqual(widths, [1000, 2000, 2000, 5000, 60_000, 5000, 1000]);
});

test("the last window of a run is complete only when it has its full length", () => {
  const ended = { ...frame(0, [5, 6, 2]), status: "FINISHED" };
  assert.equal(withFrame(NO_WINDOWS, ended).complete, 3);
  ended.windows.seconds[2] = 0.4;
  const cut = withFrame(NO_WINDOWS, ended);
  assert.equal(cut.complete, 2);
  assert.deepEqual(rates(cut, "ended"), [5, 6, null]);
});

test("the window of a second", () => {
  const windows = withFrame(NO_WINDOWS, frame(0, [5, 6, 2]));
  assert.deepEqual([0, 1.5, 2.9, 3, null].map((second) => placeAt(windows, second)), [0, 1, 2, -1, -1]);
});
