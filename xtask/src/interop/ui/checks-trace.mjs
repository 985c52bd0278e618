// A trace of 33,000 spans: how soon it can be used, what it asks for, how it scrolls; and traces that no client should send.

import { LARGE } from "./fixtures/traces.mjs";
import { tracePath } from "./fixtures/spans.mjs";
import { best, inTime, ms, must, percentile, settled } from "./harness.mjs";

export const checks = [
  { name: "5 33 000 spans can be used within 1 s (best of 3): at most 80 rows, one request for the skeleton, none for attributes", run: opens },
  { name: "5 a span that is selected shows its detail within 100 ms of the server's answer (best of 3)", run: selects },
  { name: "6 scrolling over 33 000 spans: 95 of 100 frames within 33 ms (best of 2)", run: scrolls },
  { name: "7 collapse all, then expand all gives 33 000 rows again", run: collapses },
  { name: "8 a cycle, a missing parent, no and negative time, 10 000 levels, 1 ns, another clock: shown, each with its mark", run: odd },
  { name: "33 000 spans take at most 150 MiB of memory", run: memory },
];

const ROWS = "[role=treegrid] [role=row][data-row]";

/** When the rows are there and the page answers, in milliseconds from the beginning of the navigation. */
function usable(page) {
  return page.evaluate(
    async ([rows, all]) => {
      const isThere = () => Number(document.querySelector("[role=treegrid]")?.getAttribute("aria-rowcount")) > all && document.querySelectorAll(rows).length > 10;
      while (!isThere()) {
        if (performance.now() > 20_000) throw new Error(`no ${all} rows after 20 s`);
        await new Promise(requestAnimationFrame);
      }
      // The frame with the rows is painted, and whatever kept the page busy is over.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return performance.now();
    },
    [ROWS, LARGE],
  );
}

async function opens(kit) {
  const mounted = [];
  const figure = await best(
    3,
    async () => {
      const page = await kit.open(tracePath(kit.data.large.trace), { ready: false });
      const at = await usable(page);
      await settled(page);
      mounted.push(await page.locator(ROWS).count());
      const own = kit.asked.filter((path) => path.includes(kit.data.large.id) && path.startsWith("/api/"));
      kit.asked.length = 0;
      const skeletons = own.filter((path) => path.includes("/skeleton"));
      must(skeletons.length === 1, () => `${skeletons.length} requests for the skeleton, of ${own.length}: ${own.slice(0, 5).join(" ")}`);
      const details = own.filter((path) => /\/spans\/[0-9a-f]{16}/.test(path));
      must(details.length === 0, () => `spans are asked for before one is selected: ${details[0]}`);
      await page.context().close();
      return at;
    },
    1000,
  );
  must(Math.max(...mounted) <= 80, `${Math.max(...mounted)} rows are mounted`);
  return inTime(figure, 1000, `${ms(figure)}, ${Math.max(...mounted)} rows mounted`);
}

async function selects(kit) {
  const page = await kit.open(tracePath(kit.data.large.trace));
  const seen = [];
  for (const place of [4, 7, 11]) {
    seen.push(
      await page.evaluate(
        async ([rows, at]) => {
          const row = [...document.querySelectorAll(rows)][at];
          const name = row.querySelector("[role=gridcell]").innerText;
          performance.clearResourceTimings();
          row.click();
          const answered = () => performance.getEntriesByType("resource").find((entry) => /\/spans\/[0-9a-f]{16}/.test(entry.name))?.responseEnd;
          for (;;) {
            const detail = document.querySelector("aside [role=tabpanel], [role=complementary] [role=tabpanel]");
            if (answered() && detail && detail.innerText.trim().length > 0) return performance.now() - answered();
            if (performance.now() > 50_000) throw new Error(`no detail of ${name}`);
            await new Promise(requestAnimationFrame);
          }
        },
        [ROWS, place],
      ),
    );
    await settled(page);
    await page.keyboard.press("Escape");
    await settled(page);
  }
  const figure = Math.min(...seen);
  return inTime(figure, 100, seen.map(ms).join(", "));
}

async function scrolls(kit) {
  const page = await kit.open(tracePath(kit.data.large.trace));
  const measure = async () => percentile(await page.evaluate(framesWhileScrolling), 0.95);
  const figure = await best(2, measure, 33.4);
  return inTime(figure, 33.4, `95 of 100 frames within ${ms(figure)}`);
}

/** Milliseconds between the frames of two seconds and a half in which the whole trace goes by. */
async function framesWhileScrolling() {
  const box = document.querySelector("[role=treegrid]");
  box.scrollTop = 0;
  const frames = [];
  const seconds = 2.5;
  const started = performance.now();
  let last = started;
  for (;;) {
    const now = await new Promise(requestAnimationFrame);
    if (last !== started) frames.push(now - last);
    last = now;
    const share = (now - started) / (seconds * 1000);
    if (share >= 1) return frames;
    box.scrollTop = share * (box.scrollHeight - box.clientHeight);
  }
}

async function collapses(kit) {
  const page = await kit.open(tracePath(kit.data.large.trace));
  const grid = page.getByRole("treegrid");
  const rows = async () => Number(await grid.getAttribute("aria-rowcount")) - 1;
  must((await rows()) === LARGE, `${await rows()} rows at first`);
  const collapse = page.getByRole("button", { name: "Collapse all" });
  await collapse.click();
  await settled(page);
  must((await rows()) === 1, `${await rows()} rows when all is collapsed`);
  await page.getByRole("button", { name: "Expand all" }).click();
  await settled(page);
  must((await rows()) === LARGE, `${await rows()} rows when all is expanded again`);
  const bottom = await grid.evaluate(async (box) => {
    box.scrollTop = box.scrollHeight;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return Math.max(...[...box.querySelectorAll("[role=row][aria-rowindex]")].map((row) => Number(row.getAttribute("aria-rowindex"))));
  });
  must(bottom === LARGE + 1, `the last row is the ${bottom}th`);
}

async function odd(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  for (const { trace, says, spans } of kit.data.odd) {
    await kit.visit(page, tracePath(trace));
    await kit.collect();
    for (const fault of kit.takeFaults()) wrong.push(`${trace}: ${fault}`);
    const grid = page.getByRole("treegrid");
    const rows = (await grid.count()) > 0 ? Number(await grid.getAttribute("aria-rowcount")) - 1 : 0;
    if (rows !== spans) wrong.push(`${trace}: ${rows} rows of ${spans}`);
    if (trace === "deep") await grid.evaluate((box) => (box.scrollTop = box.scrollHeight));
    await settled(page);
    const text = rows > 0 ? await grid.innerText() : "";
    if (!new RegExp(says, "i").test(text)) wrong.push(`${trace}: nothing like ${says} in: ${text.replace(/\s+/g, " ").slice(0, 160)}`);
    // A bar that is nowhere cannot be found.
    const bars = await page.locator(`${ROWS} .bar`).evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().width));
    if (bars.some((width) => !(width >= 1))) wrong.push(`${trace}: a bar of ${Math.min(...bars)} px`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${kit.data.odd.length} traces`;
}

async function memory(kit) {
  const page = await kit.open(tracePath(kit.data.large.trace));
  await usable(page);
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const figure = usedSize / 2 ** 20;
  must(figure <= 150, `${figure.toFixed(0)} MiB`);
  return `${figure.toFixed(0)} MiB of scripts' memory`;
}
