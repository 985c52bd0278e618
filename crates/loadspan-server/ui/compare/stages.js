// Runs with stages in a comparison: each stage is a point, and stages of different runs lie on each other. No DOM.

import { plainLine } from "../format.js";
import { stagesOf } from "../run/stages.js";

/** Runs as points of throughput and latency: of one with several stages each that was measured, since what they have in common is no load. */
export function pointsOf(runs) {
  return runs.flatMap((run) => {
    const own = stagesOf(run).filter(({ role, of }) => role === "measured" && hasFigures(of));
    return own.length > 0 ? own.map((stage) => pointOf(run, stage)) : [{ ...run, url: `/runs/${run.id}` }];
  });
}

function pointOf(run, { number, name, verdict, params, of }) {
  return {
    ...run,
    ...of,
    id: `${run.id} ${number}`,
    url: `/runs/${run.id}?stage=${number}`,
    name: `${plainLine(run.name)}, ${name}`,
    label: name,
    group: run.id,
    params,
    verdict: verdict ?? run.verdict,
    sections: null,
  };
}

function hasFigures({ summary, metrics }) {
  return summary !== null || metrics["requests.completed"] !== undefined;
}

/** Whether stages of the run are known and their figures are not: those are in its summary. */
export function lacksFigures(run) {
  const stages = stagesOf(run);
  return stages.length > 0 && !stages.some(({ of }) => hasFigures(of));
}

/** The second of a run that stands at a second of the baseline, when their stages of one name begin together; null between stages. */
export function secondAt({ base, own, second }) {
  const there = base.find(({ from, to }) => from !== null && second >= from && second < (to ?? Infinity));
  const here = there && own.find(({ name, from }) => name === there.name && from !== null);
  const found = here ? here.from + second - there.from : null;
  return found !== null && found < (here.to ?? Infinity) ? found : null;
}
