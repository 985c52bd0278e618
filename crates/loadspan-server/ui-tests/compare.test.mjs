// Differences: no difference without its spread, and none where there is none.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frontier } from "../ui/charts/frontier.js";
import { differingParams, promptsDiffer } from "../ui/compare/params.js";
import { differenceOf, differenceOfShares, spreadOfQuantile, spreadOfSections } from "../ui/compare/spread.js";
import { changeText, intervalText, markdownOf } from "../ui/compare/text.js";

/** Numbers that are the same each time. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** A run of sections around a level, each with its own luck. */
function measuredRun(next, level = 100, noise = 0.1) {
  const sections = Array.from({ length: 16 }, () => level * (1 + noise * (next() + next() + next() + next() - 2)));
  return { value: sections.reduce((sum, one) => sum + one, 0) / 16, spread: spreadOfSections(sections) };
}

test("of 200 pairs of the same, at least 95 % show no clear difference", () => {
  const next = random(7);
  let calm = 0;
  for (let pair = 0; pair < 200; pair += 1) {
    const { reading } = differenceOf({ base: measuredRun(next), other: measuredRun(next), better: "lower" });
    calm += reading === "none";
  }
  assert.ok(calm >= 190, `${calm} of 200`);
});

test("a difference that is larger than the spread is better or worse", () => {
  const next = random(3);
  const [base, other] = [measuredRun(next, 100), measuredRun(next, 130)];
  assert.equal(differenceOf({ base, other, better: "lower" }).reading, "worse");
  assert.equal(differenceOf({ base, other, better: "higher" }).reading, "better");
  const { change, low, high } = differenceOf({ base, other, better: "higher" });
  assert.ok(low < change && change < high);
});

test("without a spread nothing is said, and below 1 % neither", () => {
  const base = { value: 100, spread: null };
  assert.equal(differenceOf({ base, other: { value: 200, spread: 0.01 }, better: "lower" }).reading, "unknown");
  const sure = (value) => ({ value, spread: 0.0001 });
  assert.equal(differenceOf({ base: sure(100), other: sure(100.5), better: "lower" }).reading, "none");
});

test("too few sections or requests have no spread", () => {
  assert.equal(spreadOfSections([1, 2, 3, null]), null);
  const quantiles = [{ q: 0, value: 1 }, { q: 0.5, value: 2 }, { q: 0.99, value: 3 }, { q: 1, value: 9 }];
  assert.equal(spreadOfQuantile(quantiles, 0.99, 200), null);
  assert.ok(spreadOfQuantile(quantiles, 0.99, 5000) > 0);
});

test("errors differ in percentage points", () => {
  const found = differenceOfShares({ base: { hits: 0, count: 1000 }, other: { hits: 47, count: 1000 } });
  assert.equal(found.reading, "worse");
  assert.equal(changeText(found), "+4.7 pp");
  assert.equal(differenceOfShares({ base: { hits: 0, count: 1000 }, other: { hits: 1, count: 1000 } }).reading, "none");
  const few = differenceOfShares({ base: { hits: 1, count: 60 }, other: { hits: 0, count: 60 } });
  assert.deepEqual([few.reading, few.low], ["none", -1 / 60]);
  assert.equal(intervalText(differenceOfShares({ base: { hits: 0, count: 60 }, other: { hits: 0, count: 60 } })).split(" … ")[0], "+0.0");
});

test("changes have their sign, and a true minus", () => {
  assert.equal(changeText({ change: -0.143 }), "−14.3 %");
  assert.equal(changeText({ change: 0.163 }), "+16.3 %");
  assert.equal(changeText({ change: 1.1 }), "+110 %");
  assert.equal(changeText({ change: 40.25 }), "+4\u2009025 %");
  assert.equal(changeText({ change: -0.0004 }), "+0.0 %");
  assert.equal(intervalText({ low: -0.19, high: -0.091 }), "−19.0 … −9.1 %");
  assert.equal(intervalText({ low: null, high: null }), "");
});

test("prompts of another seed are worth a note, other files are not comparable", () => {
  const run = (params) => ({ params });
  const one = { "dataset.kind": "synthetic", "dataset.hash": "a", "input_tokens.mean": "200" };
  assert.equal(promptsDiffer(run(one), run(one)), null);
  assert.equal(promptsDiffer(run(one), run({ ...one, "dataset.hash": "b" })).level, "note");
  assert.equal(promptsDiffer(run(one), run({ ...one, "dataset.hash": "b", "input_tokens.mean": "300" })).level, "serious");
  assert.equal(promptsDiffer(run({ "dataset.kind": "file", "dataset.hash": "a" }), run({ "dataset.kind": "file", "dataset.hash": "b" })).level, "serious");
});

test("parameters that always differ stand last", () => {
  const found = differingParams([{ params: { seed: "1", model: "a", same: "x" } }, { params: { seed: "2", model: "b", same: "x" } }]);
  assert.deepEqual(found.differing.map(({ name }) => name), ["model", "seed"]);
  assert.equal(found.equal, 1);
});

test("the frontier has no run that another one beats, and none that is invalid", () => {
  const points = [
    { id: "a", x: 1, y: 10 },
    { id: "b", x: 2, y: 9 },
    { id: "c", x: 3, y: 20 },
    { id: "d", x: 2.5, y: 25 },
    { id: "e", x: 9, y: 1, hollow: true },
  ];
  assert.deepEqual(frontier(points).map(({ id }) => id), ["b", "c"]);
});

test("names of others do not break a table of Markdown", () => {
  const run = { id: "1", name: "a|b\n<script>", verdict: "invalid", params: {} };
  const rows = [{ title: "TTFT p99", unit: "ms", cells: [{ run, value: 12, difference: null }] }];
  const text = markdownOf({ runs: [run], base: run, rows, params: { differing: [], equal: 3 }, url: "http://x/" });
  assert.ok(text.includes("a\\|b"));
  assert.ok(!text.includes("<script>"));
  assert.ok(text.includes("12.0 (invalid)"));
});
