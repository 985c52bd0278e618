// What a call of a model came to: model, tokens, cost, and where its time went.

import { html, useRef } from "../lib.js";
import { useRoom } from "../charts/room.js";
import { count, duration, number, plainLine } from "../format.js";
import { PhaseBar, PhaseList } from "./phase-bar.js";

export function Facts({ span, phases }) {
  const facts = factsOf(span, phases);
  if (facts.length === 0 && !phases) return null;
  return html`
    ${facts.length > 0 && html`<dl class="llm-facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`}
    ${phases?.phases.length > 0 && html`<${Timing} found=${phases} />`}
    ${phases?.fault && html`<p class="quiet timing-fault">${phases.fault}</p>`}
  `;
}

function factsOf({ model, provider, usage, cost, attributes = {} }, phases) {
  const facts = [];
  if (model) facts.push(["model", plainLine(provider ? `${model} · ${provider}` : model)]);
  if (usage) {
    if (typeof usage.input_tokens === "number") facts.push(["input", `${count(usage.input_tokens)} tokens${cached(usage)}`]);
    if (typeof usage.output_tokens === "number") facts.push(["output", `${count(usage.output_tokens)} tokens${reasoned(attributes)}`]);
  }
  const rate = rateOf(usage, phases);
  if (rate !== null) facts.push(["speed", `${number(rate)} tok/s`]);
  if (typeof cost?.total_cost === "number") facts.push(["cost", `$${number(cost.total_cost)}`]);
  return facts;
}

function cached(usage) {
  const read = usage.cache_read_input_tokens;
  return typeof read === "number" && read > 0 ? `, ${count(read)} cached` : "";
}

const REASONING = ["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning"];

function reasoned(attributes) {
  const tokens = REASONING.map((key) => attributes[key]).find((value) => typeof value === "number");
  return tokens > 0 ? `, ${count(tokens)} of them reasoning` : "";
}

/** Tokens after the first, by the time that they took. */
function rateOf(usage, phases) {
  const decode = phases?.phases.find(({ name }) => name === "decode");
  if (!decode || decode.to <= decode.from || !(usage?.output_tokens > 1)) return null;
  return (usage.output_tokens - 1) / ((decode.to - decode.from) / 1e9);
}

function Timing({ found }) {
  const box = useRef();
  const { width } = useRoom(box);
  const said = found.phases.map(({ name, from, to }) => `${name} ${duration((to - from) / 1e9)}`).join(", ");
  return html`
    <figure class="timing">
      <div class="timing-bar" ref=${box} role="img" aria-label=${said}><${PhaseBar} found=${found} width=${width} /></div>
      <${PhaseList} found=${found} />
      <figcaption class="quiet">${found.source}</figcaption>
    </figure>
  `;
}
