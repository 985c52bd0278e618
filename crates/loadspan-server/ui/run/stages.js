// The stages of a run: what was planned for each, when it was, and its figures. No DOM.

import { plainLine } from "../format.js";

/** What a run says of a stage: `stage.0.load`, `stage.0.request_latency.p99`. */
const OWN = /^stage\.(\d+)\.(.+)$/;

/**
 * The stages of a run that has several, else none: `{ number, name, role, load, from, measured, to, verdict, params, of }`. Times are seconds
 * of the run; while it goes on, those that were planned, and null where nobody knows. `of` has the figures, as a run has them.
 */
export function stagesOf(run) {
  const found = partsOf(run);
  for (const stage of run.summary?.stages ?? []) partOf(found, stage.number).summary = stage;
  if (found.size < 2) return [];
  let before = 0;
  return [...found.keys()]
    .sort((a, b) => a - b)
    .map((number) => {
      const stage = stageOf({ run, number, before, ...found.get(number) });
      before = stage.to;
      return stage;
    });
}

function partsOf(run) {
  const found = new Map();
  for (const kind of ["params", "metrics", "tags"]) {
    for (const [key, value] of Object.entries(run[kind] ?? {})) {
      const [, number, name] = OWN.exec(key) ?? [];
      if (number !== undefined) partOf(found, Number(number))[kind][name] = value;
    }
  }
  return found;
}

function partOf(found, number) {
  if (!found.has(number)) found.set(number, { params: {}, metrics: {}, tags: {}, summary: null });
  return found.get(number);
}

function stageOf({ run, number, before, params, metrics, tags, summary }) {
  const role = summary?.role ?? params.role ?? "measured";
  return {
    number,
    name: plainLine(summary?.name ?? params.name ?? `stage ${number}`),
    role,
    load: plainLine(summary?.load.description ?? params.load ?? ""),
    ...timesOf({ known: summary ?? metrics, params, before, live: run.live }),
    verdict: role === "warmup" ? null : (summary?.verdict?.status ?? tags.verdict ?? null),
    params,
    of: { summary, metrics },
  };
}

/** When it was, or while the run goes on, when it should be: after its pause, when the one before has had its time. */
function timesOf({ known, params, before, live }) {
  if (Number.isFinite(known.started_s)) return { from: known.started_s, measured: known.measured_from_s ?? null, to: known.ended_s ?? null };
  if (!live || before === null) return { from: null, measured: null, to: null };
  const from = before + (Number(params.pause_s) || 0);
  const lasts = Number(params.benchmark_duration_s);
  return { from, measured: null, to: lasts > 0 ? from + lasts : null };
}

/** The stage that the URL names by its number. */
export function stageIn(stages, text) {
  return stages.find(({ number, from }) => from !== null && String(number) === text) ?? null;
}

/** Seconds of a run that a stage has: all that ended in it. */
export function secondsOf({ from, to }, [, end]) {
  return [Math.floor(from * 1000) / 1000, to === null ? end : Math.ceil(to * 1000) / 1000];
}

/** How long a run should take: null where nobody knows. */
export function plannedOf(run) {
  const stages = stagesOf(run);
  return stages.length > 0 ? stages.at(-1).to : Number(run.params.benchmark_duration_s) || null;
}

/** A run with the figures of one of its stages instead of its own. */
export function narrowed(run, stage) {
  return stage ? { ...run, verdict: stage.verdict ?? run.verdict, ...stage.of } : run;
}
