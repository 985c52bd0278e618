import assert from "node:assert/strict";
import test from "node:test";
import { densityOf } from "../ui/trace/density.js";
import { ExactNumber, parseExact, parsedTree } from "../ui/trace/exact.js";
import { matches, nanosOf, step, termsOf } from "../ui/trace/find.js";
import { gapsOf } from "../ui/trace/gaps.js";
import { phasesOf } from "../ui/trace/phases.js";
import { WHOLE, axisOf, fitting, panned, ticks, viewOf, viewText, zoomed } from "../ui/trace/scale.js";
import { percentile, statisticsOf } from "../ui/trace/statistics.js";
import { treeOf } from "../ui/trace/tree.js";
import { skeletonOf } from "./skeleton.mjs";

const tree = (...list) => treeOf(skeletonOf(...list));

const trace = tree(
  ["root", null, 0, 300_000_000, { service: "gateway" }],
  ["chat qwen", "root", 0, 250_000_000, { type: "CHAT_MODEL", service: "vllm" }],
  ["search", "root", 10, 20, { type: "TOOL", service: "tools", status: "ERROR" }],
);
const found = (text) => matches(trace, termsOf(text).tests).map((row) => trace.id[row]);

test("find takes words, kinds, durations, errors, and all of them together", () => {
  assert.deepEqual(found("QWEN"), ["chat qwen"]);
  assert.deepEqual(found("kind:llm"), ["chat qwen"]);
  assert.deepEqual(found("dur>200ms"), ["root", "chat qwen"]);
  assert.deepEqual(found("dur>200ms vllm"), ["chat qwen"]);
  assert.deepEqual(found("err"), ["search"]);
  assert.deepEqual(found("service:tool"), ["search"]);
  assert.deepEqual(found('"chat qwen"'), ["chat qwen"]);
  assert.deepEqual(termsOf("http.route=/chat k!=2").attributes, [
    { key: "http.route", op: "eq", value: "/chat" },
    { key: "k", op: "ne", value: "2" },
  ]);
  assert.deepEqual(termsOf("k=").attributes, [{ key: "k", op: "exists", value: "" }]);
  assert.deepEqual(matches(trace, termsOf("").tests, new Set(["search", "elsewhere"])), [2]);
  assert.match(termsOf("dur>fast").fault, /needs a number/);
});

test("matches are walked round", () => {
  assert.deepEqual([step([2, 5], 2, 1), step([2, 5], 5, 1), step([2, 5], 2, -1), step([2, 5], -1, 1), step([], 1, 1)], [5, 2, 5, 2, -1]);
  assert.deepEqual(["1.5s", "200", "3us", "x"].map(nanosOf), [1.5e9, 2e8, 3000, null]);
});

test("zooming keeps what is under the mouse, and stops at a microsecond", () => {
  const view = zoomed(WHOLE, 0.5, 0.25, 1e9);
  assert.deepEqual(view, { from: 0.125, to: 0.625 });
  let deep = WHOLE;
  for (let i = 0; i < 100; i++) deep = zoomed(deep, 0.5, 0.3, 1e9);
  assert.ok(Math.abs((deep.to - deep.from) * 1e9 - 1000) < 1);
  assert.deepEqual(panned({ from: 0.8, to: 1 }, 1), { from: 0.8, to: 1 });
  assert.ok(fitting(0.5, 0.6, 1e9).from < 0.5);
});

test("a view is in the URL and comes back", () => {
  assert.equal(viewText(WHOLE), null);
  assert.deepEqual(viewOf(viewText({ from: 0.12, to: 0.34 })), { from: 0.12, to: 0.34 });
  for (const text of ["", null, "x", "0.5-0.1", "-1-2"]) assert.deepEqual(viewOf(text), WHOLE);
});

test("ticks are round", () => {
  assert.deepEqual(ticks(0, 3.2e9, 5), [0, 1e9, 2e9, 3e9]);
  assert.deepEqual(ticks(5, 5), []);
});

test("gaps are left out and every time has its place still", () => {
  const idle = tree(["r", null, 0, 100_000], ["a", "r", 0, 1000], ["b", "r", 99_000, 100_000]);
  const gaps = gapsOf(idle);
  assert.deepEqual(gaps, [{ from: 1000, to: 99_000 }]);
  const axis = axisOf(idle.total, gaps);
  assert.ok(axis.at(1000) > 0.45 && axis.at(99_000) < 0.55);
  for (const nanos of [0, 500, 1000, 50_000, 99_500, 100_000]) assert.ok(Math.abs(axis.nanos(axis.at(nanos)) - nanos) < 1e-6);
  assert.deepEqual(gapsOf(trace), []);
});

test("the map counts open spans and shows errors", () => {
  const { open, llm, most, errors } = densityOf(trace, 3, (nanos) => nanos / trace.total);
  assert.deepEqual([[...open], [...llm], most, [...errors]], [[3, 2, 2], [1, 1, 1], 3, [1, 0, 0]]);
});

test("statistics leave out a percentile that is only the maximum", () => {
  const [one] = statisticsOf(trace, "kind").filter(({ key }) => key === "llm");
  assert.deepEqual([one.count, one.total, one.p99], [1, 250_000_000, null]);
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred.slice(1), 0.99)], [50, 99, null]);
});

const call = (more) => ({ start_ns: "1000000000", end_ns: "1800000000", ...more });

test("phases come from what the client saw, or attributes, or the spans below", () => {
  const seen = phasesOf(call({ events: [{ name: "loadspan.first_token", time_unix_nano: new ExactNumber("1143000000") }] }));
  assert.deepEqual(seen.phases, [
    { name: "until first token", from: 0, to: 143e6 },
    { name: "decode", from: 143e6, to: 800e6 },
  ]);
  const told = phasesOf(call({ attributes: { "gen_ai.latency.time_in_queue": 0.05, "gen_ai.latency.time_in_model_prefill": 0.1, "gen_ai.latency.time_in_model_decode": 0.6 } }));
  assert.deepEqual(told.phases.map(({ name, to }) => `${name} ${Math.round(to / 1e6)}`), ["queue 50", "prefill 150", "decode 750", "other 800"]);
  const below = phasesOf(call(), [{ name: "queue", from: 0, to: 1e8 }, { name: "decode", from: 3e8, to: 8e8 }]);
  assert.deepEqual(below.phases.map(({ name }) => name), ["queue", "other", "decode"]);
  assert.equal(phasesOf(call()), null);
  assert.equal(phasesOf({ start_ns: "1000000000" }), null);
});

test("phases that are longer than the span are not drawn", () => {
  const { phases, fault } = phasesOf(call({ attributes: { "gen_ai.latency.time_in_queue": 0.5, "gen_ai.latency.time_in_model_decode": 0.4 } }));
  assert.deepEqual(phases, []);
  assert.match(fault, /not drawn/);
});

test("numbers that are too large for a double stay as they were written", () => {
  const canTell = JSON.parse("1", (_key, value, context) => context?.source ?? null) !== null;
  const { a, b } = parseExact('{"a": 12345678901234567890, "b": 1}');
  if (canTell) assert.equal(String(a), "12345678901234567890");
  assert.equal(b, 1);
  assert.deepEqual([parsedTree("[1]"), parsedTree("[1"), parsedTree("text")], [[1], null, null]);
});
