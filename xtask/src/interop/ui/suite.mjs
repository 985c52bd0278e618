// All checks: first those that must be alone, one after the other, then the others, two at a time.

import { createRequire } from "node:module";
import { join } from "node:path";
import { Api } from "./api.mjs";
import * as access from "./checks-access.mjs";
import * as compare from "./checks-compare.mjs";
import * as figures from "./checks-figures.mjs";
import * as ingest from "./checks-ingest.mjs";
import * as keyboard from "./checks-keyboard.mjs";
import * as live from "./checks-live.mjs";
import * as memory from "./checks-memory.mjs";
import * as pages from "./checks-pages.mjs";
import * as pictures from "./checks-pictures.mjs";
import * as profile from "./checks-profile.mjs";
import * as runs from "./checks-runs.mjs";
import * as security from "./checks-security.mjs";
import * as sizes from "./checks-sizes.mjs";
import * as speech from "./checks-speech.mjs";
import * as stages from "./checks-stages.mjs";
import * as start from "./checks-start.mjs";
import * as tokens from "./checks-tokens.mjs";
import * as trace from "./checks-trace.mjs";
import * as waterfall from "./checks-waterfall.mjs";
import { runChecks } from "./harness.mjs";
import { endLiveRun } from "./live-run.mjs";

/** What measures, or waits for the latest of all spans, and must be alone; and what does not. */
const ALONE = [start, runs, trace, compare, live];
/** A run of most of a minute, which others would find among theirs, and what may take as long beside it. */
const BESIDE_A_RUN = [profile, memory];
const BESIDE_ANOTHER = [pages, security, figures, access, waterfall, keyboard, stages, speech, sizes, tokens, ingest, pictures];

/** Runs the checks, or those whose names begin with one of `only`. */
export async function runSuite({ config, data, only = [] }) {
  const require = createRequire(join(config.modules, "package.json"));
  const { chromium } = require("playwright-core");
  const browser = await chromium.launch({
    executablePath: config.chromium,
    // No name is resolved: what is not on this machine is out of reach. Memory is asked for in full precision.
    args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--enable-precise-memory-info", "--js-flags=--expose-gc", "--disable-component-update", "--no-first-run"],
  });
  try {
    const shared = { browser, config, data, api: new Api(config.page), axe: require.resolve("axe-core/axe.min.js") };
    for (const [parts, atOnce] of [[ALONE, 1], [BESIDE_A_RUN, 2], [BESIDE_ANOTHER, 2]]) {
      const chosen = parts.flatMap(({ checks }) => checks).filter(({ name }) => only.length === 0 || only.some((start) => `${name} `.startsWith(`${start} `)));
      await runChecks(chosen, { ...shared, atOnce });
      // The check that ends it may have failed before.
      await endLiveRun();
    }
  } finally {
    await endLiveRun();
    await browser.close();
  }
}
