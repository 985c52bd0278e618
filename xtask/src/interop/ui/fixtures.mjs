// What there is to be seen: made through the server's own interfaces, and by real runs of `loadspan profile`.

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Api } from "./api.mjs";
import { sendConversations } from "./fixtures/conversations.mjs";
import { sendHostile } from "./fixtures/hostile.mjs";
import { figuresOf, makeExperiment, makeManyRuns, makeMeasuredRun, makeRun, requestsOf } from "./fixtures/runs.mjs";
import { sendCriticalPaths, sendLargeTrace, sendMediumTrace, sendOddTraces, sendPhases, sendSessions, sendSmallTraces } from "./fixtures/traces.mjs";

export const MANY = 10_000;
export const WIDE = 400;
/** Seconds of the long run, its spike, and its requests. */
export const SPIKE = { seconds: 1200, from: 700, until: 710, count: 120_000 };
/** Runs that are alike: each pair of them is one without a difference. */
const ALIKE = 21;

/** All of it; `name` to what the checks have to know. */
export async function makeFixtures(api, config) {
  const base = Date.now() - 3_600_000;
  const [benchmarks, traces] = await Promise.all([profileRuns(config), makeTraces(api, base)]);
  const runs = await makeRuns(api, base);
  return { ...traces, ...runs, ...benchmarks };
}

async function makeTraces(api, base) {
  return {
    large: await sendLargeTrace(api, base),
    medium: await sendMediumTrace(api, base),
    odd: await sendOddTraces(api, base),
    paths: await sendCriticalPaths(api, base),
    phases: await sendPhases(api, base),
    small: await sendSmallTraces(api, base),
    session: await sendSessions(api, base),
    conversations: await sendConversations(api, base),
    hostile: await sendHostile(api, base),
  };
}

async function makeRuns(api, base) {
  const few = await makeExperiment(api, "few");
  const start = base - 7_200_000;
  const sized = [];
  for (const count of [0, 1, 9, 99]) {
    const requests = requestsOf({ count, seconds: 10, seed: count });
    sized.push({ count, id: await makeMeasuredRun(api, { experiment: few, name: `${count} requests`, start, seconds: 10, requests }) });
  }
  const params = { model: "qwen-32b", "dataset.hash": "sha256:one" };
  const judged = {};
  for (const [verdict, fast] of [["valid", 1], ["degraded", 1.1], ["invalid", 3]]) {
    const requests = requestsOf({ count: 2000, seconds: 20, seed: 5, ttft: 0.05 / fast });
    const figures = figuresOf(requests, 20);
    judged[verdict] = await makeRun(api, {
      experiment: few,
      name: `judged ${verdict}`,
      start,
      end: start + 20_000,
      params,
      tags: { verdict, "verdict.reasons": verdict === "valid" ? "" : "schedule_lag" },
      metrics: { ...figures, request_throughput: figures.request_throughput * fast, output_token_throughput: figures.output_token_throughput * fast },
    });
  }
  judged.failed = await makeRun(api, { experiment: few, name: "failed without a verdict", start, end: start + 3000, status: "FAILED", params });
  const parent = await makeRun(api, { experiment: few, name: "sweep of two", start, end: start + 60_000, params });
  for (const at of [1, 2]) await makeRun(api, { experiment: few, name: `point ${at} of the sweep`, start: start + at, end: start + 30_000, parent, tags: { verdict: "valid" }, params: { ...params, request_rate: at * 20 }, metrics: figuresOf(requestsOf({ count: 300, seconds: 10, seed: at }), 10) });
  return { few, sized, judged, parent, spike: await makeSpike(api, start), alike: await makeAlike(api, start), many: await makeMany(api, base) };
}

/** A long run in which the server stood still for ten seconds. */
async function makeSpike(api, start) {
  const inSpike = ({ ended }) => ended >= SPIKE.from * 1000 && ended < SPIKE.until * 1000;
  const change = (request) => (inSpike(request) ? { ...request, ttft: request.ttft + 2, duration: request.duration + 2 } : request);
  const requests = requestsOf({ count: SPIKE.count, seconds: SPIKE.seconds, seed: 19, change });
  const experiment = await makeExperiment(api, "spike");
  const id = await makeMeasuredRun(api, { experiment, name: "ten seconds of standstill", start, seconds: SPIKE.seconds, requests, curves: ["duration", "ttft"] });
  return { id, requests };
}

async function makeAlike(api, start) {
  const experiment = await makeExperiment(api, "alike");
  const ids = [];
  for (let place = 0; place < ALIKE; place += 1) {
    const requests = requestsOf({ count: 1600, seconds: 32, seed: 1000 + place });
    ids.push(await makeMeasuredRun(api, { experiment, name: `alike ${place + 1}`, start: start + place * 60_000, seconds: 32, requests, params: { model: "same" } }));
  }
  return ids;
}

async function makeMany(api, base) {
  const experiment = await makeExperiment(api, "many");
  await makeManyRuns(api, { experiment, count: MANY, params: WIDE, wide: 200, before: base });
  return { experiment, count: MANY };
}

/** Real runs: two that go well, one of which a third of the requests fails, and one of two stages. */
async function profileRuns(config) {
  const flags = ["--request-rate", "40", "--benchmark-duration", "8"];
  const healthy = await profile(config, { name: "healthy", mock: config.mock, flags: [...flags, "--goodput", "time_to_first_token:200"] });
  const again = await profile(config, { name: "again", mock: config.mock, flags });
  const failing = await profile(config, { name: "failing", mock: config.failing, flags });
  const staged = await profile(config, { name: "staged", mock: config.mock, flags: ["-f", await fileOfStages(config)] });
  return { profiled: { healthy, again, failing, staged } };
}

/** Two stages with a pause between them, which is longer than the windows of the charts. */
async function fileOfStages({ scratch }) {
  const file = join(scratch, "stages.yaml");
  await writeFile(file, "benchmark_duration: 4s\nstages:\n  - name: low\n    request_rate: 40\n  - name: high\n    request_rate: 80\n    pause: 3s\n");
  return file;
}

/** A command line of `loadspan profile` with everything sent to the server. */
export function profileArguments(config, { name, mock, flags }) {
  const url = config.page;
  return ["profile", "--url", mock, "--streaming", "--isl", "32", "--osl", "16", "--artifact-dir", join(config.scratch, `run-${name}`), "--mlflow-tracking-uri", url, "--mlflow-experiment", "benchmarks", "--mlflow-run-name", name, "--mlflow-traces", "--otel-url", url, ...flags];
}

async function profile(config, run) {
  const started = Date.now();
  // A run with failures has an exit code of its own: what counts is that it is there.
  await promisify(execFile)(config.loadspan, profileArguments(config, run), { timeout: 60_000 }).catch((error) => {
    if (error.killed || error.code === "ENOENT") throw error;
  });
  return idOfRun(config, run.name, started);
}

async function idOfRun(config, name, started) {
  const api = new Api(config.page);
  const { experiment } = await api.get("/api/2.0/mlflow/experiments/get-by-name", { experiment_name: "benchmarks" });
  const filter = `attributes.run_name = '${name}'`;
  const { runs = [] } = await api.post("/api/2.0/mlflow/runs/search", { experiment_ids: [experiment.experiment_id], filter });
  const found = runs.find(({ info }) => info.start_time >= started - 2000);
  if (!found) throw new Error(`loadspan profile made no run ${name}`);
  return found.info.run_id;
}
