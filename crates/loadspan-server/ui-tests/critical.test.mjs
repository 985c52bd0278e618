import assert from "node:assert/strict";
import test from "node:test";
import { criticalPath } from "../ui/trace/critical.js";
import { linesOf, partsByRow } from "../ui/trace/segments.js";
import { rootOf, treeOf } from "../ui/trace/tree.js";
import { skeletonOf } from "./skeleton.mjs";

function pathOf(...list) {
  const tree = treeOf(skeletonOf(...list));
  const { parts, fault } = criticalPath(tree, rootOf(tree));
  return fault ?? parts.map(({ row, from, to }) => `${tree.id[row]} ${from}-${to}`).join(", ");
}

test("one span is its own path", () => {
  assert.equal(pathOf(["r", null, 0, 10]), "r 0-10");
});

test("one after the other: all are on it, and the gaps are the parent's", () => {
  assert.equal(pathOf(["r", null, 0, 100], ["a", "r", 10, 40], ["b", "r", 50, 90]), "r 0-10, a 10-40, r 40-50, b 50-90, r 90-100");
});

test("at the same time: the one that ends last", () => {
  assert.equal(pathOf(["r", null, 0, 100], ["a", "r", 10, 60], ["b", "r", 20, 90]), "r 0-20, b 20-90, r 90-100");
});

test("it goes down into what ends last", () => {
  assert.equal(pathOf(["r", null, 0, 100], ["a", "r", 0, 100], ["a1", "a", 0, 30], ["a2", "a", 30, 100]), "a1 0-30, a2 30-100");
});

test("a child that outlives its parent counts until the parent's end, one that began before from its start", () => {
  assert.equal(pathOf(["r", null, 10, 100], ["a", "r", 50, 200], ["b", "r", 11, 40]), "r 10-11, b 11-40, r 40-50, a 50-100".replace(/\d+-\d+/g, (range) => range.split("-").map((at) => at - 10).join("-")));
  assert.equal(pathOf(["early", "r", 0, 50], ["r", null, 10, 100]), "early 10-50, r 50-100");
});

test("overlap of two that both could matter: the one before is not on it", () => {
  assert.equal(pathOf(["r", null, 0, 100], ["a", "r", 0, 50], ["b", "r", 40, 100]), "r 0-40, b 40-100");
});

test("what cannot be said is said", () => {
  assert.equal(pathOf(["deadbeef00", null, 0]), "span deadbeef has not ended");
  assert.equal(pathOf(["deadbeef00", null, 5, 5]), "span deadbeef takes no time");
});

test("lines that would touch are one, and none is drawn outside", () => {
  const scale = { width: 100, at: (nanos) => nanos / 10 - 50 };
  assert.deepEqual(linesOf([{ from: 0, to: 400 }, { from: 500, to: 700 }, { from: 704, to: 900 }, { from: 1600, to: 1700 }], scale), [[0, 40]]);
  assert.deepEqual([...partsByRow([{ row: 1, from: 0, to: 1 }, { row: 1, from: 2, to: 3 }]).get(1)], [{ from: 0, to: 1 }, { from: 2, to: 3 }]);
});
