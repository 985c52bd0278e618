// A run of `loadspan profile` that goes on while checks look at it: one for all of them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { profileArguments } from "./fixtures.mjs";

/** Longer than all checks that look at it together; they end it. */
const SECONDS = 180;
const RATE = 60;

let running = null;

/** The run, which is started when there is none. */
export async function liveRun(kit) {
  if (running && running.process.exitCode === null) return running;
  const name = `live-${Date.now()}`;
  const flags = ["--request-rate", String(RATE), "--benchmark-duration", String(SECONDS)];
  const child = spawn(kit.config.loadspan, profileArguments(kit.config, { name, mock: kit.config.mock, flags }), { stdio: "ignore" });
  running = { process: child, id: await idOf(kit.api, name, child) };
  return running;
}

/** What Ctrl-C does. */
export async function endLiveRun() {
  const run = running;
  running = null;
  if (!run || run.process.exitCode !== null) return;
  run.process.kill("SIGINT");
  await once(run.process, "exit");
}

async function idOf(api, name, child) {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
    const id = await find(api, name);
    if (id) return id;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("loadspan profile makes no run");
}

async function find(api, name) {
  const { experiments } = await api.get("/api/2.0/mlflow/experiments/search", { max_results: 1000 });
  const { runs = [] } = await api.post("/api/2.0/mlflow/runs/search", { experiment_ids: experiments.map(({ experiment_id: id }) => id), filter: `attributes.run_name = '${name}'` });
  const run = runs[0];
  // With the first points there is something to see.
  return run?.data.metrics?.some(({ key }) => key.startsWith("live.gen_ai.")) ? run.info.run_id : null;
}
