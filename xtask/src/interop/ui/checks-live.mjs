// A run while it goes on: how often and how calmly the page shows it, what a broken stream does, and many tabs at once.

import { inTime, ms, must, settled } from "./harness.mjs";
import { endLiveRun, liveRun } from "./live-run.mjs";
import { Relay } from "./relay.mjs";

const WATCHED_S = 30;
const SERVER = /What did the server have to do/;

export const checks = [
  { name: `14 live at 10 Hz for ${WATCHED_S} s: nothing shifts, charts keep their place, at least 9 drawings and at most 2 changes of figures a second`, run: watches },
  { name: "14 a viewer on the machine of the load gets 1 Hz, is told so, and may choose 10 Hz", run: usual },
  { name: "15 a part that is picked while the run goes on stays as it is for 5 s; Back to live shows all again", run: brush },
  { name: "16 a broken stream is said within 1.5 s, and is taken up without a gap", run: broken },
  { name: "17 eight tabs, seven of them hidden (by script): each is answered within 1 s", run: tabs },
  { name: "what the server under test says of itself is drawn while the run goes on, as far as the requests are", run: observed },
  { name: "the end of a run is seen: its verdict takes the place of the progress, and charts stay where they are", run: ends },
];

/** Notes drawings of the first chart, where it is, changes of the figures, and shifts. */
function watch() {
  const figure = document.querySelector("main figure canvas").closest("figure");
  const seen = { shift: 0, draws: [], changes: [], boxes: [] };
  globalThis.__live = seen;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => !entry.hadRecentInput && (seen.shift += entry.value))).observe({ type: "layout-shift" });
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (figure.contains(this.canvas)) note(seen.draws, 5);
    return clear.apply(this, box);
  };
  const figures = document.querySelector("main [aria-label='Verdict and figures'] dl");
  new MutationObserver(() => note(seen.changes, 40)).observe(figures, { subtree: true, childList: true, characterData: true });
  setInterval(() => {
    const { left, top, height } = figure.querySelector("canvas").getBoundingClientRect();
    seen.boxes.push([left, top + scrollY, height].map(Math.round).join());
  }, 250);

  function note(list, apart) {
    const now = performance.now();
    if (!(now - list.at(-1) < apart)) list.push(now);
  }
}

async function open(kit, query, options) {
  const run = await liveRun(kit);
  const page = await kit.open(`/runs/${run.id}${query}`, { ready: false, ...options });
  await page.locator("main figure canvas").first().waitFor();
  return page;
}

async function watches(kit) {
  const page = await open(kit, "?rate=10&w=1");
  await page.waitForTimeout(2500);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
  await page.evaluate(watch);
  const before = await busy();
  await page.waitForTimeout(WATCHED_S * 1000);
  const spent = (await busy()) - before;
  const { shift, draws, changes, boxes } = await page.evaluate(() => globalThis.__live);
  const [drawn, changed] = [draws.length / WATCHED_S, changes.length / WATCHED_S];
  const said = `${drawn.toFixed(1)} drawings and ${changed.toFixed(2)} changes a second, shift ${shift.toFixed(4)}, ${((spent / WATCHED_S) * 100).toFixed(0)} % of a core`;
  must(shift === 0, `things shift: ${said}`);
  must(new Set(boxes).size === 1, () => `a chart moves: ${[...new Set(boxes)].join(" ")}`);
  must(changed > 0.5 && changed <= 2.1, said);
  return inTime(1000 / drawn, 1000 / 9, said);
}

async function usual(kit) {
  const page = await open(kit, "");
  await page.getByText(/1 Hz: this browser.*shares? the machine with the load test/).waitFor();
  const streams = () => kit.asked.filter((path) => path.includes("/events?")).map((path) => new URLSearchParams(path.split("?")[1]).get("rate"));
  must(streams().at(-1) === "1", `the stream is asked for at ${streams().at(-1)} Hz`);
  await page.getByRole("combobox").filter({ has: page.getByRole("option", { name: "10 Hz" }) }).selectOption("10");
  await page.waitForURL(/[?&]rate=10/);
  await page.waitForTimeout(500);
  must(streams().at(-1) === "10", `the stream is asked for at ${streams().at(-1)} Hz`);
  await page.getByText(/shares? the machine with the load test/).waitFor({ state: "hidden" });
}

async function brush(kit) {
  const page = await open(kit, "?rate=10");
  await page.waitForTimeout(1500);
  const box = await page.locator("main figure .u-over").first().boundingBox();
  const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
  await page.mouse.move(...at(0.02));
  await page.mouse.down();
  await page.mouse.move(...at(0.1), { steps: 4 });
  await page.mouse.move(...at(0.3), { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/[?&]t=/);
  const range = () => new URL(page.url()).searchParams.get("t");
  const picked = range();
  await page.waitForTimeout(5000);
  must(range() === picked, `${picked} has become ${range()}`);
  const back = page.getByRole("button", { name: "Back to live" });
  await back.click();
  must(range() === null, `after Back to live the address has t=${range()}`);
  return `${picked} s`;
}

/** Notes what comes over streams of events. */
function noteFrames() {
  const Native = globalThis.EventSource;
  globalThis.__frames = [];
  globalThis.EventSource = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("windows", ({ data }) => {
        const { seq, from_ms: from, width_ms: width, windows } = JSON.parse(data);
        globalThis.__frames.push({ seq, from: from ?? 0, until: (from ?? 0) + windows.start_ms.length * width });
      });
    }
  };
}

async function broken(kit) {
  kit.expect(/^console: Failed to load resource: net::ERR_/);
  const relay = await Relay.to(kit.config.page);
  kit.later(() => relay.close());
  kit.config.origins.push(relay.url);
  const context = await kit.context();
  await context.addInitScript(noteFrames);
  const page = await open(kit, "?rate=10&w=1", { context, origin: relay.url });
  await page.waitForFunction(() => globalThis.__frames.length > 5);
  const before = await page.evaluate(() => globalThis.__frames.length);
  relay.cut();
  const cutAt = Date.now();
  await page.getByText(/Live view disconnected at .*The run goes on/).waitFor({ timeout: 5000 });
  const said = Date.now() - cutAt;
  must(/Reconnecting/.test(await page.locator("main").innerText()), "nothing says when it is tried again");
  await page.waitForTimeout(2500);
  relay.mend();
  await page.getByRole("button", { name: "Now", exact: true }).click();
  await page.getByText(/Live view disconnected/).waitFor({ state: "detached", timeout: 5000 });
  await page.waitForFunction((count) => globalThis.__frames.length > count + 5, before);
  const frames = await page.evaluate(() => globalThis.__frames);
  for (const [place, frame] of frames.entries()) {
    const last = frames[place - 1];
    if (!last) continue;
    must(frame.seq > last.seq, `update ${frame.seq} comes after ${last.seq}`);
    must(frame.from <= last.until, `after ${last.until} ms the next update begins at ${frame.from} ms`);
  }
  return inTime(said, 1500, `said after ${ms(said)}`);
}

/** Lets a script say whether the tab is hidden: a headless browser has no tabs in front of others. */
function hideByScript() {
  let isHidden = false;
  Object.defineProperty(Document.prototype, "hidden", { get: () => isHidden });
  Object.defineProperty(Document.prototype, "visibilityState", { get: () => (isHidden ? "hidden" : "visible") });
  globalThis.__hide = () => {
    isHidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

async function tabs(kit) {
  const { id } = await liveRun(kit);
  const context = await kit.context();
  await context.addInitScript(hideByScript);
  const pages = [];
  for (let tab = 0; tab < 8; tab += 1) {
    const page = await kit.open(`/runs/${id}`, { context, ready: false });
    await page.locator("main figure canvas").first().waitFor();
    pages.push(page);
    if (tab < 7) await page.evaluate(() => globalThis.__hide());
  }
  const waits = await Promise.all(
    pages.map((page) =>
      page.evaluate(async () => {
        const started = performance.now();
        await (await fetch("/version")).text();
        return performance.now() - started;
      }),
    ),
  );
  return inTime(Math.max(...waits), 1000, `the slowest ${ms(Math.max(...waits))}`);
}

/** The table of the chart of what the server said: it grows by a row with each sample. */
async function observed(kit) {
  const page = await open(kit, "");
  const chart = page.getByRole("figure", { name: SERVER });
  await chart.locator("canvas").first().waitFor({ timeout: 10_000 });
  await chart.getByRole("button", { name: /^Table/ }).click();
  // A longer table has pages, and says of how many rows.
  const rows = async () => {
    const pages = await chart.locator(".pages span").allInnerTexts();
    return pages.length > 0 ? Number(pages[0].split(" of ")[1].replace(/\D/g, "")) : chart.getByRole("row").count();
  };
  const before = await rows();
  await page.waitForTimeout(4000);
  const after = await rows();
  must(after > before, () => `after 4 s the table has ${after} rows, as many as before`);
  return `${after - before} samples in 4 s`;
}

async function ends(kit) {
  const page = await open(kit, "?rate=10");
  const titles = () => page.locator("main .charts:not(.distributions) figure [id$=-title]").allInnerTexts();
  await page.getByRole("figure", { name: SERVER }).locator("canvas").first().waitFor({ timeout: 10_000 });
  await page.waitForTimeout(1500);
  const drawn = await titles();
  await page.evaluate(watch);
  const focused = await page.evaluate(() => document.activeElement.tagName);
  await endLiveRun();
  await page.getByRole("region", { name: "Verdict and figures" }).getByText(/valid|degraded|invalid|failed/).first().waitFor({ timeout: 15_000 });
  await settled(page);
  const { boxes } = await page.evaluate(() => globalThis.__live);
  must(new Set(boxes).size <= 1, () => `a chart moves: ${[...new Set(boxes)].join(" ")}`);
  must((await page.evaluate(() => document.activeElement.tagName)) === focused, "the focus has moved");
  await page.getByRole("figure", { name: "Was the client healthy?" }).waitFor({ timeout: 15_000 });
  const left = await titles();
  must(left.slice(0, drawn.length).join() === drawn.join(), () => `the charts were ${drawn.join(" ")}, and are ${left.join(" ")}`);
  const told = await page.locator("[role=status]").allInnerTexts();
  must(told.some((text) => /run is over/i.test(text)), () => `nothing is announced: ${told.filter(Boolean).join("; ")}`);
}
