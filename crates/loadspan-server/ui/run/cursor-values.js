// One line of figures for all charts, instead of a box at the pointer: those of the window under the cursor, and its traces.

import { html } from "../lib.js";
import { Link } from "../router.js";
import { CursorSaid, useCursorAt } from "../charts/cursor.js";
import { tickText } from "../charts/scale.js";
import { count, duration, number } from "../format.js";
import { valuesAt } from "./charts.js";
import { placeAt } from "./windows.js";

const SIGNS = { slowest: "◇ slowest", failed: "◇ failed", random: "◇ random" };

export function CursorValues({ windows, marks, urlOf }) {
  const [second, pinned] = useCursorAt();
  const at = second === null ? (windows.complete || windows.count) - 1 : placeAt(windows, second);
  const values = valuesAt(windows, at) ?? NONE;
  const latency = ([p50, p99, max]) => html`p50 <b>${number(p50)}</b> p99 <b>${number(p99)}</b> max <b>${number(max)}</b>`;
  const here = second === null ? [] : exemplarsIn(marks, windows, at);
  const otherwise = (where) => sentenceOf(valuesAt(windows, placeAt(windows, where)));
  return html`
    <p class="values cursor-values">
      <b class="when">${second === null || values === NONE ? "last window" : `${tickText(values.from)} to ${tickText(values.until)} s`}${pinned ? " ●" : ""}</b>
      <span><b>${number(values.rate)}</b> req/s</span>
      <span><b>${number(values.tokens)}</b> tok/s</span>
      <span>first chunk ${latency(values.ttft)}</span>
      <span>chunk p50 <b>${number(values.chunk[0])}</b> max <b>${number(values.chunk[2])}</b></span>
      <span>latency ${latency(values.duration)} ms</span>
      <span>in flight <b>${number(values.flight)}</b></span>
      <span class="second-line">
        ${here.slice(0, 3).map((mark) => html`<${Link} key=${mark.trace} to=${urlOf(mark.trace)}>${SIGNS[mark.kind]} ${duration(mark.y / 1000)}${tokensOf(mark)}<//>`)}
        ${here.length > 0 && html`<span class="quiet"><kbd>Enter</kbd> opens the slowest trace; click keeps the cursor</span>`}
        ${second === null && html`<span class="quiet">Arrow keys move the cursor, a click keeps it; ◇ opens a trace.</span>`}
        ${values.failed > 0 && html`<span class="verdict invalid fill-right">✕ <b>${count(values.failed)}</b> failed</span>`}
      </span>
      <${CursorSaid} otherwise=${otherwise} />
    </p>
  `;
}

function tokensOf({ tokens }) {
  return tokens > 0 ? `, ${count(tokens)} tokens` : "";
}

const NONE = { ttft: [], chunk: [], duration: [] };

/** Marks of the window at a place, slowest first. */
export function exemplarsIn(marks, { width }, place) {
  return marks.filter(({ x }) => place >= 0 && Math.floor((x * 1000) / width) === place).sort((a, b) => b.y - a.y);
}

function sentenceOf(values) {
  if (!values) return "";
  return `${number(values.from)} seconds: ${number(values.rate)} requests per second, first chunk p50 ${number(values.ttft[0] ?? undefined)} ms, latency p50 ${number(values.duration[0] ?? undefined)} ms`;
}
