// What every check gets: a context of its own in the one browser, of which is noted what goes wrong in it and what it asks for; and one
// line for what came of it.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { each } from "./api.mjs";

/** Longest that a check may take. Those that open every page get more: they take half of it where nothing else is going on. */
const LIMIT_MS = 60_000;
export const LONG_MS = 120_000;
/** Longest wait for something on the page. */
const WAIT_MS = 10_000;

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Reports to the task that started this: one JSON object a line. */
function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Runs checks `{ name, run(kit) }`; `run` gives the figure that is printed, or throws what is wrong. */
export async function runChecks(checks, { atOnce, ...shared }) {
  await each(checks, (check) => runCheck(check, shared), atOnce);
}

async function runCheck({ name, run, limit = LIMIT_MS }, shared) {
  const kit = new Kit({ name, ...shared });
  const started = Date.now();
  try {
    const figure = await within(limit, run(kit));
    await kit.collect();
    kit.mustBeQuiet();
    report({ check: name, ok: true, figure: figure ?? "", ms: Date.now() - started });
  } catch (error) {
    const pictures = await kit.picture();
    report({ check: name, ok: false, seen: said(error), pictures, ms: Date.now() - started });
  } finally {
    await kit.close();
  }
}

/** What Playwright says has the colours of a terminal, and more lines than are of use. */
function said(error) {
  const text = `${error.message ?? error}`.replace(/\u001b\[\d+m/g, "");
  return text.split("\n").slice(0, 14).join("\n").trim().slice(0, 1600);
}

async function within(ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What goes on after that fails in a closed context, which nobody has to hear of.
    work.catch(() => {});
  }
}

/** What happens in each document before its own scripts run. */
function watchDocument() {
  globalThis.__violations = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    globalThis.__violations.push(`${effectiveDirective} ${blockedURI}`);
  });
}

class Kit {
  /** `{ name, browser, config, data, api, axe }`: where servers and scripts are, what was made, how to ask the server. */
  constructor(shared) {
    Object.assign(this, shared);
    this.contexts = [];
    this.pages = [];
    /** Exceptions, what the console calls an error, violations of the policy. */
    this.faults = [];
    /** Faults that the check means to cause. */
    this.expected = [];
    /** Requests that were to leave the origin. */
    this.foreign = [];
    /** Paths that were asked for, with their queries. */
    this.asked = [];
    this.cleanups = [];
  }

  /** A context. Its browser resolves no names, so that its pages reach nothing but this machine, and what they ask for elsewhere is noted. */
  async context({ dark = false, size = DESKTOP, ...options } = {}) {
    const context = await this.browser.newContext({
      viewport: size,
      colorScheme: dark ? "dark" : "light",
      acceptDownloads: true,
      timezoneId: "UTC",
      ...options,
    });
    this.contexts.push(context);
    context.setDefaultTimeout(WAIT_MS);
    await context.addInitScript(watchDocument);
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?|ftp):$/.test(url.protocol) && !this.config.origins.includes(url.origin)) this.foreign.push(url.href);
    });
    context.on("page", (page) => this.#watch(page));
    return context;
  }

  #watch(page) {
    this.pages.push(page);
    const pending = new Set();
    PENDING.set(page, pending);
    // A stream of events has no end.
    page.on("request", (request) => request.resourceType() !== "eventsource" && pending.add(request));
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => pending.delete(request));
    page.on("pageerror", (error) => this.faults.push(`exception: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && this.faults.push(`console: ${message.text()} ${message.location().url}`));
    page.on("request", (request) => this.asked.push(request.url().replace(/^[a-z]+:\/\/[^/]+/, "")));
  }

  /** A page at a path, in a context of its own unless one is given. */
  async open(path, { context, ready = true, origin = this.config.page, ...options } = {}) {
    const page = await (context ?? (await this.context(options))).newPage();
    await this.visit(page, path, { ready, origin });
    return page;
  }

  async visit(page, path, { ready = true, origin = this.config.page } = {}) {
    await page.goto(origin + path, { waitUntil: "load" });
    if (ready) await settled(page);
  }

  /** Exceptions and broken policies are faults of whatever page is checked. */
  async collect() {
    for (const page of this.pages) {
      if (page.isClosed()) continue;
      const found = await page.evaluate(() => globalThis.__violations?.splice(0) ?? []).catch(() => []);
      for (const one of found) this.faults.push(`policy: ${one}`);
    }
  }

  /** Names faults that are no fault of the page: what the check does makes them. */
  expect(...patterns) {
    this.expected.push(...patterns);
  }

  /** The faults since they were taken last, without those that are expected. */
  takeFaults() {
    return this.faults.splice(0).filter((fault) => !this.expected.some((pattern) => pattern.test(fault)));
  }

  mustBeQuiet() {
    const wrong = this.takeFaults();
    if (wrong.length > 0) throw new Error(`the page is at fault: ${[...new Set(wrong)].join("; ")}`);
    if (this.foreign.length > 0) throw new Error(`the page asks elsewhere: ${this.foreign.join(" ")}`);
  }

  /** Undone when the check is over, however it ends. */
  later(cleanup) {
    this.cleanups.push(cleanup);
  }

  async picture() {
    const folder = join(this.config.pictures, "failed");
    await mkdir(folder, { recursive: true });
    const files = [];
    for (const page of this.pages.filter((one) => !one.isClosed()).slice(-2)) {
      const file = join(folder, `${this.name.replace(/[^\w]+/g, "-").slice(0, 40)}${files.length > 0 ? `-${files.length}` : ""}.png`);
      const taken = await page.screenshot({ path: file, timeout: 3000 }).then(() => true, () => false);
      if (taken) files.push(file);
    }
    return files;
  }

  async close() {
    for (const cleanup of this.cleanups.reverse()) await Promise.resolve(cleanup()).catch(() => {});
    for (const context of this.contexts) await context.close().catch(() => {});
  }
}

/** Requests of a page that are on their way. */
const PENDING = new WeakMap();

/** Waits until a page shows what it asked for: no answer is to come, and nothing has changed for a moment. */
export async function settled(page, { quiet = 100, most = 8000 } = {}) {
  const until = Date.now() + most;
  while (Date.now() < until) {
    const wasAsking = PENDING.get(page).size > 0;
    const isStill = await page.evaluate(stillFor, wasAsking ? 20 : quiet);
    // What has come just now is not drawn yet.
    if (isStill && !wasAsking && PENDING.get(page).size === 0) return;
  }
}

/** Whether nothing changes in the document for so long. */
function stillFor(quiet) {
  return new Promise((resolve) => {
    const isReading = [...document.querySelectorAll("main [role=status]")].some((one) => /^\s*(Reading|searching)\b|\bruns so far$/.test(one.textContent));
    if (isReading || document.querySelector("main h1") === null) return setTimeout(() => resolve(false), 20);
    const end = (isStill) => {
      clearTimeout(timer);
      observer.disconnect();
      resolve(isStill);
    };
    const timer = setTimeout(() => end(true), quiet);
    const observer = new MutationObserver(() => end(false));
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    return undefined;
  });
}

/** The best of some attempts: on a busy machine the least is what the page needs. */
export async function best(times, measure, enough = 0) {
  const seen = [];
  while (seen.length < times && !(seen.at(-1) <= enough)) seen.push(await measure());
  return Math.min(...seen);
}

/** Throws unless `is`. */
export function must(is, what) {
  if (!is) throw new Error(typeof what === "function" ? what() : what);
}

/** A machine that is busy with something else is slower: only what takes so many times as long as it may fails a check. */
const PATIENCE = 3;

/** Throws unless `time` is within `PATIENCE` times the bar; what there is to say of it, and of a bar that was missed. */
export function inTime(time, bar, said = ms(time)) {
  must(time <= PATIENCE * bar, said);
  return time <= bar ? said : `${said}: MORE THAN THE BAR of ${ms(bar)}, less than ${PATIENCE} times it`;
}

export function ms(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function percentile(values, quantile) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * quantile) - 1)];
}
