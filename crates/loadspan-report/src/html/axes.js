/* Draws the charts from the data in the page, and lets one zoom, point and hide. It takes text as text, and loads nothing. */
"use strict";

const SVG = document.getElementById("mark").namespaceURI;
const plots = [];
/* What all charts over time show, in seconds; null is everything. */
let timeView = null;

function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

function html(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

function inked(made, ink) {
  made.style.setProperty("--ink", `var(--${ink})`);
  return made;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const path = (name, d, more) => shape("path", { class: name, d, ...more });
const line = (name, x1, y1, x2, y2) => shape("line", { class: name, x1, y1, x2, y2 });
const text = (name, x, y, content) => shape("text", { class: name, x, y }, content);
const ruler = document.createElement("canvas").getContext("2d");
ruler.font = `11px ${getComputedStyle(document.body).fontFamily}`;
const widthOf = (content) => ruler.measureText(content).width;

/* Numbers and axes */

function grouped(value, decimals) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString("en-US", digits).replace("-", "\u2212");
}

function number(value) {
  const size = Math.abs(value);
  if (size > 0 && size < 0.01) return value.toPrecision(2);
  return grouped(value, size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

const unitOf = (label) => (label.match(/\(([^()]*)\)$/) || ["", ""])[1];
const decimalsFor = (step) => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));

function timeUnit([from, until]) {
  return until - from <= 300 ? ["s", 1] : until - from <= 14400 ? ["min", 60] : ["h", 3600];
}

/* From values to pixels, and back. */
function scaleOf({ kind }, view, start, end) {
  const along = kind === "log" ? (value) => Math.log(Math.max(value, 1e-300)) : (value) => value;
  const low = along(view[0]);
  const perUnit = (end - start) / (along(view[1]) - low);
  const scale = (value) => clamp(start + (along(value) - low) * perUnit, -1e5, 1e5);
  const back = (pixel) => low + (pixel - start) / perUnit;
  scale.invert = kind === "log" ? (pixel) => Math.exp(back(pixel)) : back;
  return scale;
}

/* At most about `count` round values. */
function ticksOf(axis, view, count) {
  if (axis.kind === "rows") {
    const every = Math.ceil(axis.rows.length / count);
    return axis.rows.map((label, value) => ({ value, label })).filter(({ value }) => value % every === 0);
  }
  if (axis.kind === "log" && view[1] / view[0] > 8) return logTicks(view, count);
  const unit = axis.kind === "time" ? timeUnit(view)[1] : 1;
  const least = (view[1] - view[0]) / unit / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9));
  const ticks = [];
  for (let index = Math.ceil(view[0] / unit / step - 1e-9); index * step * unit <= view[1] + step * 1e-9; index++) {
    /* Adding 0 takes the sign off a zero. */
    ticks.push({ value: index * step * unit, label: grouped(index * step + 0, decimalsFor(step)) });
  }
  return ticks;
}

function logTicks([low, high], count) {
  const decades = Math.log10(high / low);
  const skip = Math.max(1, Math.ceil(decades / count));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++) {
    for (const factor of decades * 3 <= count + 1 ? [1, 2, 5] : [1]) {
      const value = factor * 10 ** power;
      const isIn = power % skip === 0 && value >= low * 0.999 && value <= high * 1.001;
      if (isIn) ticks.push({ value, label: grouped(value, decimalsFor(value)) });
    }
  }
  return ticks;
}
