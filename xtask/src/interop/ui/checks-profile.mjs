// The first lines of the Start page: a benchmark of the mock. It takes most of a minute, in which little is to be done here.

import { symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { LONG_MS, must, settled } from "./harness.mjs";
import { emptied, linesOf, run, start } from "./snippets.mjs";

const PROFILE_S = 90;

export const checks = [{ name: "what Start says of loadspan profile works as it is: the run is on the page while it goes on, and then with its verdict and traces", run: profile, limit: LONG_MS }];

/** A port that nothing listens on: `wanted`, if it is free. */
function freePort(wanted) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(freePort(0)));
    server.listen(wanted, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The two lines. Where something has the port that both have, another. */
async function linesForFreePort(page) {
  const [benchmark, mock] = await linesOf(page, "profile");
  must(benchmark.includes("localhost:8000") && mock === "loadspan mock", () => `other lines than expected: ${benchmark}; ${mock}`);
  const port = await freePort(8000);
  return port === 8000 ? { benchmark, mock, said: "" } : { benchmark: benchmark.replace(":8000", `:${port}`), mock: `${mock} --port ${port}`, said: `at port ${port}, 8000 is in use` };
}

/** Waits until a server answers. */
async function answers(url, shell) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer: ${shell.output()}`);
}

async function profile(kit) {
  const page = await kit.open("/start?lang=profile");
  const { benchmark, mock, said } = await linesForFreePort(page);
  const folder = await emptied(join(kit.config.scratch, "start-profile"));
  const path = await emptied(join(folder, "bin"));
  await symlink(kit.config.loadspan, join(path, "loadspan"));
  const server = start(kit, mock, { folder, path });
  await answers(`${/http:\/\/localhost:\d+/.exec(benchmark)[0]}/v1/models`, server);
  // On a machine that is busy with something else the run may be invalid, and says so by its code.
  const running = run(kit, benchmark, { folder, path, seconds: PROFILE_S, codes: [0, 4] });
  await Promise.race([seenLive(kit, page), running]);
  await hasResult(kit, page, await running);
  return said;
}

/** The run is at the top of the list while it goes on, and leads to its charts. */
async function seenLive(kit, page) {
  await kit.visit(page, "/runs", { ready: false });
  await page.getByRole("link", { name: /^mock-model, 8 concurrent/ }).first().click({ timeout: 30_000 });
  await page.getByRole("region", { name: "Verdict and figures" }).getByText("running").waitFor();
  await page.locator("main figure canvas").first().waitFor();
}

/** What the program's last line leads to. */
async function hasResult(kit, page, output) {
  const link = /http:\/\/\S+\/runs\/[0-9a-f]{32}/.exec(output)?.[0];
  must(link, () => `it names no run: ${output.slice(-300)}`);
  await page.goto(link);
  await settled(page);
  const verdict = await page.getByRole("region", { name: "Verdict and figures" }).innerText();
  must(/valid|degraded/.test(verdict), () => `no verdict: ${verdict.slice(0, 200)}`);
  const text = await page.locator("main").innerText();
  must(/\b1[\s,]?000\b/.test(text), "the page does not show 1,000 requests");
  await page.getByRole("tab", { name: "Traces" }).click();
  await page.getByRole("row").filter({ hasText: "chat" }).first().waitFor();
}
