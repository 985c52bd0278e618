// What a run's verdict rests on, and how it stands with its targets: sentences and figures, no DOM.

import { count, duration, share } from "../format.js";
import { figureOf } from "./figures.js";

/** A target is met when so many requests met it: then its 99th percentile is within the limit. */
const ENOUGH = 0.99;

/** Why a valid run can be trusted, in one line. */
export function groundsOf(run) {
  const { summary, metrics } = run;
  if (run.verdict === "nothing") return "No request was measured: there are no figures that could be trusted or not.";
  const [completed, total] = [metrics["requests.completed"], metrics["requests.total"]];
  const lag = workersWorst(summary, "loop_lag_p99_ms") ?? metrics["client.workers.0.loop_lag_p99_ms"];
  const busy = workersWorst(summary, "busy_share") ?? metrics["client.workers.0.busy_share"];
  const lost = metrics["client.records_lost"];
  return [
    Number.isFinite(completed) && `${count(completed)} of ${count(total)} requests completed`,
    Number.isFinite(lag) && `the client's loops ran late by ${duration(lag / 1000)} (p99)`,
    Number.isFinite(busy) && `busiest worker ${share(busy)}`,
    lost === 0 && "no records lost",
    summary?.steady_state?.absent && `no steady part: ${summary.steady_state.absent}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function workersWorst(summary, name) {
  const values = (summary?.client?.workers ?? []).map((worker) => worker[name]).filter(Number.isFinite);
  return values.length > 0 ? Math.max(...values) : undefined;
}

/** How a run ended that did not come to its planned end, in a sentence; null for one that did. */
export function endingOf({ status, tags, summary }) {
  const why = tags["incomplete.reason"] ?? (summary?.run?.completeness?.status === "incomplete" ? summary.run.completeness.reason : null);
  if (status === "KILLED") return `Stopped before its end${why ? `: ${why}` : ""}. The figures are of what was measured until then.`;
  if (why) return `Cut short: ${why}.`;
  if (status === "FAILED" && !tags.verdict) return "Whoever made this run says that it failed, and nothing else.";
  return null;
}

/** After so long without a request that ended, something may be wrong with what makes the load. */
const SILENT_MS = 60_000;

/**
 * A run that says it is running and of which nothing has come for long: `{ last, silent }`, when the last news came and how long ago, in ms.
 * Null while news come. `total` is what the server has counted: `elapsed_ms` is when the last request ended.
 */
export function silenceOf({ live, start }, total, now) {
  if (!live) return null;
  const last = start + (total?.elapsed_ms ?? 0);
  const slowest = (total?.duration?.max ?? 0) * 1000;
  const silent = now - last;
  return silent > SILENT_MS + 2 * slowest ? { last, silent } : null;
}

/** Reasons against a run, worst first: those of the summary, or the codes of the tag where there is none. */
export function reasonsOf(run) {
  if (run.summary?.verdict) return run.summary.verdict.reasons;
  const codes = run.tags["verdict.reasons"];
  return codes ? codes.split(",").map((code) => ({ code, message: code.trim().replaceAll("_", " ") })) : [];
}

/**
 * The targets of `--goodput`: `{ passed, good, of, targets: [{ key, name, unit, limit, met, share, passed, value }] }`, or null without any.
 */
export function sloOf(run) {
  const goodput = run.summary?.goodput;
  if (!goodput) return null;
  const targets = goodput.targets.map(({ metric, limit, met }) => {
    const figure = figureOf(metric);
    const part = goodput.of > 0 ? met / goodput.of : 0;
    return {
      key: metric,
      name: figure.short ?? figure.name,
      unit: figure.unit,
      sign: figure.better === "higher" ? "≥" : "≤",
      limit,
      share: part,
      passed: part >= ENOUGH,
      value: run.summary.metrics[metric]?.p99,
    };
  });
  return { good: goodput.good, of: goodput.of, targets, passed: targets.every(({ passed }) => passed) };
}

/** Limits that were asked for, also while the run goes on: the parameter has them as they were typed. */
export function limitsOf(run) {
  const typed = run.params.goodput ?? "";
  const limits = {};
  for (const [, metric, limit] of typed.matchAll(/([a-z_]+)\s*[:=<>≤≥]+\s*([\d.]+)/g)) limits[metric] = Number(limit);
  for (const { metric, limit } of run.summary?.goodput?.targets ?? []) limits[metric] = limit;
  return limits;
}
