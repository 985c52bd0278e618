// How figures are written, each exactly.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, bytes, count, delta, duration, number, plainLine, share, time } from "../ui/format.js";

const THIN = "\u2009";

test("durations have three digits and the unit in which they read best, and are never cut off", () => {
  for (const [seconds, text] of [
    [0, "0 s"],
    [0.0009, "900 µs"],
    [0.0009995, "1.00 ms"],
    [0.00099949, "999 µs"],
    [1e-9, "1.00 ns"],
    [9.99, "9.99 s"],
    [59.94, "59.9 s"],
    [59.96, "1 m 00 s"],
    [125, "2 m 05 s"],
    [3600, "1 h 00 m"],
    [-0.0012, "−1.20 ms"],
    [Number.NaN, "–"],
    [null, "–"],
  ]) {
    assert.equal(duration(seconds), text);
  }
});

test("numbers have three digits, their groups set apart, and a true minus", () => {
  for (const [value, text] of [
    [0, "0"],
    [1234, `1${THIN}234`],
    [0.001234, "0.00123"],
    [41_250, `41${THIN}250`],
    [1e15, `1${THIN}000${THIN}T`],
    [2 ** 63 - 1, `9${THIN}223${THIN}372${THIN}T`],
    [-3.14159, "−3.14"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
    [Number.NaN, "–"],
    [undefined, "–"],
  ]) {
    assert.equal(number(value), text);
  }
});

test("counts are whole up to a million", () => {
  assert.deepEqual([count(12_480), count(999_999), count(1_200_000), count(null)], [`12${THIN}480`, `999${THIN}999`, `1.20${THIN}M`, "–"]);
});

test("shares have one digit, and below a thousandth they are counts", () => {
  assert.deepEqual([share(0.1234), share(0), share(-0.0004), share(0.0002, { of: 12_480 }), share(Number.NaN)], ["12.3 %", "0.0 %", "0.0 %", `2 of 12${THIN}480`, "–"]);
});

test("differences have a sign, and above the double they are factors", () => {
  assert.deepEqual([delta(112.3, 100), delta(99.6, 100), delta(210, 100), delta(1, 0), delta(100, 100)], ["+12 %", "−0.4 %", "×2.1", "–", "+0.0 %"]);
});

test("bytes are counted in powers of 1024", () => {
  assert.deepEqual([bytes(0), bytes(1023), bytes(1536), bytes(5 * 1024 ** 3)], ["0 B", `1${THIN}023 B`, "1.50 KiB", "5.00 GiB"]);
});

test("each time has its zone", () => {
  const at = Date.UTC(2026, 10, 20, 16, 24, 44, 123);
  assert.equal(time(at, { utc: true }), "2026-11-20 16:24:44 UTC");
  assert.equal(time(at, { utc: true, millis: true }), "2026-11-20 16:24:44.123 UTC");
  assert.match(time(at), / UTC([+−]\d\d:\d\d)?$/);
  assert.equal(time(null), "–");
  assert.equal(ago(at - 130_000, at), "2 min ago");
});

test("signs that nobody sees, or that turn the text around, are spelt out", () => {
  assert.equal(plainLine("a\u202eb\u0000c\nd"), "a\\u{202e}b\\u{0}c\\u{a}d");
  assert.equal(plainLine("<script>"), "<script>");
});
