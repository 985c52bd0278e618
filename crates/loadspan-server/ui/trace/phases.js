// What a call of a model spent its time on: waiting, reading the prompt, writing. From what the client saw, else from what the server
// says, else from the spans below. What does not fit into the span is not drawn.

import { nanosSince } from "./tree.js";

const FIRST_TOKEN_EVENTS = ["loadspan.first_token", "first_token", "gen_ai.first_token", "llm.first_token"];
const LAST_TOKEN_EVENTS = ["loadspan.end_of_output", "last_token"];
const FIRST_TOKEN_SECONDS = [
  "loadspan.time_to_first_token",
  "gen_ai.response.time_to_first_token",
  "gen_ai.response.time_to_first_chunk",
  "gen_ai.latency.time_to_first_token",
  "gen_ai.server.time_to_first_token",
];
const STAGES = [
  { name: "queue", keys: ["gen_ai.latency.time_in_queue"], spans: /queue/i },
  { name: "prefill", keys: ["gen_ai.latency.time_in_model_prefill"], spans: /prefill/i },
  { name: "decode", keys: ["gen_ai.latency.time_in_model_decode"], spans: /decode/i },
];
/** How much longer than the span the phases may be together: clocks differ. */
const SLACK = 1.01;

/**
 * `{ phases: [{ name, from, to }], firstToken, source, fault }` in nanoseconds from the start of the span, or null when nothing is known.
 * `below` are the spans under it: `[{ name, from, to }]` in the same nanoseconds.
 */
export function phasesOf(span, below = []) {
  const length = lengthOf(span);
  if (!(length > 0)) return null;
  const firstToken = firstTokenOf(span, length);
  const told = fromAttributes(span.attributes ?? {}) ?? fromSpans(below);
  if (told) {
    const sum = told.phases.reduce((most, { to }) => Math.max(most, to), 0);
    if (sum > length * SLACK) {
      const fault = "The phases add up to more than the span: they are not drawn.";
      return { phases: [], firstToken, source: told.source, fault };
    }
    return { phases: withOther(told.phases, length), firstToken: firstToken ?? startOf(told.phases, "decode"), source: told.source, fault: null };
  }
  if (firstToken === null) return null;
  const last = Math.min(length, eventAt(span, LAST_TOKEN_EVENTS) ?? length);
  const phases = [
    { name: "until first token", from: 0, to: firstToken },
    { name: "decode", from: firstToken, to: Math.max(firstToken, last) },
  ];
  return { phases: withOther(phases, length), firstToken, source: "as the client saw it", fault: null };
}

function lengthOf({ start_ns: start, end_ns: end }) {
  return end ? nanosSince(end, Number(start.slice(0, -9))) - Number(start.slice(-9)) : 0;
}

function firstTokenOf(span, length) {
  const seen = eventAt(span, FIRST_TOKEN_EVENTS);
  const told = FIRST_TOKEN_SECONDS.map((key) => span.attributes?.[key]).find((value) => typeof value === "number");
  const at = seen ?? (told === undefined ? null : told * 1e9);
  return at !== null && at >= 0 && at <= length * SLACK ? at : null;
}

function eventAt({ start_ns: start, events = [] }, names) {
  const event = events.find(({ name }) => names.includes(name));
  if (!event) return null;
  return nanosSince(String(event.time_unix_nano), Number(start.slice(0, -9))) - Number(start.slice(-9));
}

function fromAttributes(attributes) {
  const phases = [];
  let at = 0;
  for (const { name, keys } of STAGES) {
    const seconds = keys.map((key) => attributes[key]).find((value) => typeof value === "number" && value >= 0);
    if (seconds === undefined) continue;
    phases.push({ name, from: at, to: at + seconds * 1e9 });
    at += seconds * 1e9;
  }
  return phases.length > 0 ? { phases, source: "from attributes, one after the other" } : null;
}

function fromSpans(below) {
  const phases = [];
  for (const { name, spans } of STAGES) {
    const found = below.find((span) => spans.test(span.name));
    if (found) phases.push({ name, from: Math.max(0, found.from), to: found.to });
  }
  return phases.length > 0 ? { phases, source: "from the spans below" } : null;
}

function startOf(phases, name) {
  return phases.find((phase) => phase.name === name)?.from ?? null;
}

/** What is left over is said to be left over. */
function withOther(phases, length) {
  const whole = [];
  let at = 0;
  for (const phase of phases) {
    if (phase.from > at + length * 0.001) whole.push({ name: "other", from: at, to: phase.from });
    whole.push({ ...phase, to: Math.min(phase.to, length) });
    at = Math.max(at, phase.to);
  }
  if (at < length * 0.999) whole.push({ name: "other", from: at, to: length });
  return whole;
}
