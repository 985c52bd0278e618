// Pictures of every page, in both themes and two widths, for people to look at.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DESKTOP, LONG_MS, PHONE, must, settled } from "./harness.mjs";
import { pagesOf } from "./routes.mjs";

export const checks = [{ name: "pictures of every page in both themes at 1280 and 390 px", run: pictures, limit: LONG_MS }];

async function pictures(kit) {
  const folder = kit.config.pictures;
  await mkdir(folder, { recursive: true });
  let count = 0;
  const wide = [];
  for (const [name, size] of [["1280", DESKTOP], ["390", PHONE]]) {
    const page = await kit.open("/start", { size });
    for (const [what, path] of pagesOf(kit.data)) {
      await page.emulateMedia({ colorScheme: "light" });
      await kit.visit(page, path);
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await settled(page, { quiet: 80 });
        await page.screenshot({ path: join(folder, `${what.replace(/\W+/g, "-")}-${theme}-${name}.png`) });
        count += 1;
      }
      const sideways = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      if (sideways > 1) wide.push(`${what} at ${name} px is ${sideways} px too wide`);
    }
  }
  must(wide.length === 0, () => wide.join("\n"));
  return `${count} in ${folder}`;
}
