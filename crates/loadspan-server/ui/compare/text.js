// Differences in words and as Markdown. No DOM.

import { NOTHING, count, number, plainLine } from "../format.js";
import { verdictWord } from "../parts/verdict.js";
import { READINGS } from "./figures.js";

const MINUS = "−";

/** +12.3 %, −4.0 %, +310 %, +4.7 pp: the same form as the interval beside it. */
export function changeText({ change, points }) {
  return `${signed(change * 100)} ${points ? "pp" : "%"}`;
}

function signed(value) {
  const size = Math.abs(value);
  const text = size < 99.95 ? size.toFixed(1) : count(Math.round(size));
  return `${value < 0 && Number(text) !== 0 ? MINUS : "+"}${text}`;
}

/** The 95 % interval, or nothing. */
export function intervalText({ low, high, points }) {
  if (low === null || low === undefined) return "";
  return `${signed(low * 100)} … ${signed(high * 100)} ${points ? "pp" : "%"}`;
}

/** Half of the interval, where there is little room. */
export function halfText({ low, high, points }) {
  if (low === null || low === undefined) return "";
  return `${signed(((high - low) / 2) * 100).slice(1)}${points ? " pp" : ""}`;
}

function cell(text) {
  return String(text).replace(/[\\|`*_[\]<>#]/g, "\\$&").replace(/\s+/g, " ");
}

/** The comparison, to be pasted where Markdown is read. */
export function markdownOf({ runs, base, rows, params, url }) {
  const head = ["Figure", ...runs.map((run) => `${cell(plainLine(run.name))}${run === base ? " (baseline)" : ""}`)];
  const table = [head, head.map((_, at) => (at === 0 ? "---" : "---:"))];
  table.push(["Verdict", ...runs.map(({ verdict }) => verdictWord(verdict))]);
  for (const { title, unit, cells } of rows) table.push([`${cell(title)}${unit ? `, ${unit}` : ""}`, ...cells.map(cellText)]);
  const lines = table.map((row) => `| ${row.join(" | ")} |`);
  const differing = params.differing.map(({ name, values }) => `| ${[cell(name), ...values.map((value) => cell(value === null ? NOTHING : plainLine(value)))].join(" | ")} |`);
  const settings = differing.length > 0 ? ["", `| Parameter | ${head.slice(1).join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...differing] : [];
  return [...lines, ...settings, "", `95 % intervals from sections of each run. ${params.equal} parameters are equal. ${url}`, ""].join("\n");
}

function cellText({ value, difference, run }) {
  if (value === null) return NOTHING;
  const mark = run.verdict === "invalid" ? " (invalid)" : "";
  if (!difference) return `${number(value)}${mark}`;
  const interval = intervalText(difference);
  return `${number(value)}${mark}, ${changeText(difference)}${interval && ` (${interval})`}: ${READINGS[difference.reading]}`;
}
