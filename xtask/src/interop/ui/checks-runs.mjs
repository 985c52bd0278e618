// The table of runs: how soon it is there, how fast it is filtered, what it does with many parameters, and that lists are whole and in order.

import { best, inTime, ms, must, settled } from "./harness.mjs";
import { MANY, WIDE } from "./fixtures.mjs";

export const checks = [
  { name: "first page with figures within 300 ms of a cold cache (best of 3)", run: firstPage },
  { name: "23 all of 5 000 runs of 10 000, of which the newest have 400 parameters, within 500 ms (best of 3)", run: fiveThousand },
  { name: "23 chosen columns survive a reload and a new run", run: columnsSurvive },
  { name: "a filter over 10 000 runs shows the first rows of its result within 100 ms (best of 5)", run: filter },
  { name: "22 the slowest traces first is as a full sort of the store has it, and the count is the store's", run: slowestFirst },
];

/** When the table has so many rows, some of which are drawn, in milliseconds from the beginning of the navigation. */
async function rowsAt(page, least = 1) {
  const seen = await page.waitForFunction(
    (count) => {
      const grid = document.querySelector("main [role=grid]");
      return Number(grid?.getAttribute("aria-rowcount")) > count && grid.querySelectorAll("[role=row][aria-rowindex]").length > 1 && performance.now();
    },
    least,
    { polling: "raf" },
  );
  return seen.jsonValue();
}

async function firstPage(kit) {
  const first = [];
  const figure = await best(
    3,
    async () => {
      const page = await kit.open(`/runs?exp=${kit.data.few}`, { ready: false });
      const at = await rowsAt(page, 2);
      first.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity));
      await page.context().close();
      return at;
    },
    300,
  );
  return inTime(figure, 300, `rows after ${ms(figure)}, first paint after ${ms(Math.min(...first))}`);
}

async function fiveThousand(kit) {
  const path = `/runs?exp=${kit.data.many.experiment}&q=${encodeURIComponent("params.half = 'a'")}`;
  const figure = await best(
    3,
    async () => {
      const page = await kit.open(path, { ready: false });
      const at = await rowsAt(page, MANY / 2);
      const count = Number(await page.locator("main [role=grid]").getAttribute("aria-rowcount"));
      must(count > MANY / 2 && count < MANY / 2 + 20, `${count} rows`);
      await page.context().close();
      return at;
    },
    500,
  );
  return inTime(figure, 500);
}

async function columnsSurvive(kit) {
  const page = await kit.open(`/runs?exp=${kit.data.many.experiment}`);
  await page.getByRole("button", { name: /^Columns/ }).click();
  const wanted = "setting.123";
  const chooser = page.getByRole("dialog").or(page.locator("[popover]:popover-open")).or(page.getByRole("region", { name: /Columns/ })).first();
  await chooser.waitFor();
  const offered = await chooser.getByRole("checkbox").count();
  const find = chooser.getByRole("searchbox");
  if ((await find.count()) > 0) await find.first().fill(wanted);
  await chooser.getByRole("checkbox", { name: new RegExp(wanted.replace(".", "\\.")) }).first().check();
  await page.keyboard.press("Escape");
  const header = page.getByRole("columnheader", { name: new RegExp(wanted.replace(".", "\\.")) });
  await header.waitFor();
  const { many } = kit.data;
  const { run } = await kit.api.post("/api/2.0/mlflow/runs/create", { experiment_id: many.experiment, run_name: "a new one", start_time: Date.now() });
  await kit.api.post("/api/2.0/mlflow/runs/update", { run_id: run.info.run_id, status: "FINISHED", end_time: Date.now() });
  await kit.visit(page, `/runs?exp=${many.experiment}`);
  await header.waitFor();
  await page.getByText("a new one").first().waitFor();
  return `${offered} offered of ${WIDE} and more`;
}

async function filter(kit) {
  const page = await kit.open(`/runs?exp=${kit.data.many.experiment}`);
  const field = page.getByRole("searchbox", { name: /Filter runs/ });
  const values = ["params.model = 'mixtral'", "metrics.request_throughput > 500", "tags.team = 'team 3'", "params.half = 'b'", "params.model = 'qwen-32b' AND tags.verdict = 'valid'"];
  const seen = [];
  for (const text of values) {
    await field.fill(text);
    seen.push(await page.evaluate(timeOfSubmit));
    await settled(page);
  }
  const figure = Math.min(...seen);
  return inTime(figure, 100, `${ms(figure)} (${seen.map(ms).join(", ")})`);
}

/** From Enter to the frame in which the table has another number of rows. */
async function timeOfSubmit() {
  const grid = () => document.querySelector("main [role=grid]")?.getAttribute("aria-rowcount");
  const before = grid();
  const started = performance.now();
  document.querySelector("main [data-find]").form.requestSubmit();
  while (grid() === before || grid() === undefined) {
    if (performance.now() - started > 5000) throw new Error(`the table stays at ${before} rows`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - started;
}

async function slowestFirst(kit) {
  const { small } = kit.data;
  const all = await allTraces(kit.api, `service = '${small.service}'`);
  const sorted = [...all].sort((one, other) => other.ms - one.ms).map(({ id }) => id);
  must(all.length === small.count, `the store has ${all.length} traces of ${small.count}`);
  const page = await kit.open(`/traces?svc=${small.service}&sort=-duration`);
  const table = page.getByRole("grid", { name: /Traces/ });
  await table.waitFor();
  const text = (await page.locator("main").innerText()).replace(/[\u2009\u202f\u00a0 ]/g, "");
  const listed = Number(await table.getAttribute("aria-rowcount")) - 1;
  must(text.includes(`${all.length}`), `the page says nowhere that there are ${all.length}`);
  const rows = await table.locator("[role=row][aria-rowindex]:not([aria-rowindex='1'])").allInnerTexts();
  const ids = rows.map((row) => /\b[0-9a-f]{8}\b/.exec(row)?.[0]);
  const wrong = ids.findIndex((id, place) => !sorted[place].startsWith(id));
  must(wrong === -1, () => `row ${wrong + 1} is ${ids[wrong]}, not ${sorted[wrong].slice(0, 8)}`);
  if (listed < all.length) must(/slowest/i.test(await page.locator("main").innerText()), "the list is cut, and nothing says so");
  return `${all.length} traces, ${listed} listed, the first ${ids.length} compared`;
}

async function allTraces(api, filter) {
  const { experiments } = await api.get("/api/2.0/mlflow/experiments/search", { max_results: 1000 });
  const locations = experiments.map(({ experiment_id: id }) => ({ type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: id } }));
  const found = [];
  let token;
  do {
    const page = await api.post("/api/3.0/mlflow/traces/search", { locations, filter, max_results: 100, page_token: token });
    for (const { trace_id: id, execution_duration: took } of page.traces ?? []) found.push({ id: id.replace(/^tr-/, ""), ms: Number.parseFloat(took) * 1000 });
    token = page.next_page_token;
  } while (token);
  return found;
}
