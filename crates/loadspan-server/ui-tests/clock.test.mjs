import assert from "node:assert/strict";
import test from "node:test";
import { movedBy, shiftsOf } from "../ui/trace/clock.js";
import { totalsOf } from "../ui/trace/totals.js";
import { ODD, treeOf } from "../ui/trace/tree.js";
import { wayBack } from "../ui/trace/way-back.js";
import { skeletonOf } from "./skeleton.mjs";

const of = (service) => ({ service });

test("a service whose clock is behind is moved until none of its spans starts before its parent", () => {
  const skeleton = skeletonOf(["r", null, 1000, 5000, of("a")], ["b", "r", 800, 3000, of("b")], ["b1", "b", 900, 1000, of("b")], ["c", "b", 700, 2000, of("c")], ["d", "r", 4000, 4500, of("d")]);
  const raw = treeOf(skeleton);
  assert.equal(raw.odd[raw.row.get("b")], ODD.early);
  const tree = treeOf(skeleton, shiftsOf(raw));
  assert.deepEqual(movedBy(tree), [{ service: "c", by: 300 }, { service: "b", by: 200 }]);
  assert.deepEqual(["r", "b", "b1", "c", "d"].map((id) => tree.start[tree.row.get(id)]), [0, 0, 100, 0, 3000]);
  assert.deepEqual([tree.base.nanos, tree.total, [...tree.odd].some(Boolean)], [1000, 4000, false]);
});

test("the order of siblings follows the times that are shown", () => {
  const skeleton = skeletonOf(["r", null, 100, 500, of("a")], ["late", "r", 50, 90, of("b")], ["first", "r", 99, 200, of("a")], ["b2", "r", 350, 360, of("b")]);
  const raw = treeOf(skeleton);
  assert.deepEqual(raw.id, ["r", "late", "first", "b2"]);
  assert.deepEqual(treeOf(skeleton, shiftsOf(raw)).id, ["r", "first", "late", "b2"]);
});

test("nothing is moved where clocks agree, within one service, or where services contradict each other", () => {
  assert.equal(shiftsOf(treeOf(skeletonOf(["r", null, 0, 9, of("a")], ["b", "r", 1, 20, of("b")]))), null);
  assert.equal(shiftsOf(treeOf(skeletonOf(["r", null, 5, 9, of("a")], ["b", "r", 1, 8, of("a")]))), null);
  const round = skeletonOf(["r", null, 0, 90, of("a")], ["b", "r", 1, 80, of("b")], ["c", "b", 0, 70, of("c")], ["b2", "c", -5, 60, of("b")]);
  assert.equal(shiftsOf(treeOf(round)), null);
  assert.equal(shiftsOf(treeOf(skeletonOf())), null);
});

test("what a trace came to is the server's word, else the sum of the calls that repeat nothing", () => {
  const llm = (input, output, more) => ({ model: "m", input, output, ...more });
  const tree = treeOf(skeletonOf(["agent", null, 0, 90, llm(30, 3, { model: undefined })], ["one", "agent", 1, 5, llm(10, 1, { cost: 0.5 })], ["two", "agent", 6, 9, llm(20, 2, { model: "n" })]));
  const unknown = { inputTokens: null, outputTokens: null, cost: null };
  assert.deepEqual(totalsOf(tree, unknown), { inputTokens: 30, outputTokens: 3, cost: 0.5, models: ["m", "n"] });
  assert.equal(totalsOf(tree, { ...unknown, inputTokens: 7 }).inputTokens, 7);
  assert.deepEqual(totalsOf(treeOf(skeletonOf(["r", null, 0, 1])), unknown), { inputTokens: null, outputTokens: null, cost: null, models: [] });
});

test("one goes back to pages of this server only", () => {
  const back = (from) => wayBack(from, "http://127.0.0.1:5000");
  assert.deepEqual(back("/runs/ab12?t=1-2"), { to: "/runs/ab12?t=1-2", name: "the run" });
  assert.deepEqual(back("/traces?q=a%3D1"), { to: "/traces?q=a%3D1", name: "the search" });
  for (const from of [null, "", "//evil.example/runs/1", "/\\evil.example/runs/1", "https://evil.example/runs/1", "javascript:alert(1)", "/api/3.0/x", "/runs/../api/x"]) assert.equal(back(from), null);
});
