// What the Start page tells to copy, as somebody does it: the texts of its blocks, and shells in which they are run.

import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { must } from "./harness.mjs";

/** The blocks of a way, from the first to the last. */
export async function linesOf(page, way) {
  const texts = await page.locator(`section[data-way=${way}] pre code`).allTextContents();
  must(texts.length > 0, `the page has no lines for ${way}`);
  return texts;
}

/** An empty folder. */
export async function emptied(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** The Start page at a way, when it has seen what has come until now. */
export async function openStart(kit, way) {
  const page = await kit.open(`/start?lang=${way}`);
  await page.getByRole("status").getByText(/Waiting for the first span|Spans come in/).waitFor();
  return page;
}

/** Follows the link to the trace that the Start page has seen come in, and opens its span. */
export async function openArrived(page) {
  await page.getByRole("status").getByText(/First span received|A span has just come/).waitFor();
  await page.getByRole("status").getByRole("link", { name: "Open trace" }).click();
  await page.getByRole("treegrid").getByRole("row").filter({ hasText: "hello" }).first().click();
}

/** Starts a line in a shell, which ends with the check. */
export function start(kit, line, { folder, env = {}, path = "" }) {
  // A group of its own: what the line starts ends with it.
  const shell = spawn("bash", ["-euc", line], { cwd: folder, detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env, PATH: `${path}:${process.env.PATH}` } });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (text) => (output += text));
  const ended = new Promise((resolve, reject) => shell.on("error", reject).on("close", resolve));
  const end = () => {
    try {
      process.kill(-shell.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  kit.later(end);
  return { ended, end, output: () => output };
}

/** Runs a line to its end, within so many seconds; what it said. */
export async function run(kit, line, { seconds, codes = [0], ...options }) {
  const shell = start(kit, line, options);
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    shell.end();
  }, seconds * 1000);
  const code = await shell.ended;
  clearTimeout(deadline);
  must(!isLate && codes.includes(code), () => `${line.slice(0, 120)}\n${isLate ? `takes more than ${seconds} s` : `ends with ${code}`}:\n${shell.output().trim().slice(-900)}`);
  return shell.output();
}
