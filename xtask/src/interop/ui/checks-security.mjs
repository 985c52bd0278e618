// What telemetry says is text: nothing of it runs, nothing of it is asked for, all of it is to be read.

import { FILES, PAYLOADS } from "./fixtures/hostile.mjs";
import { spanIdOf, tracePath } from "./fixtures/spans.mjs";
import { LONG_MS, must, settled } from "./harness.mjs";
import { openAll } from "./checks-speech.mjs";

export const checks = [
  { name: "12 scripts, handlers, addresses, styles and signs of direction in every field: nothing runs, nothing leaves, all is shown as it came", run: hostile, limit: LONG_MS },
  { name: "13 files of runs that a browser could run are downloaded, whatever they are called", run: artifacts },
];

/** What ran, what has become of markup, and where pages could be led to. */
function harm() {
  const main = document.querySelector("main");
  const strange = [...document.querySelectorAll("script, iframe, object, embed, base, meta[http-equiv], link, style, img, svg *, form")].filter((element) => {
    if (element.matches("form")) return element.hasAttribute("action") && element.getAttribute("action") !== "";
    if (element.matches("head > link, body > script[src^='/assets/']")) return false;
    if (element.matches("img")) return !element.src.startsWith("blob:");
    return !element.matches("svg path, svg circle, svg rect, svg line, svg g, svg polyline, svg title, svg text, svg polygon");
  });
  const links = [...document.querySelectorAll("a[href]")].filter(({ href }) => !href.startsWith(location.origin) && !href.startsWith("blob:"));
  const handlers = [...main.querySelectorAll("*")].filter((element) => [...element.attributes].some(({ name }) => /^on/i.test(name)));
  return {
    ran: globalThis.__xss !== undefined,
    strange: strange.map((element) => element.outerHTML.slice(0, 100)),
    links: links.map(({ href }) => href.slice(0, 100)),
    handlers: handlers.map((element) => element.outerHTML.slice(0, 100)),
    isElsewhere: location.origin,
  };
}

async function hostile(kit) {
  const { trace, session, experiment, runs, shown, bidi } = kit.data.hostile;
  const root = `${tracePath(trace)}?span=${spanIdOf(`${trace} root`)}`;
  const places = [
    [`/runs?exp=${experiment}`, [PAYLOADS[1], bidi]],
    [`/runs/${runs[0]}`, [PAYLOADS[1]]],
    [`/runs/${runs[0]}?tab=params`, PAYLOADS],
    [`/runs/${runs[0]}?tab=artifacts`, Object.keys(FILES).filter((name) => name.startsWith("<"))],
    ...Object.keys(FILES).map((name) => [`/runs/${runs[0]}?tab=artifacts&file=${encodeURIComponent(name)}`, []]),
    [`/runs/${runs[0]}?tab=traces`, []],
    [`/runs/${runs[0]}?tab=log`, [PAYLOADS[0]]],
    [`/runs/${runs[1]}`, [bidi]],
    [`/compare?runs=${runs}`, [PAYLOADS[1], bidi]],
    [`/traces?svc=${encodeURIComponent(shown)}`, [shown]],
    [`/traces?q=${encodeURIComponent(PAYLOADS[1])}`, []],
    [`/traces?exp=${encodeURIComponent(PAYLOADS[2])}&svc=${encodeURIComponent(PAYLOADS[1])}&status=${encodeURIComponent(PAYLOADS[0])}`, []],
    [`${tracePath(trace)}?find=${encodeURIComponent(PAYLOADS[1])}`, []],
    [`${root}`, [shown, ...PAYLOADS]],
    [`${root}&d=chat`, PAYLOADS],
    [`${root}&d=attrs`, [...PAYLOADS, bidi]],
    [`${root}&d=events`, PAYLOADS],
    [`${root}&d=links`, []],
    [`${root}&d=raw`, []],
    [`${tracePath(trace)}?view=stats`, [shown]],
    [`${tracePath(trace)}?view=logs`, PAYLOADS],
    [`/traces/${encodeURIComponent(PAYLOADS[1])}`, []],
    [`/runs/${encodeURIComponent(PAYLOADS[1])}`, []],
    ["/sessions", [session]],
    [`/sessions/${encodeURIComponent(session)}`, [session]],
    ["/ingest", []],
  ];
  // The server refuses what is no filter and no id.
  kit.expect(/^console: Failed to load resource: .* 400 .*\/traces\/(search|points)/, /^console: Failed to load resource: .* 40[04] .*%(25)?3Cimg/);
  const page = await kit.open("/start");
  const wrong = [];
  for (const [path, wanted] of places) {
    await kit.visit(page, path);
    await openAll(page.locator("main"));
    await choices(page);
    await kit.collect();
    const found = await page.evaluate(harm);
    const say = (what) => wrong.push(`${decodeURIComponent(path).slice(0, 90)}: ${what}`);
    if (found.ran) say("a script ran");
    if (found.isElsewhere !== kit.config.page) say(`leads to ${found.isElsewhere}`);
    for (const kind of ["strange", "links", "handlers"]) for (const one of found[kind]) say(`${kind}: ${one}`);
    for (const url of kit.foreign.splice(0)) say(`asks ${url}`);
    for (const fault of kit.takeFaults()) say(fault);
    const text = await page.locator("body").innerText();
    for (const one of wanted) if (!reads(text, one)) say(`not shown: ${one.slice(0, 50)}`);
  }
  must(wrong.length === 0, () => wrong.slice(0, 25).join("\n"));
  return `${places.length} views, ${PAYLOADS.length + 1} payloads`;
}

/** Whether a text is there as it came, or as JSON has it. Lines are broken where there is no more room. */
function reads(text, wanted) {
  const dense = (one) => one.replace(/\s+/g, "");
  return [wanted, JSON.stringify(wanted).slice(1, -1)].some((one) => dense(text).includes(dense(one)));
}

/** Each message in each of its forms, pictures that are asked for. */
async function choices(page) {
  for (const name of ["Markdown", "JSON", "Text", "Show"]) {
    const buttons = page.locator("main").getByRole("button", { name, exact: true });
    await buttons.evaluateAll((all) => all.slice(0, 20).forEach((button) => button.click()));
    if ((await buttons.count()) > 0) await settled(page, { quiet: 60 });
  }
}

async function artifacts(kit) {
  const { experiment, runs } = kit.data.hostile;
  const page = await kit.open("/start");
  const wrong = [];
  for (const name of ["page.html", "drawing.svg", "<img src=x onerror=window.__xss=1>.txt", "data.json"]) {
    const path = `/api/2.0/mlflow-artifacts/artifacts/${[experiment, runs[0], "artifacts", name].map(encodeURIComponent).join("/")}`;
    const both = [path, `/get-artifact?run_uuid=${runs[0]}&path=${encodeURIComponent(name)}`];
    for (const one of both) {
      const answer = await fetch(kit.config.page + one);
      const header = (which) => answer.headers.get(which) ?? "";
      if (!/^attachment/.test(header("content-disposition"))) wrong.push(`${one}: no attachment: ${header("content-disposition")}`);
      if (!/sandbox/.test(header("content-security-policy"))) wrong.push(`${one}: no sandbox: ${header("content-security-policy")}`);
      if (header("x-content-type-options") !== "nosniff") wrong.push(`${one}: its type may be guessed`);
    }
    const download = page.waitForEvent("download", { timeout: 5000 });
    await page.goto(kit.config.page + path).catch(() => {});
    const taken = await download.then(() => true, () => false);
    if (!taken) wrong.push(`${name} is not downloaded`);
    if (await page.evaluate(() => globalThis.__xss)) wrong.push(`${name} runs`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
}
