// What holds for every page: nothing is asked for elsewhere, nothing goes wrong, an address is enough to see the same again, times have a zone.

import { LONG_MS, must, settled } from "./harness.mjs";
import { pagesOf, statesOf } from "./routes.mjs";
import { tracePath } from "./fixtures/spans.mjs";

const MOST_ELEMENTS = 3000;

export const checks = [
  { name: "1 every page loads with nothing but the origin in reach, without an error or a report of the policy, and has at most 3 000 elements", run: everyPage, limit: LONG_MS },
  { name: "2 a reload of every address shows the same view, and each state of it is to be seen", run: reloads, limit: LONG_MS },
  { name: "3 links that MLflow's clients print land on the right page", run: hashLinks },
  { name: "4 a span or run that is not there is said, and the page still opens", run: missing },
  { name: "32 every absolute time has its zone, in UTC and in Asia/Kolkata", run: zones },
];

async function everyPage(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  let most = 0;
  for (const [what, path] of pagesOf(kit.data)) {
    await kit.visit(page, path);
    await kit.collect();
    const elements = await page.evaluate(() => document.querySelectorAll("*").length);
    most = Math.max(most, elements);
    if (elements > MOST_ELEMENTS) wrong.push(`${what}: ${elements} elements`);
    const alert = await page.locator("main [role=alert]").count();
    for (const fault of kit.takeFaults()) wrong.push(`${what}: ${fault}`);
    if (alert > 0) wrong.push(`${what}: ${await page.locator("main [role=alert]").first().innerText()}`);
    if ((await page.locator("main h1").count()) !== 1) wrong.push(`${what}: no heading, or several`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${pagesOf(kit.data).length} pages, at most ${most} elements`;
}

/** What somebody sees of a page, in words: texts, values of fields, what is pressed, selected and open. */
function digest() {
  const main = document.querySelector("main");
  const volatile = /\b(?:just now|\d+ (?:min|h|d|s) ago)\b/g;
  const lines = [main.innerText.replace(volatile, "")];
  for (const field of main.querySelectorAll("input, select, textarea")) lines.push(`${field.getAttribute("aria-label") ?? field.id}=${field.type === "checkbox" ? field.checked : field.value}`);
  const states = ["aria-pressed", "aria-selected", "aria-expanded", "aria-current", "aria-sort", "aria-rowcount"];
  for (const element of main.querySelectorAll(states.map((state) => `[${state}]`).join())) {
    lines.push(states.map((state) => element.getAttribute(state) ?? "").join());
  }
  for (const bar of main.querySelectorAll("[role=treegrid] [role=gridcell] [style]")) lines.push(bar.getAttribute("class"), bar.getAttribute("style"));
  return lines.join("\n").replace(/\s+/g, " ");
}

async function digestAt(page) {
  const text = await page.evaluate(digest);
  // What the server takes in goes on.
  return new URL(page.url()).pathname === "/ingest" ? text.replace(/[\d., ]+/g, "#") : text;
}

async function reloads(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  const plain = new Map();
  for (const [path, without] of statesOf(kit.data)) {
    await kit.visit(page, path);
    const [before, address] = [await digestAt(page), page.url()];
    await page.reload();
    await settled(page);
    const after = await digestAt(page);
    if (after !== before) wrong.push(`${path}: another view after a reload: ${differs(before, after)}`);
    if (sorted(page.url()) !== sorted(address)) wrong.push(`${path}: the address has become ${page.url()}`);
    if (without === null) continue;
    if (!plain.has(without)) {
      await kit.visit(page, without);
      plain.set(without, await digestAt(page));
    }
    if (plain.get(without) === before) wrong.push(`${path}: looks as without its state`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${statesOf(kit.data).length} addresses`;
}

/** An address whose parameters are written in one way. */
function sorted(address) {
  const url = new URL(address);
  return `${url.pathname}?${new URLSearchParams([...url.searchParams].sort())}`;
}

function differs(one, other) {
  const at = [...one].findIndex((sign, place) => sign !== other[place]);
  return `…${one.slice(Math.max(0, at - 20), at + 40)}… and …${other.slice(Math.max(0, at - 20), at + 40)}…`;
}

async function hashLinks(kit) {
  const { many, profiled } = kit.data;
  const page = await kit.open(`/#/experiments/${many.experiment}/runs/${profiled.healthy}`);
  must(new URL(page.url()).pathname === `/runs/${profiled.healthy}`, () => `a run's link leads to ${page.url()}`);
  await page.getByRole("heading", { level: 1 }).getByText("healthy").waitFor();
  const other = await kit.open(`/#/experiments/${many.experiment}`);
  const url = new URL(other.url());
  must(url.pathname === "/runs" && url.searchParams.get("exp") === many.experiment, () => `an experiment's link leads to ${other.url()}`);
}

async function missing(kit) {
  const page = await kit.open(`${tracePath("small 3")}?span=4f2a4f2a4f2a4f2a`);
  await page.getByText(/Span 4f2a\w*…? is not in this trace/).waitFor();
  must((await page.locator("[role=treegrid] [role=row][data-row]").count()) === 2, "the trace does not open");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.getByText(/is not in this trace/).waitFor({ state: "detached" });
  kit.expect(/^console: Failed to load resource: .*404 .*runs\/get/);
  const nobody = await kit.open(`/runs/${"0".repeat(32)}`);
  await nobody.locator("main [role=alert]").waitFor();
}

/** Absolute times, and what follows each. */
function absoluteTimes() {
  const found = document.body.innerText.matchAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(.{0,12})/g);
  return [...found].map(([text, rest]) => ({ text, rest }));
}

/** Every time of the page's own. In a table it may be the head of the column that has the zone. */
function ownTimes() {
  return [...document.querySelectorAll("main time")].map((time) => {
    const cell = time.closest("[role=gridcell]");
    const heads = cell?.closest("[role=grid]").querySelectorAll("[role=columnheader]") ?? [];
    const head = heads[cell && [...cell.parentElement.children].indexOf(cell)];
    return `${time.innerText} ${head?.innerText.match(/UTC\S*/)?.[0] ?? ""}`.trim();
  });
}

async function zones(kit) {
  const { profiled, session } = kit.data;
  const paths = ["/runs", `/runs/${profiled.healthy}`, `/runs/${profiled.healthy}?tab=log`, "/traces", tracePath("small 3"), "/sessions", `/sessions/${session.id}`, "/ingest"];
  const wrong = [];
  let times = 0;
  for (const [timezoneId, zone] of [["UTC", /^ ?(UTC|Z)(?![+−-])/], ["Asia/Kolkata", /^ ?(UTC\+05:30|GMT\+5:30|IST|\+05:30)/]]) {
    const page = await kit.open("/start", { timezoneId });
    for (const path of paths) {
      await kit.visit(page, path);
      // Names may hold a time as well, and they are not ours to change.
      const found = (await page.evaluate(absoluteTimes)).filter(({ rest }) => !zone.test(rest) && !/^ UTC/.test(rest));
      times += (await page.evaluate(absoluteTimes)).length;
      for (const { text } of found) wrong.push(`${timezoneId} ${path}: ${text}`);
      const own = await page.evaluate(ownTimes);
      for (const text of own) if (/\d\d:\d\d/.test(text) && !/UTC|GMT|IST|Z$|[+−-]\d\d:\d\d$/.test(text)) wrong.push(`${timezoneId} ${path}: ${text}`);
    }
  }
  must(wrong.length === 0, () => [...new Set(wrong)].slice(0, 12).join("\n"));
  must(times > 20, `only ${times} times are shown at all`);
  return `${times} times`;
}
