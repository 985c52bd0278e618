// The stages of a run: what was planned for each, when it was, and its figures. No DOM.

import { plainLine } from "../format.js";

/** What a run says of a stage: `stage.0.load`, `stage.0.request_latency.p99`. */
const OWN = /^stage\.(\d+)\.(.+)$/;

/**
 * The stages of a run that has several, else none: `{ number, name, role, load, from, measured, to, planned, running, verdict, params, of }`.
 * Times are seconds of the run, null where nobody knows; those of a stage that is still to come are `planned`. `of` has the figures, as a run has them.
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
    ...timesOf({ known: summary ?? metrics, tags, params, before, live: run.live }),
    verdict: role === "warmup" ? null : (summary?.verdict?.status ?? tags.verdict ?? null),
    params,
    of: { summary, metrics },
  };
}

/** How many requests of it failed. Those of a warm-up are not counted, which is not to say that there were none. */
export function failedOf({ role, of }) {
  return role === "warmup" ? null : (of.summary?.counts.failed ?? of.metrics["requests.failed"] ?? null);
}

/**
 * When it was: by its figures, or by its tags, which are there while the run goes on. Of what is still to come, when it should be: after its
 * pause, when the one before has had its time.
 */
function timesOf({ known, tags, params, before, live }) {
  const said = (name) => [known[name], Number(tags[name])].find(Number.isFinite) ?? null;
  const began = said("started_s");
  const from = began ?? (live && before !== null ? before + (Number(params.pause_s) || 0) : null);
  const lasts = Number(params.benchmark_duration_s);
  const ended = said("ended_s");
  const to = ended ?? (live && from !== null && lasts > 0 ? from + lasts : null);
  return { from, measured: said("measured_from_s"), to, planned: began === null, running: live && began !== null && ended === null };
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
