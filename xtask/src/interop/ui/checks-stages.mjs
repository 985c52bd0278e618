// A run of several stages: each has a row, a band in the charts, figures of its own, and a point in a comparison.

import { must, settled } from "./harness.mjs";
import { grounds } from "./pixels.mjs";

export const checks = [
  { name: "stages: a row for each, a band for each in all charts, and a row shows its stage alone", run: rows },
  { name: "stages: each is a point of a comparison", run: points },
];

/** What the run says of its stages, `[{ name, from, to }]`. */
async function stagesOf(kit, id) {
  const { run } = await kit.api.get("/api/2.0/mlflow/runs/get", { run_id: id });
  const [params, metrics] = [run.data.params, run.data.metrics].map((list) => new Map(list.map(({ key, value }) => [key, value])));
  return [0, 1].map((number) => ({ name: params.get(`stage.${number}.name`), from: metrics.get(`stage.${number}.started_s`), to: metrics.get(`stage.${number}.ended_s`) }));
}

/** Seconds that the charts show, as the page says them. */
async function shownBy(page) {
  const [from, to] = (await page.locator(".run-controls .range").innerText()).match(/[\d.]+/g).map(Number);
  return { from, to };
}

async function rows(kit) {
  const [low, high] = await stagesOf(kit, kit.data.profiled.staged);
  const page = await kit.open(`/runs/${kit.data.profiled.staged}`);
  const table = page.getByRole("region", { name: "Figures of the stages" });
  const texts = await table.locator("tbody tr").allInnerTexts();
  must(texts.length === 3 && /^low\s/.test(texts[0]) && /^high\s/.test(texts[1]) && /^Whole run\s/.test(texts[2]), () => `rows: ${texts.join(" | ")}`);
  must(texts.every((text) => /valid|degraded|invalid/.test(text)), () => `not every row has a verdict: ${texts.join(" | ")}`);
  await banded(page, { low, high });
  await table.getByRole("button", { name: "high", exact: true }).click();
  await settled(page);
  must(new URL(page.url()).searchParams.get("stage") === "1", () => `a row leads to ${page.url()}`);
  await zoomed(page, high);
  await page.reload();
  await settled(page);
  await zoomed(page, high);
  // With the keyboard back to all of it.
  await table.getByRole("button", { name: "Whole run" }).press("Enter");
  await settled(page);
  must(!new URL(page.url()).searchParams.has("stage"), () => `all of the run is at ${page.url()}`);
}

/** Stages stand out from the pause between them, in every chart of the run. */
async function banded(page, { low, high }) {
  const { to: end } = await shownBy(page);
  // Where a stage has just begun, what is drawn in it is low.
  const places = [low.from + 0.2, (low.to + high.from) / 2, high.from + 0.2].map((second) => second / end);
  for (const figure of await page.locator("main .charts:not(.distributions) figure").all()) {
    const [first, pause, second] = await figure.evaluate(grounds, places);
    const title = (await figure.innerText()).split("\n")[0];
    must(first === second && first !== pause, () => `${title}: the grounds are ${first} in a stage, ${pause} in the pause, ${second} in the other stage`);
  }
}

async function zoomed(page, { name, from, to }) {
  const shown = await shownBy(page);
  must(Math.abs(shown.from - from) < 0.06 && Math.abs(shown.to - to) < 0.06, () => `${name} was from ${from} to ${to} s, and the charts show ${shown.from} to ${shown.to} s`);
  await page.getByRole("heading", { name: `Summary of stage ${name}` }).waitFor();
  const chosen = page.getByRole("region", { name: "Figures of the stages" }).getByRole("button", { pressed: true });
  must((await chosen.allInnerTexts()).join() === name, "its row is not marked");
}

async function points(kit) {
  const { staged, healthy } = kit.data.profiled;
  const page = await kit.open(`/compare?runs=${staged},${healthy}&x=request_throughput&y=request_latency.p50`);
  const chart = page.getByRole("figure", { name: /Throughput and latency/ });
  await chart.getByRole("button", { name: /^Table/ }).click();
  const names = (await chart.getByRole("row").allInnerTexts()).slice(1).map((text) => text.split("\t")[0].trim());
  must(names.length === 3 && names.some((name) => /, low$/.test(name)) && names.some((name) => /, high$/.test(name)), () => `the points are ${names.join("; ")}`);
  must((await page.getByLabel("Aligned by").count()) === 0, "stages can be aligned though only one run has some");
}
