// The colours that the page has in a browser, in both themes: contrast of every pair that stands on one another, and of the palette for
// eyes that lack a kind of cones.

import { EYES, contrast, differenceOf, rgbOf, seenBy } from "./colour.mjs";
import { must } from "./harness.mjs";

export const checks = [{ name: "26 contrast of every pair of tokens, and at least 12 between any two series for four kinds of eyes, in both themes", run: tokens }];

const GROUNDS = ["bg", "surface-1", "surface-2", "selected"];
/** Least contrast: `[token, on, ratio]`. */
const LEAST = [
  ...["text-1", "text-2", "text-3", "accent", "ok", "degraded", "invalid"].flatMap((token) => GROUNDS.map((ground) => [token, ground, 4.5])),
  ["text-1", "mark", 4.5],
  ["ok", "ok-tint", 4.5],
  ["degraded", "degraded-tint", 4.5],
  ["invalid", "invalid-tint", 4.5],
  ...["bg", "surface-1"].flatMap((ground) => [["border-strong", ground, 3], ...Array.from({ length: 8 }, (_, place) => [`series-${place + 1}`, ground, 3])]),
];
const APART = 12;

async function tokens(kit) {
  const wrong = [];
  const least = { contrast: Infinity, apart: Infinity };
  for (const dark of [false, true]) {
    const page = await kit.open("/start", { dark });
    const names = [...new Set(LEAST.flatMap(([one, other]) => [one, other]))];
    const values = await page.evaluate((all) => {
      const style = getComputedStyle(document.documentElement);
      return Object.fromEntries(all.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    }, names);
    const theme = dark ? "dark" : "light";
    for (const name of names) must(/^#[0-9a-f]{6}$/i.test(values[name]), `${theme}: --${name} is "${values[name]}"`);
    for (const [token, ground, ratio] of LEAST) {
      const is = contrast(values[token], values[ground]);
      least.contrast = Math.min(least.contrast, is / ratio);
      if (is < ratio) wrong.push(`${theme}: ${token} on ${ground} has ${is.toFixed(2)}, not ${ratio}`);
    }
    const series = Array.from({ length: 8 }, (_, place) => `series-${place + 1}`);
    for (const eyes of EYES) {
      for (const [place, one] of series.entries()) {
        for (const other of series.slice(place + 1)) {
          const apart = differenceOf(...[one, other].map((name) => seenBy(eyes, rgbOf(values[name]))));
          least.apart = Math.min(least.apart, apart);
          if (apart < APART) wrong.push(`${theme}, ${eyes}: ${one} and ${other} are ${apart.toFixed(1)} apart`);
        }
      }
    }
  }
  must(wrong.length === 0, () => wrong.join("\n"));
  return `least ${least.contrast.toFixed(2)} times what is needed, series ${least.apart.toFixed(1)} apart`;
}
