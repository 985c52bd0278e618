// The way through the page without a mouse, and that one sees where one is.

import { must, settled } from "./harness.mjs";

export const checks = [
  { name: "28 by keys alone: open a run, pick a part of it, open an exemplar, select a span, read its chat, go back", run: journey },
  { name: "28 ? lists the keys of the page, and Escape closes the list", run: help },
  { name: "28 Tab reaches everything in the order in which it is read, and each place is to be seen", run: order },
];

/** Where the focus is: what it is called, and whether one sees it. */
function focus() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const isMarked = (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  return { name: `${element.tagName.toLowerCase()} ${element.getAttribute("aria-label") ?? element.innerText?.trim().slice(0, 30) ?? ""}`, isMarked, left: box.left + scrollX, top: box.top + scrollY, inMain: element.closest("main") !== null, isSeen: box.bottom > 0 && box.top < innerHeight };
}

async function journey(kit) {
  const page = await kit.open(`/runs?q=${encodeURIComponent("attributes.run_name = 'healthy'")}`);
  const path = () => new URL(page.url()).pathname;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
    await settled(page);
  };
  await press("j", "Enter");
  must(path() === `/runs/${kit.data.profiled.healthy}`, `Enter on the first run leads to ${path()}`);
  await brush(page, press);
  await press("z");
  await settled(page);
  must(!new URL(page.url()).searchParams.has("t"), "z does not show all of the run again");
  await toExemplar(page, press, path);
  const trace = path();
  await press("ArrowDown");
  if (!new URL(page.url()).searchParams.has("span")) await press("ArrowDown");
  must(new URL(page.url()).searchParams.has("span"), "ArrowDown selects no span");
  await press("Enter");
  const inDetail = await page.evaluate(() => document.activeElement?.closest("aside") !== null);
  must(inDetail, "Enter does not lead to the detail");
  await page.keyboard.press("Tab");
  const place = await page.evaluate(focus);
  must(place?.isMarked, () => `the focus on ${place?.name} is not to be seen`);
  must((await page.locator("aside [role=tabpanel]").innerText()).trim().length > 0, "the detail is empty");
  await page.goBack();
  await settled(page);
  while (path() === trace) {
    await page.goBack();
    await settled(page);
  }
  must(path() === `/runs/${kit.data.profiled.healthy}`, `going back leads to ${path()}`);
}

/** The keys that pick a part of the run are in the list of keys: whatever they are, they put the part into the address. */
async function brush(page, press) {
  await press("?");
  const lines = await page.getByRole("dialog").locator("dl > div").allInnerTexts();
  await press("Escape");
  const line = lines.find((text) => /(pick|mark|begin|brush|range).*(part|range|cursor)|part of (it|the run)/i.test(text));
  must(line, () => `no key picks a part of a run: ${lines.filter((text) => /chart/i.test(text)).join("; ").replace(/\n/g, " ")}`);
  const key = line.trim().split(/\s+/)[0];
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowRight");
  await page.keyboard.press(key);
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowRight");
  await page.keyboard.press(key);
  await settled(page);
  must(new URL(page.url()).searchParams.has("t"), `${key} picks no part of the run`);
}

/** The slowest request is somewhere along the run: one walks until Enter opens a trace. */
async function toExemplar(page, press, path) {
  const run = path();
  await page.locator("main").focus();
  for (let step = 0; step < 10 && path() === run; step += 1) {
    await press("ArrowRight");
    await press("Enter");
    await page.waitForTimeout(100);
  }
  must(path().startsWith("/traces/"), "no exemplar opens with Enter");
}

async function help(kit) {
  const page = await kit.open(`/runs/${kit.data.profiled.healthy}`);
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  const listed = await dialog.locator("kbd").count();
  must(listed >= 15, `${listed} keys are listed`);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.waitForURL(/\/traces$/);
  await page.keyboard.press("/");
  const field = await page.evaluate(() => document.activeElement?.matches("input[data-find]"));
  must(field, "/ does not lead to the filter");
  await page.keyboard.type("gr?.");
  must(/\/traces$/.test(page.url()), "keys work while somebody types");
  return `${listed} keys`;
}

async function order(kit) {
  const wrong = [];
  const places = ["/runs", `/runs/${kit.data.profiled.healthy}`, "/traces", "/ingest"];
  let steps = 0;
  for (const path of places) {
    const page = await kit.open(path);
    let last = null;
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press("Tab");
      const now = await page.evaluate(focus);
      if (!now) break;
      steps += 1;
      if (!now.isMarked) wrong.push(`${path}: ${now.name} is not marked`);
      if (!now.isSeen) wrong.push(`${path}: ${now.name} is out of sight`);
      // Within the page one goes down, or to the right of what is beside it; columns beside one another begin anew at their top.
      if (last?.inMain && now.inMain && now.top < last.top - 400 && now.left < last.left + 10) wrong.push(`${path}: from ${last.name} up to ${now.name}`);
      last = now;
    }
    await page.context().close();
  }
  must(wrong.length === 0, () => [...new Set(wrong)].slice(0, 12).join("\n"));
  return `${steps} places`;
}
