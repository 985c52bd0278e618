// Checks of the page in a real browser. `main.mjs CONFIG.json`: where the servers are, and where pictures go. Says one JSON object a line.

import { readFile } from "node:fs/promises";
import { Api } from "./api.mjs";
import { makeFixtures } from "./fixtures.mjs";
import { runSuite } from "./suite.mjs";

const config = JSON.parse(await readFile(process.argv[2], "utf8"));
const started = Date.now();
const data = await makeFixtures(new Api(config.page), config);
process.stdout.write(`${JSON.stringify({ note: `fixtures made in ${Math.round((Date.now() - started) / 1000)} s` })}\n`);
await runSuite({ config, data });
