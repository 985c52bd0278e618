// Half an hour of a live run in a quarter of a minute: what the page keeps of it.

import { makeExperiment, makeRun } from "./fixtures/runs.mjs";
import { must, settled } from "./harness.mjs";

const MINUTES = 30;
const MOST_MIB = 5;

export const checks = [{ name: `18 ${MINUTES} min live (its updates in quick succession): at most ${MOST_MIB} MiB more memory`, run: grows }];

/** A stream of events that a script feeds. */
function feedByScript() {
  globalThis.EventSource = class extends EventTarget {
    static latest = null;
    constructor() {
      super();
      globalThis.EventSource.latest = this;
    }
    close() {}
  };
  const list = (length, value) => Array.from({ length }, value);
  const spread = (length) => {
    const around = () => 0.05 + Math.random() * 0.01;
    return { n: list(length, () => 60), p50: list(length, around), p90: list(length, around), p95: list(length, around), p99: list(length, () => null), max: list(length, around) };
  };
  /** What the server says after so many seconds: the last two of them. */
  const frameAt = (second) => {
    const first = Math.max(0, second - 2);
    const length = second - first;
    const counts = (value) => list(length, () => value);
    const total = { elapsed_ms: second * 1000, ended: second * 60, failed: 0, input_tokens: second * 1000, output_tokens: second * 960, ...Object.fromEntries(["duration", "ttft", "chunk"].map((name) => [name, { n: second * 60, p50: 0.05, p90: 0.06, p95: 0.06, p99: 0.07, max: 0.1 + Math.random() }])) };
    const windows = { start_ms: list(length, (_, at) => (first + at) * 1000), ended: counts(60), failed: counts(0), sent: counts(60), seconds: counts(1), input_tokens: counts(1000), output_tokens: counts(960), in_flight: counts(7), duration: spread(length), ttft: spread(length), chunk: spread(length) };
    return { seq: second, status: "RUNNING", source: "points", width_ms: 1000, from_ms: first * 1000, complete_until_ms: (second - 1) * 1000, windows, total };
  };
  globalThis.__feed = async (from, until) => {
    for (let second = from; second <= until; second += 1) {
      globalThis.EventSource.latest.dispatchEvent(new MessageEvent("windows", { data: JSON.stringify(frameAt(second)) }));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  };
}

async function grows(kit) {
  const experiment = await makeExperiment(kit.api, `half an hour ${Date.now()}`);
  const id = await makeRun(kit.api, { experiment, name: "half an hour", start: Date.now() - 5000, end: null, params: { benchmark_duration_s: MINUTES * 60 } });
  kit.later(() => kit.api.post("/api/2.0/mlflow/runs/update", { run_id: id, status: "KILLED", end_time: Date.now() }));
  const context = await kit.context();
  await context.addInitScript(feedByScript);
  const page = await kit.open(`/runs/${id}?w=1`, { context });
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await settled(page);
    await session.send("HeapProfiler.collectGarbage");
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
  };
  await page.evaluate(() => globalThis.__feed(2, 90));
  must((await page.locator("main figure canvas").count()) > 0, "no chart is drawn");
  const before = await used();
  await page.evaluate((seconds) => globalThis.__feed(91, seconds), MINUTES * 60);
  const after = await used();
  // Figures follow half a second later.
  await page.waitForTimeout(700);
  const text = await page.getByRole("region", { name: "Verdict and figures" }).innerText();
  must(text.replace(/\s/g, "").includes(`${MINUTES * 60 * 60}`), () => `the page does not show ${MINUTES * 60 * 60} requests: ${text.slice(0, 200)}`);
  must(after - before <= MOST_MIB, `from ${before.toFixed(1)} to ${after.toFixed(1)} MiB`);
  return `from ${before.toFixed(1)} to ${after.toFixed(1)} MiB`;
}
