// The table of runs: its tree, its columns, its marks, and what the server says of a filter.

import assert from "node:assert/strict";
import { test } from "node:test";

import { halves, middle, tellerOf } from "../ui/parts/names.js";
import { verdictOf } from "../ui/parts/verdict.js";
import { arrange } from "../ui/runs/arrange.js";
import { alike, changeOf, describe, orderOf, usualColumns, writerOf } from "../ui/runs/columns.js";
import { placeOf } from "../ui/runs/fault.js";
import { clock, planOf, progressOf, silence } from "../ui/runs/progress.js";
import { metTargets, sloColumns } from "../ui/runs/slo.js";

function run(id, parent = null) {
  return { id, parent, values: [] };
}

function shape(rows) {
  return rows.map(({ id, depth }) => "  ".repeat(depth) + id);
}

test("runs stand below those that they are part of, in the order of the table", () => {
  const rows = arrange([run("c2", "a"), run("b"), run("a"), run("c1", "a"), run("d", "c1")]);
  assert.deepEqual(shape(rows), ["b", "a", "  c2", "  c1", "    d"]);
  assert.equal(rows[1].parts, 2);
});

test("a run whose parent is not among them stands by itself, and so does a circle", () => {
  assert.deepEqual(shape(arrange([run("a", "gone"), run("b", "b"), run("c", "d"), run("d", "c")])), ["a", "b", "c", "d"]);
});

test("parts that are folded away are counted and not shown", () => {
  const rows = arrange([run("a"), run("b", "a"), run("c", "b"), run("d")], new Set(["a", "d"]));
  assert.deepEqual(shape(rows), ["a", "d"]);
  assert.deepEqual([rows[0].folded, rows[0].parts, rows[1].folded], [true, 1, false]);
});

test("each of ten thousand runs is asked for its parent a few times, however many there are", () => {
  let asked = 0;
  const runs = Array.from({ length: 10_000 }, (_, at) => ({
    id: `r${at}`,
    get parent() {
      asked += 1;
      return at % 10 === 0 ? null : `r${at - (at % 10)}`;
    },
  }));
  assert.equal(arrange(runs).length, 10_000);
  assert.ok(asked <= 100_000, `asked ${asked} times`);
});

test("figures of loadspan are named, with unit and direction; others keep their name", () => {
  const { name, unit, better } = describe("metrics.time_to_first_token.p99_9");
  assert.deepEqual([name, unit, better], ["TTFT p99.9", "ms", "lower"]);
  assert.deepEqual([describe("metrics.request_throughput").name, describe("metrics.request_throughput").unit], ["req/s", null]);
  assert.deepEqual([describe("metrics.val.loss").name, describe("metrics.val.loss").better], ["val.loss", null]);
  assert.equal(describe("params.a.b").key, "a.b");
});

test("without a choice a table has the headline figures, or what there is", () => {
  const known = (kind, ...keys) => keys.map((key) => ({ kind, key, runs: 3 }));
  const loadspan = [...known("metrics", "live.x", "request_throughput"), ...known("params", "model", "seed")];
  assert.deepEqual(usualColumns(loadspan), ["metrics.request_throughput", "params.model"]);
  assert.deepEqual(usualColumns([...known("metrics", "system/cpu", "loss"), ...known("params", "model")]), ["metrics.loss", "params.model"]);
});

test("columns in which all say the same are told apart from those that differ", () => {
  const runs = [[1, "a", null], [2, "a", null]].map((values) => ({ values }));
  assert.deepEqual([...alike(runs, ["x", "y", "z"])], [1, 2]);
  assert.equal(alike(runs.slice(1), ["x"]).size, 0);
});

test("a column has one unit, and its points stand below each other", () => {
  const { unit, write } = writerOf(describe("metrics.time_to_first_token.p50"), [4, 40, 400]);
  assert.equal(unit, "ms");
  assert.deepEqual([4, 40, 400, null].map(write), ["4.00", "40.0\u2007", "400\u2008\u2007\u2007", "–"]);
  assert.equal(writerOf(describe("metrics.time_to_first_token.p50"), [4000, 9000]).unit, "s");
  assert.equal(writerOf(describe("metrics.x"), ["NaN"]).write("NaN"), "NaN");
});

test("a difference is good or bad only where a direction is declared", () => {
  const latency = describe("metrics.request_latency.p99");
  assert.deepEqual(changeOf(latency, 80, 100), { text: "−20 %", reading: "better" });
  assert.deepEqual(changeOf(latency, 210, 100), { text: "×2.1", reading: "worse" });
  assert.equal(changeOf(describe("metrics.mine"), 80, 100).reading, "none");
  assert.equal(changeOf(latency, null, 100), null);
});

test("the server sorts by what it knows", () => {
  assert.equal(orderOf({ key: "started", descending: true }), "start_time DESC");
  assert.equal(orderOf({ key: "metrics.a`b c", descending: false }), "metrics.`ab c` ASC");
  assert.equal(orderOf({ key: "took", descending: true }), null);
});

test("a run met its targets when 99 % of its requests met each, which may be others each time", () => {
  assert.deepEqual(sloColumns([{ kind: "metrics", key: "goodput.targets.ttft.met" }, { kind: "params", key: "goodput" }]), [
    "metrics.good_request_fraction",
    "metrics.goodput.of",
    "metrics.goodput.targets.ttft.met",
  ]);
  assert.equal(metTargets([null, null, null]), null);
  assert.equal(metTargets([0.995, 1000, 995]), true);
  assert.equal(metTargets([0.985, 1000, 992, 993]), true);
  assert.equal(metTargets([0.985, 1000, 992, 985]), false);
  assert.equal(metTargets([0.5, null]), false);
});

test("what the server says of a filter is words and a place", () => {
  assert.deepEqual(placeOf("Invalid comparator '>>' (at position 11 of the filter)"), { text: "Invalid comparator '>>'", place: 10 });
  assert.deepEqual(placeOf("Too many clauses."), { text: "Too many clauses", place: null });
  const listed = "Invalid attribute key 'foo' specified. Valid keys are {'run_id', 'status'} (at position 1 of the filter)";
  assert.deepEqual(placeOf(listed), { text: "'foo' is no name that a filter knows", place: 0 });
});

test("how far a run is, is said of what was planned", () => {
  assert.equal(clock(3725.9), "1:02:05");
  assert.deepEqual(progressOf({ plan: planOf({ seconds: "360", requests: null }), elapsed: 134, ended: 10 }), { text: "02:14 of 06:00", part: 134 / 360 });
  assert.deepEqual(progressOf({ plan: planOf({ seconds: null, requests: "1000" }), elapsed: 9, ended: 250 }), { text: "00:09 · 250 of 1\u2009000 requests", part: 0.25 });
  assert.equal(progressOf({ plan: planOf({}), elapsed: 9, ended: null }).part, null);
  assert.deepEqual([silence({ elapsed: 40, lastHeard: 30 }), silence({ elapsed: 100, lastHeard: 30 })], [null, 70]);
});

test("a long name keeps the end that tells it apart", () => {
  assert.deepEqual(halves("a-rather-long-name-of-a-sweep c=128"), ["a-rather-long-name-of-a", "-sweep c=128"]);
  assert.deepEqual(halves("mock-model, poisson 30 req/s, 2026-11-22 05:13:32 UTC")[1], "");
  const rows = ["m, 8 concurrent, 2026-11-22 05:13:32 UTC", "m, 8 concurrent, 2026-11-22 05:20:00 UTC", "m, 9 concurrent, 2026-11-22 05:30:00 UTC", "base", "base"].map((name, at) => ({ id: `${at}`.repeat(32), name }));
  assert.deepEqual(rows.map(tellerOf(rows)).map((parts) => parts.join("")), ["m, 8 concurrent, 05:13:32", "m, 8 concurrent, 05:20:00", "m, 9 concurrent", "base 3333", "base 4444"]);
  assert.equal(middle("abcdefghijklmnopqrstuvwxyz", 11), "abcdef…wxyz");
  assert.equal(middle("short", 11), "short");
});

test("a run without a request has no verdict that could be trusted", () => {
  const verdict = (requests, tag = "valid") => verdictOf({ status: "FINISHED", verdict: tag, requests });
  assert.deepEqual([verdict(0), verdict(1), verdict(null), verdict(0, "invalid")], ["nothing", "valid", "valid", "invalid"]);
});
