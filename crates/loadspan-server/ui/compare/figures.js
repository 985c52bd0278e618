// Which figures runs are compared by, and where the spread of each comes from. No DOM.

import { supports } from "../charts/scale.js";
import { distributionOf, figureOf, quantilesOf, valueOf, withheldOf } from "../run/figures.js";
import { differenceOf, differenceOfShares, spreadOfQuantile, spreadOfSections, spreadOfShare } from "./spread.js";

/** A run is cut into so many sections, if each has enough requests for a 99th percentile; else into fewer. */
const SECTIONS = 16;
const FEWEST = 5;
const FOR_P99 = 110;

export function sectionsFor(requests) {
  const room = Math.floor(requests / FOR_P99);
  return room >= FEWEST ? Math.min(SECTIONS, room) : SECTIONS;
}

/** The rows of the table; `section` is the figure of a section, `q` a percentile of the list of that name. */
export const COMPARED = [
  { name: "request_throughput", section: ({ columns }, at) => (columns.ended[at] - (columns.failed[at] ?? 0)) / columns.seconds[at] },
  { name: "output_token_throughput", section: ({ columns }, at) => columns.output_tokens[at] / columns.seconds[at] },
  { name: "goodput", good: true },
  { name: "time_to_first_token.p50", list: "ttft", q: 0.5 },
  { name: "time_to_first_token.p99", list: "ttft", q: 0.99 },
  { name: "inter_token_latency.p50", list: "chunk", q: 0.5 },
  { name: "inter_token_latency.p99", list: "chunk", q: 0.99 },
  { name: "request_latency.p50", list: "duration", q: 0.5 },
  { name: "request_latency.p99", list: "duration", q: 0.99 },
  { name: "output_token_throughput_per_user.p50" },
  { name: "request_error_rate", shares: true },
];

/** `TTFT p99`, with its unit and direction. */
export function titleOf(name) {
  const { name: title, short, unit, better, statistic, means } = figureOf(name);
  return { title: statistic ? `${short ?? title} ${statistic.replace("_", ".")}` : title, unit, better, means };
}

/** A figure of a run with half of its 95 % interval, as a share: `{ value, spread }`, or why it is `withheld`. */
export function measured(run, figure) {
  const why = withheldOf(figure.name, distributionOf(run, figure.name.split(".")[0])?.count);
  return why ? { value: null, spread: null, withheld: why } : { value: valueOf(run, figure.name), spread: spreadOf(run, figure) };
}

function spreadOf(run, figure) {
  if (figure.good) return spreadOfGoodput(run);
  // Few sections may be alike by chance, and few requests are never certain: the larger of both counts.
  const known = [spreadFromSections(run, figure), spreadFromRequests(run, figure)].filter((spread) => spread !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

function spreadFromSections({ sections, sectionCount }, figure) {
  if (!sections || !(figure.section || figure.list)) return null;
  const places = Array.from({ length: Math.min(sectionCount, sections.count) }, (_, at) => at).filter((at) => sections.columns.seconds[at] > 0);
  return spreadOfSections(places.map((at) => (figure.section ? figure.section(sections, at) : sectionQuantile(sections, figure, at))));
}

function spreadFromRequests(run, figure) {
  const [key] = figure.name.split(".");
  const { statistic } = figureOf(figure.name);
  const spread = statistic && distributionOf(run, key);
  const q = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 }[statistic];
  return spread && q ? spreadOfQuantile(quantilesOf(spread), q, spread.count) : null;
}

/** Goodput is throughput times the share that was good: both vary. */
function spreadOfGoodput(run) {
  const [good, of] = [run.metrics["goodput.good"], run.metrics["goodput.of"]];
  const throughput = spreadOf(run, COMPARED[0]);
  const share = spreadOfShare(good / of, of);
  return throughput === null || share === null ? null : Math.hypot(throughput, share);
}

/** A percentile of a section, if the section has enough requests for it. */
function sectionQuantile({ columns }, { list, q }, at) {
  const name = `p${q * 100}`;
  return supports(columns[list].n[at], q) !== "none" ? columns[list][name][at] : null;
}

/** Each figure that one of the runs has, with how each run differs from the baseline. */
export function compared(runs, base) {
  return COMPARED.map((figure) => {
    const cells = runs.map((run) => ({ run, ...measured(run, figure) }));
    const own = cells.find(({ run }) => run.id === base.id);
    return { figure, ...titleOf(figure.name), cells: cells.map((cell) => ({ ...cell, difference: cell === own ? null : difference({ figure, own, cell }) })) };
  }).filter(({ cells }) => cells.some(({ value }) => value !== null));
}

function difference({ figure, own, cell }) {
  if (figure.shares) return differenceOfShares({ base: failures(own.run), other: failures(cell.run) });
  const found = differenceOf({ base: own, other: cell, better: figureOf(figure.name).better });
  if (!found) return null;
  // What an invalid run says is no ground for calling it better or worse.
  if ([own.run, cell.run].some(({ verdict }) => verdict === "invalid" || verdict === "failed")) return { ...found, reading: "untrusted" };
  return RATES.includes(figure.name) && asksForAnotherRate(own.run, cell.run) ? { ...found, reading: "load" } : found;
}

function failures({ metrics }) {
  const [failed, completed] = [metrics["requests.failed"] ?? 0, metrics["requests.completed"] ?? 0];
  return { hits: failed, count: failed + completed };
}

/** What runs with a rate of their own are given rather than reach. */
const RATES = ["request_throughput", "output_token_throughput"];

/** Whether runs differ in how many requests a second were asked for. */
function asksForAnotherRate({ params: a }, { params: b }) {
  const isRate = (load) => /req\/s/.test(load ?? "");
  return a.load !== b.load && (isRate(a.load) || isRate(b.load));
}

/** What a reading is called. */
export const READINGS = {
  better: "better",
  worse: "worse",
  different: "different",
  load: "follows the load asked for",
  none: "no clear difference",
  unknown: "spread not known",
  untrusted: "not judged: a run is invalid",
};
