// Whether figures on the page are those of the requests: percentiles, a short spike, few requests, and how numbers are written.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SPIKE } from "./fixtures.mjs";
import { quantileOf } from "./fixtures/runs.mjs";
import { must } from "./harness.mjs";
import { skyline } from "./pixels.mjs";

export const checks = [
  { name: "19 ten seconds of standstill among 120 000 requests are to be seen at every zoom", run: spike },
  { name: "20 p99 of the page is that of all requests in the range, of the whole run and of parts of it, never a mean of percentiles", run: p99 },
  { name: "21 of 0, 1, 9 and 99 requests no percentile is shown that they do not support", run: few },
  { name: "31 numbers, durations, shares and times are written as they are to be", run: formats },
];

const TTFT = /first (token|chunk)/i;

async function spike(kit) {
  const page = await kit.open(`/runs/${kit.data.spike.id}`);
  const middle = (SPIKE.from + SPIKE.until) / 2;
  const wrong = [];
  const seen = [];
  for (const width of [SPIKE.seconds, 600, 300, 120, 60]) {
    const [from, to] = width === SPIKE.seconds ? [0, width] : [middle - width / 2, middle + width / 2];
    for (const scale of ["lin", "log"]) {
      await kit.visit(page, `/runs/${kit.data.spike.id}?t=${from}-${to}&scale=${scale}`);
      const chart = page.getByRole("figure", { name: TTFT }).first();
      await chart.locator("canvas").first().waitFor();
      const share = (seconds) => (seconds - from) / (to - from);
      const { inside, outside } = await chart.evaluate(skyline, { from: share(SPIKE.from), until: share(SPIKE.until) });
      seen.push(inside - outside);
      // Of the height of the chart: two seconds beside fifty milliseconds stand out, on any axis.
      if (inside < outside + 0.15) wrong.push(`${width} s, ${scale}: up to ${inside.toFixed(2)} of the height, beside it ${outside.toFixed(2)}`);
    }
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `at least ${(Math.min(...seen) * 100).toFixed(0)} % of the height above what is beside it`;
}

/** p99 in milliseconds, as the table of the percentile chart has it. */
async function p99At(kit, page, query) {
  await kit.visit(page, `/runs/${kit.data.spike.id}?dist=ttft${query}`);
  const chart = page.getByRole("figure", { name: /How slow are the slowest|Percentile/ }).first();
  await chart.waitFor();
  await chart.getByRole("button", { name: /^Table/ }).click();
  const row = chart.getByRole("row").filter({ has: page.getByRole("cell", { name: /^p?99$/ }) });
  return numberOf(await row.getByRole("cell").last().innerText());
}

function numberOf(text) {
  return Number(text.replace(/[\s\u2009\u202f\u00a0]/g, "").replace("−", "-").replace(/[^\d.e-].*$/, ""));
}

async function p99(kit) {
  const { requests, id } = kit.data.spike;
  const page = await kit.open(`/runs/${id}`);
  const within = (from, to) => requests.filter(({ ended }) => ended >= from * 1000 && ended < to * 1000).map(({ ttft }) => ttft * 1000);
  const wrong = [];
  const ranges = [[0, SPIKE.seconds], [690, 720], [600, 800], [100, 400]];
  for (const [from, to] of ranges) {
    const values = within(from, to);
    const exact = quantileOf(values, 0.99);
    const shown = await p99At(kit, page, from === 0 ? "" : `&t=${from}-${to}`);
    // Three digits are shown, and the server's buckets are finer than that.
    if (!(Math.abs(shown / exact - 1) <= 0.02)) wrong.push(`${from} to ${to} s: ${shown} instead of ${exact.toFixed(1)} of ${values.length} requests`);
    const served = await kit.api.get(`/api/3.0/loadspan/runs/${id}/distribution`, from === 0 ? {} : { from_ms: from * 1000, until_ms: to * 1000 });
    const at = served.ttft.quantiles.q.indexOf(0.99);
    if (!(Math.abs(shown / (served.ttft.quantiles.value[at] * 1000) - 1) <= 0.006)) wrong.push(`${from} to ${to} s: ${shown}, and the server says ${served.ttft.quantiles.value[at] * 1000}`);
  }
  await kit.visit(page, `/runs/${id}`);
  const head = await page.getByRole("region", { name: "Verdict and figures" }).innerText();
  const exact = quantileOf(within(0, SPIKE.seconds), 0.99);
  // The unit stands beside the name, or behind the figure.
  const first = /Time to first (?:token|chunk)(?:, (ms|s)\b)?[\s\S]*?p99\s*([\d.\u2009]+)\s*(ms|s)?\b/.exec(head);
  const headline = first && numberOf(first[2]) * ((first[1] ?? first[3]) === "s" ? 1000 : 1);
  if (!(Math.abs(headline / exact - 1) <= 0.02)) wrong.push(`headline: ${headline} instead of ${exact.toFixed(1)}`);
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${ranges.length} ranges`;
}

/** What may be shown of so many requests: percentile to "value", "few" or "none". */
const SUPPORT = {
  1: { p50: "none", p90: "none", p99: "none", "p99.9": "none" },
  9: { p50: "few", p90: "none", p99: "none", "p99.9": "none" },
  99: { p50: "value", p90: "few", p99: "none", "p99.9": "none" },
};

async function few(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  for (const { count, id } of kit.data.sized) {
    await kit.visit(page, `/runs/${id}`);
    const table = page.getByRole("region", { name: "Summary" }).getByRole("table");
    const head = page.getByRole("region", { name: "Verdict and figures" });
    const shown = /p99\s*([\d.]+)/.exec(await head.innerText());
    if (shown) wrong.push(`${count} requests: the headline has p99 ${shown[1]}`);
    if (count === 0) {
      if ((await page.locator("main canvas").count()) > 0) wrong.push("0 requests: there are charts");
      if (/NaN|undefined|null|Infinity/.test(await page.locator("main").innerText())) wrong.push("0 requests: something is no number");
      continue;
    }
    const names = (await table.getByRole("columnheader").allInnerTexts()).map((text) => text.trim());
    const row = table.getByRole("row").filter({ hasText: /^\s*(Time to first token|TTFT)/ }).first();
    const cells = await row.locator("th, td").allInnerTexts();
    for (const [name, support] of Object.entries(SUPPORT[count])) {
      const text = cells[names.indexOf(name)]?.trim() ?? "no cell";
      const is = /^–/.test(text) ? "none" : /few/.test(text) ? "few" : "value";
      if (is !== support) wrong.push(`${count} requests: ${name} is "${text}", not ${support}`);
      if (support === "none" && !text.includes(`n=${count}`)) wrong.push(`${count} requests: ${name} does not say how many there are`);
    }
  }
  must(wrong.length === 0, () => wrong.join("\n"));
}

async function formats(kit) {
  const format = await import(pathToFileURL(join(kit.config.source, "format.js")).href);
  const { number, count, duration, share, delta, bytes, time } = format;
  const thin = "\u2009";
  const table = [
    [number(0), "0"],
    [number(0.9), "0.900"],
    [number(9.99), "9.99"],
    [number(1e15), `1${thin}000${thin}T`],
    [number(NaN), "–"],
    [number(Infinity), "∞"],
    [number(-1234.5), `−1${thin}235`],
    [number(2 ** 63 - 1), `9${thin}223${thin}372${thin}T`],
    [count(999_999), `999${thin}999`],
    [count(0), "0"],
    [duration(0), "0 s"],
    [duration(0.0009), "900 µs"],
    [duration(0.0009999), "1.00 ms"],
    [duration(0.00099951), "1.00 ms"],
    [duration(0.0009994), "999 µs"],
    [duration(59.96), "1 m 00 s"],
    [duration(59.9), "59.9 s"],
    [duration(125), "2 m 05 s"],
    [duration(1e-9), "1.00 ns"],
    [duration(NaN), "–"],
    [share(-0.0004), "0.0 %"],
    [share(0.0004, { of: 12_480 }), `5 of 12${thin}480`],
    [share(0.021), "2.1 %"],
    [delta(123, 100), "+23 %"],
    [delta(97.9, 100), "−2.1 %"],
    [delta(210, 100), "×2.1"],
    [delta(1, 0), "–"],
    [bytes(1536), "1.50 KiB"],
    [time(0, { utc: true, millis: true }), "1970-01-01 00:00:00.000 UTC"],
    [time(Date.UTC(2026, 10, 20, 16, 24, 44, 123), { utc: true, millis: true }), "2026-11-20 16:24:44.123 UTC"],
    [time(NaN), "–"],
  ];
  const wrong = table.filter(([is, wanted]) => is !== wanted).map(([is, wanted]) => `${is} instead of ${wanted}`);
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${table.length} values`;
}
