// The columns of the table of runs: what they are called, which unit and direction they have, which of them are shown. No DOM.

import { DISTRIBUTIONS, SINGLES, figureOf } from "../run/figures.js";
import { NOTHING, delta, number, plainLine, unitOf } from "../format.js";

/** What a table shows until somebody chooses, as far as runs have it. */
const USUAL = [
  "metrics.request_throughput",
  "metrics.output_token_throughput",
  "metrics.time_to_first_token.p50",
  "metrics.time_to_first_token.p99",
  "metrics.inter_token_latency.p99",
  "metrics.request_latency.p99",
  "metrics.request_error_rate",
  "params.model",
  "params.load",
];

/** Where none of these is known, so many metrics and parameters of those that runs have. */
const METRICS = 5;
const PARAMS = 3;

/** Most columns that one may choose: the server gives 64, and the page needs some itself. */
export const MOST_COLUMNS = 48;

const KNOWN = new Set([...DISTRIBUTIONS, ...SINGLES].map(({ key }) => key));

/** `metrics.time_to_first_token.p99` in parts: `{ column, kind, key, name, unit, better, means }`. */
export function describe(column) {
  const at = column.indexOf(".");
  const [kind, key] = [column.slice(0, at), column.slice(at + 1)];
  const figure = kind === "metrics" && KNOWN.has(key.split(".")[0]) ? figureOf(key) : null;
  if (!figure) return { column, kind, key, name: plainLine(key), unit: null, better: null, means: null };
  const title = figure.short ?? figure.name;
  const name = figure.statistic ? `${title} ${figure.statistic.replace("_", ".")}` : title;
  return { column, kind, key, name, unit: figure.unit === name ? null : figure.unit, better: figure.better ?? null, means: figure.means };
}

/** What a table shows that nobody has chosen columns for: `known` are those that the latest runs have. */
export function usualColumns(known) {
  const there = new Set(known.map(({ kind, key }) => `${kind}.${key}`));
  const usual = USUAL.filter((column) => there.has(column));
  if (usual.some((column) => column.startsWith("metrics."))) return usual;
  const some = (kind, most) =>
    known
      .filter((column) => column.kind === kind && !/^(live\.|system\/)/.test(column.key))
      .sort((a, b) => b.runs - a.runs)
      .slice(0, most)
      .map(({ key }) => `${kind}.${key}`);
  return [...some("metrics", METRICS), ...some("params", PARAMS)];
}

/** Places of columns in which all runs say the same, or nothing. One run alone is like itself. */
export function alike(runs, columns) {
  if (runs.length < 2) return new Set();
  return new Set([...columns.keys()].filter((place) => runs.every(({ values }) => values[place] === runs[0].values[place])));
}

/** How the values of a column are written: in one unit, that of its median, and with their points below each other. */
export function writerOf(described, values) {
  if (described.kind !== "metrics") return { unit: null, write: (value) => (value === null ? NOTHING : plainLine(value)) };
  const scaled = described.unit === "ms" ? unitOf(median(values) / 1000) : null;
  const plain = (value) => {
    if (typeof value !== "number") return value === null ? NOTHING : String(value);
    return number(scaled ? value / 1000 / scaled.seconds : value);
  };
  const digits = Math.min(2, sampleOf(values).reduce((most, value) => Math.max(most, fraction(plain(value))), 0));
  return { unit: scaled?.name ?? described.unit, write: (value) => padded(plain(value), digits) };
}

/** So many values tell how a column is written. */
const SAMPLE = 300;

function sampleOf(values) {
  const step = Math.ceil(values.length / SAMPLE);
  return step <= 1 ? values : values.filter((_, place) => place % step === 0);
}

function fraction(text) {
  return /\.(\d+)$/.exec(text)?.[1].length ?? 0;
}

/** Room where others have digits: a space as wide as a digit, and one as wide as a point. */
function padded(text, digits) {
  if (!/^[−\d]/.test(text) || !/\d$/.test(text)) return text;
  const own = fraction(text);
  if (own >= digits) return text;
  return `${text}${own === 0 ? "\u2008" : ""}${"\u2007".repeat(digits - own)}`;
}

function median(values) {
  const known = Float64Array.from(values.filter((value) => typeof value === "number")).sort();
  return known.length > 0 ? known[Math.floor(known.length / 2)] : 0;
}

/** How a value differs from that of the baseline: `{ text, reading }`, where a direction is declared to be better; null for nothing. */
export function changeOf({ better }, value, base) {
  if (typeof value !== "number" || typeof base !== "number" || base === 0) return null;
  const text = delta(value, base);
  const same = value === base || /^[+−]0\.0 /.test(text);
  return { text, reading: !better || same ? "none" : value > base === (better === "higher") ? "better" : "worse" };
}

/** What the server is to sort by; null where it knows no such order. */
export function orderOf({ key, descending }) {
  const fixed = { started: "start_time", name: "run_name", verdict: "tags.verdict", slo: "metrics.good_request_fraction" }[key];
  const [, kind, rest] = /^(metrics|params|tags)\.(.+)$/s.exec(key) ?? [];
  const name = fixed ?? (kind && `${kind}.\`${rest.replaceAll("`", "")}\``);
  return name ? `${name} ${descending ? "DESC" : "ASC"}` : null;
}
