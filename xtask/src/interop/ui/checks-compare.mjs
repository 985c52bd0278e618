// Runs beside each other: what is alike is not called different, and what cannot be trusted is not called best.

import { inTime, must, settled } from "./harness.mjs";

export const checks = [
  { name: "24 210 pairs of runs that are alike: no clear difference in 95 of 100 figures", run: alike },
  { name: "24 an invalid run is hollow and off the frontier, however fast it was", run: invalid },
  { name: "a comparison of 21 runs is there within 2 s (best of 2)", run: many },
];

/** What is copied is kept for the check. */
function keepCopies() {
  // The empty page before the first one has no clipboard.
  if (navigator.clipboard) navigator.clipboard.writeText = async (text) => void (globalThis.__copied = text);
}

/** The readings of a comparison as Markdown: `[run, figure, text]`. */
function readingsOf(markdown) {
  const rows = markdown.split("\n\n")[0].split("\n").map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
  const [head, , ...body] = rows;
  return body.flatMap(([figure, ...cells]) => cells.map((text, place) => [head[place + 1], figure, text]));
}

async function alike(kit) {
  const ids = kit.data.alike;
  const context = await kit.context();
  await context.addInitScript(keepCopies);
  const page = await kit.open(`/compare?runs=${ids.slice(0, 2)}`, { context });
  const words = await page.getByRole("region", { name: "Differences" }).innerText();
  must(/no clear difference/i.test(words), "the table of two runs that are alike does not say so");
  await kit.visit(page, `/compare?runs=${ids}`);
  const counted = { none: 0, all: 0 };
  const others = new Map();
  for (let base = 0; base + 1 < ids.length; base += 1) {
    await page.evaluate((url) => {
      history.pushState(null, "", url);
      dispatchEvent(new PopStateEvent("popstate"));
    }, `/compare?runs=${ids}&base=${ids[base]}`);
    await settled(page, { quiet: 60 });
    await page.getByRole("button", { name: /Copy as Markdown/ }).click();
    const markdown = await page.waitForFunction(() => globalThis.__copied);
    // Of each pair one direction: the runs behind the baseline.
    const behind = ids.slice(base + 1).map((_, place) => `alike ${base + place + 2}`);
    for (const [run, figure, text] of readingsOf(await markdown.jsonValue())) {
      if (!behind.includes(run) || !/difference|better|worse|not known/i.test(text)) continue;
      counted.all += 1;
      if (/no clear diff/i.test(text)) counted.none += 1;
      else others.set(figure, (others.get(figure) ?? 0) + 1);
    }
    await page.evaluate(() => delete globalThis.__copied);
  }
  const pairs = (ids.length * (ids.length - 1)) / 2;
  must(counted.all >= pairs * 4, `only ${counted.all} figures of ${pairs} pairs were read`);
  const share = counted.none / counted.all;
  must(share >= 0.95, () => `${(share * 100).toFixed(1)} % of ${counted.all}; other readings: ${JSON.stringify([...others])}`);
  return `${(share * 100).toFixed(1)} % of ${counted.all} figures of ${pairs} pairs`;
}

async function invalid(kit) {
  const { valid, degraded, invalid: untrusted } = kit.data.judged;
  const page = await kit.open(`/compare?runs=${valid},${degraded},${untrusted}&x=request_throughput&y=time_to_first_token.p99`);
  const chart = page.getByRole("figure", { name: /Throughput and latency/ });
  await chart.getByRole("button", { name: /^Table/ }).click();
  const rows = await chart.getByRole("row").allInnerTexts();
  const row = (name) => rows.find((text) => text.includes(name)) ?? "";
  must(row("judged invalid") !== "", () => `the invalid run is not in the chart: ${rows.join("; ")}`);
  must(/\bno\b.*invalid/i.test(row("judged invalid").replace(/judged invalid/, "")), () => `the invalid run is not marked: ${row("judged invalid")}`);
  must(/\byes\b/.test(row("judged degraded")), () => `the best run that can be trusted is not on the frontier: ${row("judged degraded")}`);
  const text = await page.getByRole("region", { name: "Differences" }).innerText();
  must(/✕/.test(text) && /not judged|invalid/i.test(text), "the table of differences judges the invalid run");
}

async function many(kit) {
  const seen = [];
  for (let round = 0; round < 2; round += 1) {
    const page = await kit.open(`/compare?runs=${kit.data.alike}`, { ready: false });
    const at = await page.waitForFunction(() => document.querySelector("[role=region][aria-label=Differences] tbody tr") && performance.now(), null, { polling: "raf" });
    seen.push(await at.jsonValue());
    await page.context().close();
  }
  return inTime(Math.min(...seen), 2000);
}
