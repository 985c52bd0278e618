// The lines of the Start page: copied as they are, run for real, and seen on the page.

import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, settled } from "./harness.mjs";
import { emptied, linesOf, openArrived, openStart, run } from "./snippets.mjs";

/** The crate is built with what it depends on: minutes, where nothing is built yet. */
const BUILD_S = 400;
/** Another cargo may be at work in the same folder: it is waited for. */
const RUN_S = 120;
const PYTHON_S = 45;

export const checks = [
  { name: "every Copy button of the Start page puts its whole text into the clipboard", run: copies },
  { name: "what Start says of OpenTelemetry for Python works as it is, and its span is seen to come", run: python },
  { name: "what Start says of MLflow's client works as it is: its run and its trace are on the page", run: mlflow },
  { name: "what Start says of loadspan-sdk works as it is, and its span is seen to come", run: rust, limit: (BUILD_S + RUN_S + 60) * 1000 },
];

async function copies(kit) {
  const page = await kit.open("/start", { permissions: ["clipboard-read", "clipboard-write"] });
  const blocks = page.locator("section[data-way] .copy");
  const count = await blocks.count();
  for (let place = 0; place < count; place += 1) {
    const block = blocks.nth(place);
    const text = await block.locator("code").textContent();
    await block.getByRole("button", { name: "Copy" }).click();
    await block.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    must(copied === text, () => `instead of\n${text}\nthe clipboard has\n${copied}`);
  }
  must(count >= 9, `only ${count} blocks`);
  return `${count} blocks`;
}

/** Whether a Python has what the line `pip install …` names; the versions. It was installed from there, at versions that are known. */
async function installed(kit, line, options) {
  const [, names] = /^pip install ([\w -]+)$/.exec(line) ?? [];
  must(names, () => `this installs nothing: ${line}`);
  return (await run(kit, `"$PYTHON" -c 'import importlib.metadata as all, sys; print(*map(all.version, sys.argv[1:]))' ${names}`, options)).trim();
}

/** Runs a program for Python and what is to be installed for it. */
async function runPython(kit, { page, way, python }) {
  const [pip, program] = await linesOf(page, way);
  const folder = await emptied(join(kit.config.scratch, `start-${way}`));
  await writeFile(join(folder, "main.py"), program);
  const options = { folder, seconds: PYTHON_S, env: { PYTHON: python, MLFLOW_DISABLE_TELEMETRY: "true", DO_NOT_TRACK: "true" } };
  const versions = await installed(kit, pip, options);
  await run(kit, '"$PYTHON" main.py', options);
  return versions;
}

async function python(kit) {
  const page = await openStart(kit, "python");
  const versions = await runPython(kit, { page, way: "python", python: kit.config.pythons.otlp });
  await page.getByRole("status").getByText("my-application").waitFor();
  await openArrived(page);
  return `opentelemetry-sdk, -exporter-otlp-proto-http ${versions}`;
}

async function mlflow(kit) {
  const page = await openStart(kit, "mlflow");
  const versions = await runPython(kit, { page, way: "mlflow", python: kit.config.pythons.mlflow });
  await openArrived(page);
  await page.locator("aside").getByText("what is it?").first().waitFor();
  const { experiment } = await kit.api.get("/api/2.0/mlflow/experiments/get-by-name", { experiment_name: "my-application" });
  await kit.visit(page, `/runs?exp=${experiment.experiment_id}`);
  await page.getByRole("grid").getByRole("link", { name: "hello" }).first().click();
  await page.getByRole("heading", { level: 1 }).getByText("hello").waitFor();
  await page.getByRole("tab", { name: "Params" }).click();
  await settled(page);
  must(/answer\s*42/.test(await page.locator("main").innerText()), "the run's page does not show its answer of 42");
  return `mlflow ${versions}`;
}

/** A crate beside a clone of loadspan, which is what the page's line to add it is for; `add` is that line. */
async function crateBesideClone({ tools, workspace }) {
  const home = await emptied(join(tools, "sdk-snippet"));
  const crate = join(home, "my-application");
  await mkdir(join(crate, "src"), { recursive: true });
  await symlink(workspace, join(home, "loadspan"));
  // What `cargo new` writes; and it is no part of the workspace that it happens to lie in. The versions are those of the workspace.
  await writeFile(join(crate, "Cargo.toml"), '[package]\nname = "my-application"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n\n[workspace]\n');
  await copyFile(join(workspace, "Cargo.lock"), join(crate, "Cargo.lock"));
  return crate;
}

async function rust(kit) {
  const page = await openStart(kit, "rust");
  const [add, program, start] = await linesOf(page, "rust");
  const folder = await crateBesideClone(kit.config);
  await writeFile(join(folder, "src/main.rs"), program);
  // What the workspace has built, with the settings of its profile, need not be built again.
  const env = { CARGO_TARGET_DIR: kit.config.target, CARGO_PROFILE_DEV_DEBUG: "line-tables-only", CARGO_NET_OFFLINE: "true" };
  await run(kit, add, { folder, seconds: 30, env });
  await run(kit, "cargo build --quiet", { folder, seconds: BUILD_S, env });
  await run(kit, start, { folder, seconds: RUN_S, env });
  await openArrived(page);
  await page.locator("aside").getByText("what is it?").first().waitFor();
}
