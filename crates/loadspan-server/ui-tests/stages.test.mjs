// Stages of a run: when they were, what they came to, and how those of two runs lie on each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { commonOf } from "../ui/run/charts.js";
import { failedOf, narrowed, plannedOf, secondsOf, stageIn, stagesOf } from "../ui/run/stages.js";
import { NO_WINDOWS, withFrame } from "../ui/run/windows.js";
import { lacksFigures, pointsOf, secondAt } from "../ui/compare/stages.js";

const PARAMS = {
  "stage.0.name": "warm-up",
  "stage.0.role": "warmup",
  "stage.0.load": "4 concurrent",
  "stage.0.benchmark_duration_s": "3",
  "stage.1.name": "low",
  "stage.1.role": "measured",
  "stage.1.load": "10 req/s",
  "stage.1.request_rate": "10",
  "stage.1.benchmark_duration_s": "8",
  "stage.1.pause_s": "2",
};
const METRICS = {
  "stage.0.started_s": 0.02,
  "stage.0.ended_s": 3.1,
  "stage.1.started_s": 5.2,
  "stage.1.measured_from_s": 5.21,
  "stage.1.ended_s": 13.4001,
  "stage.1.requests.completed": 80,
  "stage.1.request_throughput": 9.8,
};

function run(more = {}) {
  return { id: "a", name: "ladder", live: false, verdict: "valid", summary: null, params: PARAMS, metrics: METRICS, tags: { "stage.1.verdict": "degraded" }, ...more };
}

test("a run of one stage has none", () => {
  assert.deepEqual(stagesOf(run({ params: { load: "10 req/s", stage: "1", "stage.name": "low" }, metrics: {}, tags: {} })), []);
});

test("stages come from parameters, metrics and tags, in the order of their numbers", () => {
  const [warm, low] = stagesOf(run());
  assert.deepEqual([warm.name, warm.role, warm.verdict, warm.from, warm.to], ["warm-up", "warmup", null, 0.02, 3.1]);
  assert.deepEqual([low.name, low.load, low.verdict, low.from, low.measured, low.to], ["low", "10 req/s", "degraded", 5.2, 5.21, 13.4001]);
  assert.equal(low.of.metrics.request_throughput, 9.8);
  const many = stagesOf(run({ params: { "stage.10.name": "ten", "stage.9.name": "nine" }, metrics: {}, tags: {} }));
  assert.deepEqual(many.map(({ name }) => name), ["nine", "ten"]);
});

test("the summary says more than metrics; a stage that was never begun is known by its parameters alone", () => {
  const stages = [
    { number: 0, role: "warmup", started_s: 0, ended_s: 3, counts: { failed: 0 }, load: { description: "4 concurrent" } },
    { number: 1, name: "low", role: "measured", started_s: 5, ended_s: 9, verdict: { status: "invalid" }, counts: { failed: 2 }, load: { description: "poisson 10 req/s" } },
  ];
  const found = stagesOf(run({ summary: { stages }, params: { ...PARAMS, "stage.2.name": "high" } }));
  assert.deepEqual(found.map(({ name, verdict, from }) => [name, verdict, from]), [["warm-up", null, 0], ["low", "invalid", 5], ["high", null, null]]);
  assert.equal(stageIn(found, "1").load, "poisson 10 req/s");
  assert.equal(stageIn(found, "2"), null);
  assert.equal(stageIn(found, null), null);
  assert.deepEqual(found.map(failedOf), [null, 2, null], "failures of a warm-up are not none, but not counted");
});

test("while a run goes on, stages stand where they should be, as far as anybody knows", () => {
  const live = run({ live: true, metrics: {}, tags: {} });
  assert.deepEqual(stagesOf(live).map(({ from, to }) => [from, to]), [[0, 3], [5, 13]]);
  assert.equal(plannedOf(live), 13);
  const open = run({ live: true, metrics: {}, params: { "stage.0.request_count": "100", "stage.1.name": "then" } });
  assert.deepEqual(stagesOf(open).map(({ from, to }) => [from, to]), [[0, null], [null, null]]);
  assert.equal(plannedOf(open), null);
  assert.equal(plannedOf(run({ params: { benchmark_duration_s: "60" }, metrics: {}, tags: {} })), 60);
});

test("tags say when stages of a run that goes on began and ended, and what is to come moves with them", () => {
  const live = (tags) => stagesOf(run({ live: true, metrics: {}, tags }));
  const times = ({ from, to, planned }) => [from, to, planned];
  assert.deepEqual(live({}).map(times), [[0, 3, true], [5, 13, true]]);
  assert.deepEqual(live({ "stage.0.started_s": "0.500" }).map(times), [[0.5, 3.5, false], [5.5, 13.5, true]]);
  const drained = { "stage.0.started_s": "0.500", "stage.0.ended_s": "4.250" };
  assert.deepEqual(live(drained).map(times), [[0.5, 4.25, false], [6.25, 14.25, true]]);
  assert.deepEqual(live({ ...drained, "stage.1.started_s": "6.300" }).map(times), [[0.5, 4.25, false], [6.3, 14.3, false]]);
  const running = (tags) => live(tags).map((stage) => stage.running);
  assert.deepEqual([{}, { "stage.0.started_s": "0.5" }, drained, { ...drained, "stage.1.started_s": "6.3" }].map(running), [[false, false], [true, false], [false, false], [false, true]]);
  assert.equal(plannedOf(run({ live: true, metrics: {}, tags: { ...drained, "stage.1.started_s": "6.300" } })), 14.3);
});

test("a run that was killed has its stages as far as tags tell, and figures say more than tags", () => {
  const killed = stagesOf(run({ metrics: {}, tags: { "stage.0.started_s": "0.500", "stage.0.ended_s": "4.250", "stage.1.started_s": "6.300" } }));
  assert.deepEqual(killed.map(({ from, to }) => [from, to]), [[0.5, 4.25], [6.3, null]]);
  const [warm] = stagesOf(run({ tags: { "stage.0.started_s": "9", "stage.0.ended_s": "10" } }));
  assert.deepEqual([warm.from, warm.to], [0.02, 3.1]);
});

test("the seconds of a stage hold all that ended in it", () => {
  assert.deepEqual(secondsOf({ from: 5.2009, to: 13.4001 }, [0, 20]), [5.2, 13.401]);
  assert.deepEqual(secondsOf({ from: 5, to: null }, [0, 20]), [5, 20]);
});

test("a run narrowed to a stage has no figure of the whole run", () => {
  const low = narrowed(run({ metrics: { ...METRICS, "goodput": 5 } }), stagesOf(run())[1]);
  assert.deepEqual([low.verdict, low.metrics.request_throughput, low.metrics.goodput], ["degraded", 9.8, undefined]);
  assert.equal(narrowed(run(), null).verdict, "valid");
});

test("what lies between two stages is no gap, what lies in one is", () => {
  const count = 14;
  const ended = Array.from({ length: count }, (_, at) => (at === 3 || at === 4 || at === 8 || at === 9 ? 0 : 5));
  const zeros = Array(count).fill(0);
  const windows = withFrame(NO_WINDOWS, { width_ms: 1000, complete_until_ms: 14_000, windows: { start_ms: zeros.map((_, at) => at * 1000), ended, failed: zeros, sent: ended, seconds: zeros.map(() => 1), in_flight: zeros } });
  const shades = (stages) => commonOf({ run: run(), windows, range: [0, 14], stages }).shades.map(({ from, to }) => [from, to]);
  assert.deepEqual(shades([]), [[3, 5], [8, 10]]);
  assert.deepEqual(shades(stagesOf(run())), [[8, 10]]);
});

test("in a comparison each measured stage is a point, and a run without stages is itself", () => {
  const points = pointsOf([run(), { id: "b", name: "plain", params: {}, metrics: {}, tags: {} }]);
  assert.deepEqual(points.map(({ id, url, name }) => [id, url, name]), [["a 1", "/runs/a?stage=1", "ladder, low"], ["b", "/runs/b", "plain"]]);
  assert.deepEqual([points[0].params.request_rate, points[0].metrics.request_throughput, points[0].group], ["10", 9.8, "a"]);
});

test("stages whose figures are nowhere but in the summary", () => {
  assert.equal(lacksFigures(run()), false);
  assert.equal(lacksFigures(run({ metrics: { request_throughput: 3 } })), true);
  assert.equal(lacksFigures(run({ params: {}, metrics: {}, tags: {} })), false);
});

test("stages of one name begin together", () => {
  const base = [{ name: "low", from: 3, to: 11 }, { name: "high", from: 14, to: 22 }];
  const own = [{ name: "high", from: 40, to: 46 }, { name: "low", from: 10, to: null }];
  const at = (second) => secondAt({ base, own, second });
  assert.deepEqual([at(2), at(3), at(10.5), at(12), at(15), at(21)], [null, 10, 17.5, null, 41, null]);
});
