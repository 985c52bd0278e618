// Whether everybody can use the page: axe, sizes and settings of browsers, and what is left without colours.

import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { LONG_MS, must, settled } from "./harness.mjs";
import { pagesOf } from "./routes.mjs";
import { spanIdOf, tracePath } from "./fixtures/spans.mjs";

export const checks = [
  { name: "25 axe finds nothing serious or critical on any page: all rules in light, colours in dark", run: axe, limit: LONG_MS },
  { name: "27 in grey the verdicts are told apart by their sign and word", run: grey },
  { name: "30 at 320 px and at 200 %: nothing is cut off and nothing scrolls sideways", run: narrow, limit: LONG_MS },
  { name: "30 in forced colours bars have edges and signs stay; with reduced motion nothing moves", run: forced },
];

async function axe(kit) {
  const wrong = new Map();
  // The policy of the page lets no foreign script in: of axe alone it is not asked.
  const context = await kit.context({ bypassCSP: true });
  const page = await kit.open("/start", { context });
  const { conversations } = kit.data;
  const more = [
    ["an attribute's tab", `${tracePath(conversations[0].trace)}?span=${spanIdOf(`${conversations[0].trace} chat`)}&d=attrs`],
    ["statistics", `${tracePath("small 3")}?view=stats`],
    ["a preview", `/runs/${kit.data.profiled.healthy}?tab=artifacts&file=exports/summary.json`],
  ];
  for (const [what, path] of [...pagesOf(kit.data), ...more]) {
    // A colour on its way from one theme to the other is none that anybody reads.
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await kit.visit(page, path);
    await page.addScriptTag({ path: kit.axe });
    for (const [theme, rules] of [["light", null], ["dark", ["color-contrast"]]]) {
      if (theme === "dark") {
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        await settled(page);
      }
      const found = await page.evaluate(findings, rules);
      for (const { id, where } of found) wrong.set(`${id} ${where[0]}`, `${what}, ${theme}: ${id}: ${where.slice(0, 3).join(" | ")}`);
    }
  }
  must(wrong.size === 0, () => [...wrong.values()].join("\n"));
  return `${pagesOf(kit.data).length + more.length} pages`;
}

/** What axe finds that is serious or worse. */
async function findings(rules) {
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: { type: "rule", values: rules } } : {}) };
  const { violations } = await globalThis.axe.run(document, options);
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.map(({ id, nodes }) => ({ id, where: nodes.map(({ target, html }) => `${target.join(" ")} ${html.slice(0, 90)}`) }));
}

const VERDICTS = { valid: ["●", "valid|ok"], degraded: ["▲", "degraded"], invalid: ["✕", "invalid"], failed: ["✕", "failed"] };

async function grey(kit) {
  const page = await kit.open(`/runs?exp=${kit.data.few}`);
  await page.evaluate(() => document.documentElement.style.setProperty("filter", "grayscale(1)"));
  const folder = join(kit.config.pictures, "states");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, "runs-grey.png") });
  const wrong = [];
  for (const [verdict, [sign, word]] of Object.entries(VERDICTS)) {
    const row = page.getByRole("row").filter({ hasText: verdict === "failed" ? "failed without a verdict" : `judged ${verdict}` }).first();
    const text = (await row.innerText()).replace(/judged \w+|failed without a verdict/, "");
    if (!new RegExp(`${sign}\\s*(${word})`).test(text)) wrong.push(`${verdict}: ${text.replace(/\s+/g, " ").slice(0, 60)}`);
  }
  for (const verdict of ["valid", "degraded", "invalid"]) {
    await kit.visit(page, `/runs/${kit.data.judged[verdict]}`);
    const text = await page.getByRole("region", { name: "Verdict and figures" }).innerText();
    const [sign, word] = VERDICTS[verdict];
    if (!new RegExp(`${sign}\\s*(${word})`).test(text)) wrong.push(`the run's page, ${verdict}: ${text.slice(0, 40)}`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
}

/** Texts that are cut off without a sign of it, and how far the page scrolls sideways. */
function cutOff() {
  const found = [];
  const sideways = document.scrollingElement.scrollWidth - innerWidth;
  if (sideways > 1) found.push(`the page is ${sideways} px wider than the window`);
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!own) continue;
    const box = element.getBoundingClientRect();
    // What is for screen readers is 1 px in size.
    if (box.width <= 2 || box.height <= 2) continue;
    const style = getComputedStyle(element);
    const hides = /hidden|clip/.test(style.overflowX);
    if (hides && style.textOverflow !== "ellipsis" && element.scrollWidth > element.clientWidth + 1) found.push(`${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim().slice(0, 40)}`);
    const outside = box.right > innerWidth + 1 && box.left < innerWidth && !scrolls(element);
    if (outside && style.visibility !== "hidden") found.push(`beyond the edge: ${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return found.slice(0, 4);

  function scrolls(element) {
    for (let above = element; above; above = above.parentElement) {
      const style = getComputedStyle(above);
      if (/auto|scroll|hidden|clip/.test(style.overflowX) || style.position === "fixed") return true;
    }
    return false;
  }
}

async function narrow(kit) {
  const wrong = [];
  const sizes = [
    ["320 px", { size: { width: 320, height: 640 } }],
    ["200 %", { size: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
  ];
  for (const [what, options] of sizes) {
    const page = await kit.open("/start", options);
    for (const [name, path] of pagesOf(kit.data)) {
      await kit.visit(page, path);
      for (const found of await page.evaluate(cutOff)) wrong.push(`${what}, ${name}: ${found}`);
    }
  }
  must(wrong.length === 0, () => wrong.join("\n"));
}

async function forced(kit) {
  const wrong = [];
  const page = await kit.open("/start", { forcedColors: "active", reducedMotion: "reduce" });
  const paths = ["/runs", `/runs/${kit.data.profiled.healthy}`, `/compare?runs=${kit.data.profiled.healthy},${kit.data.profiled.again}`, "/traces", tracePath("small 3"), `/sessions/${kit.data.session.id}`, "/ingest"];
  for (const path of paths) {
    await kit.visit(page, path);
    const found = await page.evaluate(() => {
      const moving = document.getAnimations().length;
      const slow = [...document.querySelectorAll("*")].filter((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element);
        return [transitionDuration, animationDuration].some((text) => text.split(",").some((one) => Number.parseFloat(one) > 0.001));
      });
      return { moving, slow: slow.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`) };
    });
    if (found.moving > 0 || found.slow.length > 0) wrong.push(`${path}: moves: ${found.slow.join(", ")}`);
  }
  await kit.visit(page, tracePath("small 3"));
  const edges = await page.locator("[role=treegrid] .bar").evaluateAll((bars) => bars.map((bar) => Number.parseFloat(getComputedStyle(bar).borderTopWidth) + Number.parseFloat(getComputedStyle(bar).outlineWidth || "0") * (getComputedStyle(bar).outlineStyle === "none" ? 0 : 1)));
  if (edges.length === 0 || edges.some((width) => !(width > 0))) wrong.push("bars of the waterfall have no edges in forced colours");
  await kit.visit(page, `/runs?exp=${kit.data.few}`);
  const text = await page.getByRole("grid").innerText();
  for (const sign of ["●", "▲", "✕"]) if (!text.includes(sign)) wrong.push(`no ${sign} among the runs`);
  must(wrong.length === 0, () => wrong.join("\n"));
}
