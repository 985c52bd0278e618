// The colours of the style sheet: contrast of texts, and how far the colours of series are apart, also for those who see fewer.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const SHEET = readFileSync(new URL("../ui/style/tokens.css", import.meta.url), "utf8");

function tokensOf(selector) {
  const at = SHEET.indexOf(`${selector} {`);
  const block = SHEET.slice(at, SHEET.indexOf("}", at));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

const THEMES = { light: tokensOf(":root"), dark: tokensOf(':root[data-theme="dark"]') };

function linear(hex) {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function luminance(hex) {
  const [r, g, b] = linear(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** Ratios that the design states: a token, what it stands on, and the least ratio in the light and in the dark theme. */
const RATIOS = [
  ["text-1", ["bg", "surface-1", "surface-2", "selected"], 14.5, 11.2],
  ["text-2", ["bg", "surface-1", "surface-2", "selected"], 7.4, 7.3],
  ["text-3", ["bg", "surface-1", "surface-2", "selected"], 4.9, 5.2],
  ["text-1", ["mark"], 14, 6.2],
  ["border-strong", ["bg", "surface-1", "surface-2", "selected"], 3.2, 3.5],
  ["accent", ["bg", "surface-1", "surface-2", "selected"], 5.7, 6.5],
  ["ok", ["bg", "surface-1", "surface-2", "selected"], 5.2, 7],
  ["ok", ["ok-tint"], 5.4, 7.4],
  ["degraded", ["bg", "surface-1", "surface-2", "selected"], 5.7, 7.5],
  ["degraded", ["degraded-tint"], 5.9, 7.9],
  ["invalid", ["bg", "surface-1", "surface-2", "selected"], 5.6, 6.1],
  ["invalid", ["invalid-tint"], 5.7, 6.9],
  ...Array.from({ length: 8 }, (_, at) => [`series-${at + 1}`, ["bg", "surface-1"], 3, 3]),
];

for (const [theme, tokens] of Object.entries(THEMES)) {
  test(`texts and marks can be read in the ${theme} theme`, () => {
    for (const [token, grounds, light, dark] of RATIOS) {
      for (const ground of grounds) {
        const ratio = contrast(tokens[token], tokens[ground]);
        assert.ok(ratio >= (theme === "light" ? light : dark) - 0.06, `${token} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
  });

  test(`the colours of series are told apart in the ${theme} theme, whoever looks`, () => {
    const series = Array.from({ length: 8 }, (_, at) => tokens[`series-${at + 1}`]);
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const labs = series.map((hex) => labOf(seen(linear(hex), matrix)));
      for (let a = 0; a < 8; a += 1) {
        for (let b = a + 1; b < 8; b += 1) {
          const apart = ciede2000(labs[a], labs[b]);
          assert.ok(apart >= 12, `${sight}: series ${a + 1} and ${b + 1} are ${apart.toFixed(1)} apart`);
        }
      }
    }
  });
}

/** Machado, Oliveira and Fernandes (2009), severity 1, in linear sRGB. */
const SIGHTS = {
  normal: null,
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

function seen(rgb, matrix) {
  if (!matrix) return rgb;
  return [0, 3, 6].map((row) => Math.min(1, Math.max(0, rgb.reduce((sum, value, at) => sum + matrix[row + at] * value, 0))));
}

function labOf([r, g, b]) {
  const x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
  const y = 0.2126729 * r + 0.7151522 * g + 0.072175 * b;
  const z = (0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883;
  const f = (t) => (t > 216 / 24_389 ? Math.cbrt(t) : (24_389 / 27 / 116) * t + 16 / 116);
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
}

/** Sharma, Wu and Dalal (2005). */
function ciede2000([l1, a1, b1], [l2, a2, b2]) {
  const [rad, deg] = [(d) => (d * Math.PI) / 180, (r) => ((r * 180) / Math.PI + 360) % 360];
  const mean = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = 0.5 * (1 - Math.sqrt(mean ** 7 / (mean ** 7 + 25 ** 7)));
  const [p1, p2] = [(1 + g) * a1, (1 + g) * a2];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const [h1, h2] = [c1 === 0 ? 0 : deg(Math.atan2(b1, p1)), c2 === 0 ? 0 : deg(Math.atan2(b2, p2))];
  const turn = c1 * c2 === 0 ? 0 : ((h2 - h1 + 540) % 360) - 180;
  const dh = 2 * Math.sqrt(c1 * c2) * Math.sin(rad(turn / 2));
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const h = c1 * c2 === 0 ? h1 + h2 : (h1 + turn / 2 + 360) % 360;
  const t = 1 - 0.17 * Math.cos(rad(h - 30)) + 0.24 * Math.cos(rad(2 * h)) + 0.32 * Math.cos(rad(3 * h + 6)) - 0.2 * Math.cos(rad(4 * h - 63));
  const [sl, sc, sh] = [1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2), 1 + 0.045 * c, 1 + 0.015 * c * t];
  const rt = -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * Math.sin(rad(60 * Math.exp(-(((h - 275) / 25) ** 2))));
  const [dl, dc] = [(l2 - l1) / sl, (c2 - c1) / sc];
  return Math.sqrt(dl ** 2 + dc ** 2 + (dh / sh) ** 2 + rt * dc * (dh / sh));
}
