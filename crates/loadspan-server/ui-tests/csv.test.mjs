// CSV: full precision out, quotes in, and no formulas.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCsv, toCsv } from "../ui/charts/csv.js";

test("figures keep their precision, and what is missing is empty", () => {
  const columns = [
    { name: "s", values: [0.1, 2] },
    { name: "p99, ms", values: [76.22709, null] },
  ];
  assert.equal(toCsv(columns), 's,"p99, ms"\n0.1,76.22709\n2,\n');
});

test("text that a spreadsheet would run is quoted, numbers are not", () => {
  assert.equal(toCsv([{ name: "n", values: ["=1+1", "@x", "-a", -5] }]), "n\n'=1+1\n'@x\n'-a\n-5\n");
});

test("what was written can be read", () => {
  assert.deepEqual(parseCsv('a,"b ""c"", d"\r\n1,"x\ny"\n'), [["a", 'b "c", d'], ["1", "x\ny"]]);
  assert.deepEqual(parseCsv("a\nb\nc\n", 2), [["a"], ["b"]]);
});
