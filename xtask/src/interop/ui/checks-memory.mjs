// An hour of a live run at 10 Hz, its updates as fast as the page takes them: what the page keeps of it.

import { makeExperiment, makeRun } from "./fixtures/runs.mjs";
import { must } from "./harness.mjs";

const HOUR_S = 3600;
/** Updates a second. */
const RATE = 10;
const UPDATES = HOUR_S * RATE;
/** Each update drawn by itself would take two minutes. */
const AT_ONCE = 8;
/** Requests a second. */
const LOAD = 60;
/** Memory is looked at after each tenth. What the first one leaves is what a page with charts needs. */
const PARTS = 10;
/** What may come after that: windows of nine tenths of an hour, and their lines in the charts, take a part of it. */
const MOST_MIB = 2;
/** Elements, and what listens to them, by the browser's count: those of a word more or less. */
const MOST_NODES = 100;

export const checks = [{ name: `18 an hour live at 10 Hz (${UPDATES} updates in quick succession): at most ${MOST_MIB} MiB more memory after the first tenth`, run: grows, limit: 120_000 }];

/** A stream of events that a script feeds: an update for each tenth of a second, as the server words it. */
function feedByScript({ load, rate, atOnce }) {
  globalThis.EventSource = class extends EventTarget {
    static latest = null;
    constructor(url) {
      super();
      this.width = Number(new URL(url).searchParams.get("width_ms"));
      globalThis.EventSource.latest = this;
    }
    close() {}
  };
  const list = (length, value) => Array.from({ length }, () => value());
  const quantiles = { p50: 0.05, p90: 0.06, p95: 0.07, p99: 0.08, max: 0.1 };
  const spread = (length, count) => ({ n: list(length, () => count), ...Object.fromEntries(Object.entries(quantiles).map(([name, least]) => [name, list(length, () => least + Math.random() * 0.01)])) });
  /** All of the run after so many milliseconds. */
  const totalOf = (elapsed) => {
    const ended = Math.floor((elapsed * load) / 1000);
    const spreads = ["duration", "ttft", "chunk"].map((name) => [name, { n: ended, ...quantiles, max: 0.1 + elapsed / 1e7 }]);
    return { elapsed_ms: elapsed, ended, failed: 0, input_tokens: ended * 16, output_tokens: ended * 16, ...Object.fromEntries(spreads) };
  };
  /** The window that goes on, and the one before it. */
  const frameOf = (seq, width) => {
    const elapsed = (seq * 1000) / rate;
    const first = Math.max(0, Math.ceil(elapsed / width) - 2);
    const length = Math.ceil(elapsed / width) - first;
    const count = (load * width) / 1000;
    const counts = (value) => list(length, () => value);
    const windows = { start_ms: Array.from({ length }, (_, at) => (first + at) * width), ended: counts(count), failed: counts(0), sent: counts(count), seconds: counts(width / 1000), input_tokens: counts(count * 16), output_tokens: counts(count * 16), in_flight: counts(7), duration: spread(length, count), ttft: spread(length, count), chunk: spread(length, count) };
    return { seq, status: "RUNNING", source: "points", width_ms: width, from_ms: first * width, complete_until_ms: Math.floor(elapsed / width) * width, windows, total: totalOf(elapsed) };
  };
  /** Some updates at once, as after a moment in which the machine was busy: each is put in, and then all are drawn when the browser lets the page. */
  globalThis.__feed = async (from, until) => {
    const { port1, port2 } = new MessageChannel();
    for (let seq = from; seq <= until; seq += 1) {
      const { latest } = globalThis.EventSource;
      latest.dispatchEvent(new MessageEvent("windows", { data: JSON.stringify(frameOf(seq, latest.width)) }));
      if (seq % atOnce !== 0) continue;
      await new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(0);
      });
    }
    port1.close();
  };
}

async function openFed(kit) {
  const experiment = await makeExperiment(kit.api, `an hour ${Date.now()}`);
  const id = await makeRun(kit.api, { experiment, name: "an hour", start: Date.now() - 5000, end: null, params: { benchmark_duration_s: HOUR_S, request_rate: LOAD } });
  kit.later(() => kit.api.post("/api/2.0/mlflow/runs/update", { run_id: id, status: "KILLED", end_time: Date.now() }));
  const context = await kit.context();
  await context.addInitScript(feedByScript, { load: LOAD, rate: RATE, atOnce: AT_ONCE });
  return kit.open(`/runs/${id}?rate=${RATE}`, { context });
}

async function grows(kit) {
  const page = await openFed(kit);
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    // Figures follow half a second later.
    await page.waitForTimeout(700);
    await session.send("HeapProfiler.collectGarbage");
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
    return { mib: usedSize / 2 ** 20, nodes: nodes + jsEventListeners };
  };
  const seen = [];
  for (let part = 0; part < PARTS; part += 1) {
    const [from, until] = [part, part + 1].map((at) => (at * UPDATES) / PARTS);
    await page.evaluate(([first, last]) => globalThis.__feed(first, last), [from + 1, until]);
    seen.push(await used());
  }
  must((await page.locator("main figure canvas").count()) > 0, "no chart is drawn");
  const text = await page.getByRole("region", { name: "Verdict and figures" }).innerText();
  must(text.replace(/\D/g, "").includes(`${HOUR_S * LOAD}`), () => `the page does not show ${HOUR_S * LOAD} requests: ${text.slice(0, 200)}`);
  const growth = (what) => Math.max(...seen.map((one) => one[what])) - seen[0][what];
  const said = `${seen.map(({ mib }) => mib.toFixed(1)).join(" ")} MiB, ${growth("nodes")} more nodes and listeners`;
  must(growth("mib") <= MOST_MIB && growth("nodes") <= MOST_NODES, said);
  return said;
}
