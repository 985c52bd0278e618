// A run as its page tells it: how it ended, whether news come, how long windows are, which traces are marked.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest } from "../ui/charts/cursor.js";
import { isWide } from "../ui/charts/scale.js";
import { exemplarsOf } from "../ui/run/exemplars.js";
import { Pace, ordinal } from "../ui/run/pace.js";
import { rangeOf, rangeText } from "../ui/run/range.js";
import { endingOf, silenceOf } from "../ui/run/verdict.js";
import { sizeOf } from "../ui/run/width.js";

test("a run that was stopped says so, and why", () => {
  assert.equal(endingOf({ status: "FINISHED", tags: { verdict: "valid" } }), null);
  assert.equal(endingOf({ status: "KILLED", tags: {} }), "Stopped before its end. The figures are of what was measured until then.");
  assert.match(endingOf({ status: "KILLED", tags: { "incomplete.reason": "interrupted" } }), /^Stopped before its end: interrupted\./);
  assert.match(endingOf({ status: "FAILED", tags: {} }), /says that it failed/);
  assert.equal(endingOf({ status: "FAILED", tags: { verdict: "invalid" } }), null);
});

test("a run of which nothing has come for a minute is silent, unless its requests take that long", () => {
  const run = { live: true, start: 1000 };
  assert.equal(silenceOf(run, { elapsed_ms: 5000 }, 66_000), null);
  assert.deepEqual(silenceOf(run, { elapsed_ms: 5000 }, 66_001), { last: 6000, silent: 60_001 });
  assert.equal(silenceOf(run, { elapsed_ms: 5000, duration: { max: 30 } }, 126_000), null);
  assert.equal(silenceOf({ live: false, start: 0 }, null, 1e9), null);
});

test("one of so many updates comes", () => {
  const pace = new Pace();
  for (let at = 0; at <= 400; at += 100) pace.note(at);
  assert.equal(pace.every(10), 1);
  for (let at = 1400; at <= 10_400; at += 1000) pace.note(at);
  assert.equal(pace.every(10), 10);
  assert.equal(pace.every(1), 1);
  pace.restart();
  assert.equal(pace.every(10), 1);
  assert.deepEqual([1, 2, 3, 4, 10, 11, 12, 21, 112].map(ordinal), ["1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "21st", "112th"]);
});

test("a run is as large as was measured, or as is to be expected", () => {
  const live = { live: true, params: { benchmark_duration_s: "60", request_rate: "5" }, metrics: {} };
  assert.deepEqual(sizeOf(live, null), { seconds: 60, requests: 300 });
  assert.deepEqual(sizeOf(live, { elapsed_ms: 10_000, ended: 20 }), { seconds: 60, requests: 120 });
  assert.deepEqual(sizeOf({ live: true, params: {}, metrics: {} }, null), { seconds: 1, requests: Infinity });
  assert.deepEqual(sizeOf({ live: false, start: 0, end: 30_000, params: {}, metrics: { "requests.total": 90 } }, null), { seconds: 30, requests: 90 });
});

test("a part of the time has its slowest, a failed one and another trace as marks", () => {
  const point = (id, at, seconds, failed = false) => ({ id, at, seconds, failed, tokens: 1 });
  const points = [point("a", 1, 0.2), point("b", 1.1, 0.9), point("c", 1.2, 0.3), point("d", 1.3, 0.1, true), point("e", 20, 5), point("open", 1, null)];
  const marks = exemplarsOf(points, [0, 16]);
  const kinds = Object.fromEntries(marks.map(({ trace, kind }) => [trace, kind]));
  assert.equal(kinds.b, "slowest");
  assert.equal(kinds.d, "failed");
  assert.equal(kinds.e, undefined);
  assert.ok(marks.length >= 2 && marks.length <= 3);
  assert.deepEqual(exemplarsOf([...points].reverse(), [0, 16]), marks);
});

test("the range of the URL", () => {
  const about = { span: [0, 60], windows: { count: 200, width: 1000 } };
  assert.deepEqual(rangeOf("12.5-40", about), [12.5, 40]);
  assert.deepEqual(rangeOf("40-12", about), [0, 60]);
  assert.deepEqual(rangeOf("last", about), [80, 200]);
  assert.deepEqual(rangeOf("last", { ...about, windows: { count: 3, width: 1000 } }), [0, 120]);
  assert.equal(rangeText([-1, 99], [0, 60]), null);
  assert.equal(rangeText([1.234, 99], [0, 60]), "1.23-60");
});

test("the nearest sample", () => {
  assert.equal(nearest([], 3), -1);
  assert.deepEqual([-1, 0.4, 0.6, 1.6, 9].map((at) => nearest([0, 1, 2], at)), [0, 0, 1, 2, 2]);
});

test("figures a decade apart want a logarithmic axis", () => {
  assert.equal(isWide([[10, null, 0, 99], [50]]), false);
  assert.equal(isWide([[10], [100]]), true);
  assert.equal(isWide([[], [null]]), false);
});
