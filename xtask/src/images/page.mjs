// Pictures of the page for the README and the documentation. `page.mjs MODULES CHROMIUM URL FOLDER`.

import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, executablePath, url, folder] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");

const ask = async (path, body) => {
  const request = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, request);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

const { experiment } = await ask("/api/2.0/mlflow/experiments/get-by-name?experiment_name=demo");
const id = experiment.experiment_id;
const { runs } = await ask("/api/2.0/mlflow/runs/search", { experiment_ids: [id], filter: "metrics.`request_throughput` > 0", order_by: ["attributes.start_time ASC"] });
const ids = runs.map(({ info }) => info.run_id);
const points = await ask(`/api/3.0/loadspan/traces/points?experiment_id=${id}`);
// A request that waited, and was answered: its phases can be told apart.
const [slow] = points.trace_ids.map((trace, at) => ({ trace, took: points.duration_ms[at], state: points.state[at] })).filter(({ state }) => state === "OK").sort((one, other) => other.took - one.took);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
const take = async (name, path, prepare = async () => {}) => {
  await page.goto(`${url}${path}`, { waitUntil: "load" });
  await page.waitForTimeout(2500);
  await prepare();
  await page.screenshot({ path: join(folder, `page-${name}.png`) });
  console.log(`docs/images/page-${name}.png`);
};
await take("run", `/runs/${ids.at(-1)}`);
await take("compare", `/compare?runs=${ids.join(",")}`);
await take("traces", `/traces?exp=${id}`);
await take("trace", `/traces/${slow.trace}`, async () => {
  await page.locator("[role=treegrid] [role=row][data-row]").first().click();
  await page.waitForTimeout(1000);
});
await browser.close();
