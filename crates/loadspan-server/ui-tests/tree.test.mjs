import assert from "node:assert/strict";
import test from "node:test";
import { ODD, clockMs, nanosSince, rootOf, treeOf } from "../ui/trace/tree.js";
import { oneLevelLess, oneLevelMore, opened, placeOf, siblings, visibleRows, withAncestors, withChildren } from "../ui/trace/rows.js";
import { skeletonOf } from "./skeleton.mjs";

test("parents stand before their children, siblings by start, and subtrees together", () => {
  const tree = treeOf(skeletonOf(["r", null, 0, 100], ["a", "r", 1, 50], ["b", "r", 2, 60], ["a1", "a", 3, 40], ["b1", "b", 4, 50]));
  assert.deepEqual(tree.id, ["r", "a", "a1", "b", "b1"]);
  assert.deepEqual([...tree.end], [5, 3, 3, 5, 5]);
  assert.deepEqual([...tree.depth], [0, 1, 2, 1, 2]);
  assert.deepEqual([...tree.parent], [-1, 0, 1, 0, 3]);
});

test("time that children cover is not the span's own, and overlaps count once", () => {
  const tree = treeOf(skeletonOf(["r", null, 0, 100], ["a", "r", 10, 50], ["b", "r", 30, 60], ["c", "r", 90, 200]));
  assert.deepEqual([...tree.self], [40, 40, 30, 110]);
  assert.equal(tree.total, 200);
});

test("a span whose parent is missing is a root that says so", () => {
  const tree = treeOf(skeletonOf(["r", null, 0, 100], ["x", "gone", 1, 2]));
  assert.deepEqual([...tree.parent], [-1, -1]);
  assert.equal(tree.odd[1], ODD.orphan);
  assert.equal(rootOf(tree), 0);
});

test("a circle is cut at its earliest span, and a span may be its own parent", () => {
  const tree = treeOf(skeletonOf(["a", "c", 1, 9], ["b", "a", 2, 9], ["c", "b", 3, 9], ["s", "s", 4, 5], ["under", "c", 5, 6]));
  assert.deepEqual(tree.id, ["a", "b", "c", "under", "s"]);
  assert.deepEqual([...tree.odd], [ODD.cycle, 0, 0, 0, ODD.cycle]);
});

test("spans without an end, of no length, and before their parents are shown as they are", () => {
  const tree = treeOf(skeletonOf(["early", "r", 5, 20], ["r", null, 10, 30], ["none", "r", 12, 12], ["open", "r", 15]));
  assert.deepEqual(tree.id, ["r", "early", "none", "open"]);
  assert.deepEqual([...tree.odd], [0, ODD.early, 0, ODD.unended]);
  assert.deepEqual([...tree.duration], [20, 15, 0, 0]);
  assert.deepEqual([...tree.start], [5, 0, 7, 10]);
});

test("a span that ends before it starts has no length, and says by how much", () => {
  const tree = treeOf(skeletonOf(["r", null, 0, 100], ["back", "r", 50, 20]));
  assert.deepEqual([tree.duration[1], tree.odd[1], tree.backward.get(1)], [0, ODD.backward, 30]);
  const least = treeOf(skeletonOf(["r", null, 1, 0]));
  assert.deepEqual([least.odd[0], least.backward.get(0)], [ODD.backward, 1]);
});

test("what nothing is said of is told from what is", () => {
  const tree = treeOf(skeletonOf(["r", null, 0, 100], ["a", "r", 1, 2, { service: "api", model: "m", input: 5, cost: 0.5 }]));
  assert.deepEqual(
    [0, 1].map((row) => [tree.services[tree.service[row]], tree.models[tree.model[row]], tree.inputTokens[row], tree.outputTokens[row], tree.cost[row], tree.type[row]]),
    [["", undefined, null, null, null, ""], ["api", "m", 5, null, 0.5, ""]],
  );
});

test("a chain of ten thousand is no deeper than the stack", () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => [`s${i}`, i ? `s${i - 1}` : null, i, 50_000 - i]);
  const tree = treeOf(skeletonOf(...chain));
  assert.equal(tree.depth[9999], 9999);
  assert.equal(tree.end[0], 10_000);
});

test("33,000 spans become a tree, of which all that is open is to be seen", () => {
  const many = Array.from({ length: 33_000 }, (_, i) => [`s${i}`, i ? `s${Math.floor((i - 1) / 3)}` : null, i, 100_000]);
  const tree = treeOf(skeletonOf(...many));
  assert.equal(tree.size, 33_000);
  assert.equal(visibleRows(tree).length, 33_000);
});

test("nanoseconds beyond what a double holds keep their last digit", () => {
  assert.equal(nanosSince("1795313635844095033", 1_795_313_635), 844_095_033);
  assert.equal(nanosSince("1000", 0), 1000);
  const tree = treeOf(skeletonOf(["r", null, 844_095_033, 900_000_000]));
  assert.equal(clockMs(tree, 0), 1_795_313_635_844.095_033);
});

test("nothing at all is a tree, too", () => {
  const tree = treeOf(skeletonOf());
  assert.equal(tree.size, 0);
  assert.equal(visibleRows(tree).length, 0);
});

const family = treeOf(skeletonOf(["r", null, 0, 100], ["a", "r", 1, 50], ["a1", "a", 2, 40], ["a2", "a", 3, 40], ["b", "r", 60, 80], ["b1", "b", 61, 62]));

test("what is collapsed hides what is below it, and all comes back", () => {
  assert.deepEqual([...visibleRows(family, { collapsed: new Set([1]) })], [0, 1, 4, 5]);
  assert.deepEqual([...visibleRows(family, { collapsed: new Set(withChildren(family)) })], [0]);
  assert.equal(visibleRows(family, { collapsed: new Set() }).length, 6);
  assert.deepEqual([...visibleRows(family, { root: 1 })], [1, 2, 3]);
});

test("only matches keeps what stands above them", () => {
  assert.deepEqual([...visibleRows(family, { kept: withAncestors(family, [3]) })], [0, 1, 3]);
});

test("levels close from below and open from above", () => {
  const less = oneLevelLess(family, new Set());
  assert.deepEqual([...less].sort(), [1, 4]);
  const least = oneLevelLess(family, less);
  assert.deepEqual([...least].sort(), [0, 1, 4]);
  assert.deepEqual([...oneLevelMore(family, least)].sort(), [1, 4]);
  assert.deepEqual([...opened(family, least, 3)], [4]);
});

test("a row is found among the visible ones, and among its siblings", () => {
  const rows = visibleRows(family, { collapsed: new Set([1]) });
  assert.equal(placeOf(rows, 4), 2);
  assert.equal(placeOf(rows, 2), -1);
  assert.deepEqual(siblings(family)(4), [2, 2]);
});
