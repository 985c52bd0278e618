// Axes: steps, ticks, growth, and how many values a percentile needs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { SteadyRange, linearTicks, logRange, logTicks, nines, quantileName, snugRange, stepAbove, stepBelow, supports, tickText, timeTicks, withheld } from "../ui/charts/scale.js";

test("steps are 1, 2 and 5 of each power of ten", () => {
  assert.deepEqual([0.11, 1, 1.1, 3, 50, 51, 0].map(stepAbove), [0.2, 1, 2, 5, 50, 100, 1]);
  assert.deepEqual([0.11, 1, 1.9, 3, 50, 99].map(stepBelow), [0.1, 1, 1, 2, 50, 50]);
});

test("a logarithmic axis is never a hair's breadth", () => {
  assert.deepEqual(logRange([52, 76]), [50, 100]);
  const [low, high] = logRange([50, 50]);
  assert.ok(low < 50 && high > 50, `${low} to ${high}`);
});

test("an axis that stays ends at the next line", () => {
  assert.deepEqual(snugRange([0, 68]), [0, 80]);
  assert.deepEqual(snugRange([0, 2340]), [0, 2500]);
});

test("ticks of a narrow logarithmic axis stand at even distances", () => {
  assert.deepEqual(logTicks([1, 100]), [1, 2, 5, 10, 20, 50, 100]);
  assert.ok(logTicks([43, 83]).length >= 3);
  assert.deepEqual(logTicks([1, 1e6]).length, 7);
  assert.deepEqual(linearTicks([0, 100]), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(timeTicks([0, 60], 6), [0, 10, 20, 30, 40, 50, 60]);
});

test("figures of an axis have no zeros at their ends", () => {
  assert.deepEqual([5, 0.5, 100, 1500, 0, 12.5].map(tickText), ["5", "0.5", "100", "1\u2009500", "0", "12.5"]);
});

test("an axis grows at once and becomes shorter after ten seconds", () => {
  const steady = new SteadyRange();
  assert.deepEqual(steady.next([0, 100], 0), [0, 100]);
  assert.deepEqual(steady.next([0, 200], 1000), [0, 200]);
  assert.deepEqual(steady.next([0, 50], 2000), [0, 200]);
  assert.deepEqual(steady.next([0, 50], 11_900), [0, 200]);
  assert.deepEqual(steady.next([0, 50], 12_000), [0, 50]);
});

test("a percentile needs a value beyond it, and hangs on few while there are fewer than ten", () => {
  assert.equal(supports(99, 0.99), "none");
  assert.equal(supports(100, 0.99), "few");
  assert.equal(supports(999, 0.99), "few");
  assert.equal(supports(1000, 0.99), "enough");
  assert.equal(supports(0, 0.5), "none");
  assert.equal(supports(1, 0.5), "none");
});

test("nines", () => {
  assert.equal(nines(0), -0);
  assert.ok(Math.abs(nines(0.99) - 2) < 1e-9);
  assert.deepEqual([0.5, 0.999, 0.9999].map(quantileName), ["p50", "p99.9", "p99.99"]);
});

test("a percentile that is not shown says why", () => {
  assert.equal(withheld(0.99, 99), "p99 needs 100 values; there are 99");
  assert.equal(withheld(0.999, 1), "p99.9 needs 1000 values; there is 1");
  assert.deepEqual([withheld(0.99, 100), withheld(0.5, 2), withheld(0.99, undefined)], [null, null, null]);
});
