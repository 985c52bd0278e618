// What the bars of a waterfall say: which spans a trace waited for, and what a call of a model spent its time on. And the keys by their place.

import { spanIdOf, tracePath } from "./fixtures/spans.mjs";
import { must, settled } from "./harness.mjs";

export const checks = [
  { name: "9 the critical path of 6 small traces is the one that is known", run: criticalPaths },
  { name: "10 queue, prefill and decode are as wide as their attributes say, within 1 px; phases that exceed the span are not drawn", run: phases },
  { name: "29 keys of a French keyboard pan and zoom by their place", run: azerty },
];

const ROWS = "[role=treegrid] [role=row][data-row]";

async function criticalPaths(kit) {
  const page = await kit.open("/start");
  const wrong = [];
  for (const { trace, on } of kit.data.paths) {
    await kit.visit(page, tracePath(trace));
    const marked = await page.locator(ROWS).evaluateAll((rows) =>
      rows.filter((row) => row.querySelector(".critical, [data-critical]")).map((row) => row.querySelector("[role=gridcell] .text").innerText.trim()),
    );
    if (marked.sort().join() !== [...on].sort().join()) wrong.push(`${trace}: ${marked.join(", ") || "nothing"} instead of ${on.join(", ")}`);
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `${kit.data.paths.length} traces`;
}

async function phases(kit) {
  const { fits, exceeds } = kit.data.phases;
  const page = await kit.open(`${tracePath(fits.trace)}?span=${spanIdOf(`${fits.trace} chat`)}`);
  await page.locator(`${ROWS} .phase`).first().waitFor();
  const drawn = await page.locator(ROWS).first().evaluate((row) => {
    const bar = row.querySelector(".bar").getBoundingClientRect();
    const phase = (name) => row.querySelector(`.phase.${name}`)?.getBoundingClientRect();
    const box = (one) => one && { from: one.left - bar.left, width: one.width };
    return { width: bar.width, queue: box(phase("queue")), prefill: box(phase("prefill")), decode: box(phase("decode")) };
  });
  let at = 0;
  for (const [name, share] of Object.entries(fits.shares)) {
    const wanted = { from: at * drawn.width, width: share * drawn.width };
    const seen = drawn[name];
    must(seen, `no ${name} is drawn`);
    must(Math.abs(seen.width - wanted.width) <= 1 && Math.abs(seen.from - wanted.from) <= 1, () => `${name}: ${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
    at += share;
  }
  await kit.visit(page, `${tracePath(exceeds)}?span=${spanIdOf(`${exceeds} chat`)}`);
  must((await page.locator(".phase").count()) === 0, "phases that are longer than their span are drawn");
  await page.getByText(/more than the span/).first().waitFor();
  return `${Math.round(drawn.width)} px`;
}

/** What is pressed on a French keyboard where others have W, A, S, D. */
const AZERTY = { KeyW: "z", KeyA: "q", KeyS: "s", KeyD: "d" };

async function azerty(kit) {
  const page = await kit.open(tracePath(kit.data.large.trace));
  const session = await page.context().newCDPSession(page);
  await page.locator(ROWS).first().click();
  await settled(page);
  const view = () => {
    const [from = 0, to = 1] = (new URL(page.url()).searchParams.get("v") ?? "0-1").split("-").map(Number);
    return { from, to, width: to - from };
  };
  /** The address follows when the view has rested. */
  const press = async (code) => {
    const before = page.url();
    for (const type of ["keyDown", "keyUp"]) await session.send("Input.dispatchKeyEvent", { type, code, key: AZERTY[code], text: type === "keyDown" ? AZERTY[code] : undefined });
    await page.waitForURL((url) => url.href !== before, { timeout: 3000 }).catch(() => {});
    return view();
  };
  const zoomed = await press("KeyW");
  must(zoomed.width < 0.99, `W leaves ${zoomed.width} of the time in view`);
  const closer = await press("KeyW");
  must(closer.width < zoomed.width, "a second W does not zoom further");
  const right = await press("KeyD");
  must(right.from > closer.from, "D does not pan to the right");
  const left = await press("KeyA");
  must(left.from < right.from, "A does not pan to the left");
  const wider = await press("KeyS");
  must(wider.width > left.width, "S does not zoom out");
}
