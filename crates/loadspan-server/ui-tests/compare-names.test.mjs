// Runs beside each other: short names that differ, colours, what speaks against comparing them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { coloured } from "../ui/compare/colours.js";
import { labelsOf } from "../ui/compare/labels.js";
import { equalParams, warningsOf } from "../ui/compare/params.js";
import { halfText } from "../ui/compare/text.js";

function labels(...names) {
  return [...labelsOf(names.map((name, at) => ({ id: `${at}`.repeat(32), name }))).values()];
}

test("what all names share is left out", () => {
  assert.deepEqual(labels("m, 16 concurrent, 2026-11-22 05:13:45 UTC", "m, poisson 30 req/s, 2026-11-22 05:13:32 UTC"), ["16 concurrent", "poisson 30 req/s"]);
});

test("a time stays only where nothing else tells runs apart", () => {
  const names = ["m, 8 concurrent, 2026-11-22 05:00:00 UTC", "m, 8 concurrent, 2026-11-22 06:00:00 UTC"];
  assert.deepEqual(labels(...names), ["8 concurrent, 05:00:00", "8 concurrent, 06:00:00"]);
  const days = ["m, 8 concurrent, 2026-11-21 05:00:00 UTC", "m, 8 concurrent, 2026-11-22 05:00:00 UTC"];
  assert.deepEqual(labels(...days), ["8 concurrent, 2026-11-21 05:00:00", "8 concurrent, 2026-11-22 05:00:00"]);
});

test("runs of the same name differ by their id", () => {
  assert.deepEqual(labels("base", "base", "other"), ["base 0000", "base 1111", "other"]);
});

test("one run has its name", () => {
  assert.deepEqual(labels("base"), ["base"]);
});

test("up to eight runs have a colour each; of more, those of a sweep share one", () => {
  const runs = Array.from({ length: 10 }, (_, at) => ({ id: `r${at}`, tags: at < 6 ? { "mlflow.parentRunId": at < 3 ? "p" : "q" } : {} }));
  const ids = runs.map(({ id }) => id);
  const few = coloured(runs.slice(0, 8), ids.slice(0, 8)).map(({ token }) => token);
  assert.equal(new Set(few).size, 8);
  const many = coloured(runs, ids).map(({ token }) => token);
  assert.deepEqual([many[0], many[2], many[3], many[9]], ["series-1", "series-1", "series-2", "text-3"]);
});

test("what speaks against a comparison is said once, the serious first", () => {
  const own = (seed, mean, kind = "synthetic") => ({ params: { "dataset.hash": `h${seed}`, "dataset.kind": kind, "output_tokens.mean": mean } });
  const found = warningsOf(own(1, "64"), [own(2, "64"), own(3, "128"), own(4, "128")]);
  assert.deepEqual(found.map(({ level, runs }) => [level, runs.length]), [["serious", 2], ["note", 1]]);
});

test("parameters that all have alike are listed by name", () => {
  const runs = [{ params: { b: "1", a: "2", c: "x" } }, { params: { b: "1", a: "2", c: "y" } }];
  assert.deepEqual(equalParams(runs).map(({ name }) => name), ["a", "b"]);
});

test("half of an interval is written where there is little room", () => {
  assert.equal(halfText({ low: -0.19, high: -0.091 }), "5.0");
  assert.equal(halfText({ low: null }), "");
});
