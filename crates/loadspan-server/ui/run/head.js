// The top of a run: whether it can be trusted, whether it met its targets, and its four figures. Their heights never change.

import { html, useEffect, useState } from "../lib.js";
import { Verdict } from "../parts/verdict.js";
import { useUtc } from "../settings.js";
import { NOTHING, count, duration, number, plainLine, share, time, unitOf } from "../format.js";
import { tickText } from "../charts/scale.js";
import { groundsOf, limitsOf, reasonsOf, sloOf } from "./verdict.js";
import { figureOf, valueOf } from "./figures.js";

/** `watched`: the run was still going when this page was opened. Then the verdict has to fit into the room that is there. */
export function RunHead({ run, windows, watched }) {
  return html`
    <section class="run-head" aria-label="Verdict and figures">
      <div class="verdict-line ${run.verdict}">
        <${Verdict} of=${run.verdict} />
        ${run.live ? html`<${Progress} run=${run} windows=${windows} />` : html`<${Grounds} run=${run} />`}
      </div>
      ${watched ? html`<${OneReason} run=${run} />` : html`<${Reasons} reasons=${reasonsOf(run)} verdict=${run.verdict} />`}
      <${Slo} run=${run} />
      <${Figures} run=${run} windows=${windows} />
    </section>
  `;
}

function Grounds({ run }) {
  const [utc] = useUtc();
  const why = run.tags["incomplete.reason"];
  const when = `${time(run.start, { utc })}${run.end ? `, ${duration((run.end - run.start) / 1000)}` : ""}`;
  return html`
    <span class="grounds">
      ${why ? html`<span>Cut short: ${plainLine(why)}.</span> ` : ""}${groundsOf(run) || "No verdict: loadspan did not measure this run, or it groups others."}
    </span>
    <span class="quiet when">${run.params.load ? `${plainLine(run.params.load)} · ` : ""}${when}</span>
  `;
}

/** A line from the beginning on, so that nothing below moves when the run ends. */
function OneReason({ run }) {
  const [all, setAll] = useState(false);
  const reasons = run.live ? [] : reasonsOf(run);
  if (all) return html`<${Reasons} reasons=${reasons} verdict=${run.verdict} />`;
  if (reasons.length > 0) {
    const more = reasons.length > 1 && html`<button type="button" class="plain" onClick=${() => setAll(true)}>and ${reasons.length - 1} more</button>`;
    return html`<${Reasons} reasons=${reasons.slice(0, 1)} verdict=${run.verdict} more=${more} />`;
  }
  return html`<p class="reasons none">${run.live ? "Whether the figures can be trusted is judged when the run is over." : "Nothing speaks against the figures."}</p>`;
}

/** Every reason is read without opening anything: what is the matter, and what to do. */
function Reasons({ reasons, verdict, more }) {
  if (reasons.length === 0) return null;
  return html`
    <ul class="reasons">
      ${reasons.map(
        ({ severity = verdict, message, advice }) => html`
          <li class=${severity}>
            <b>${severity}</b>
            <span>${plainLine(message)}.${advice ? html` <span class="quiet">To do: ${plainLine(advice)}.</span>` : ""}</span>
            ${more}
          </li>
        `,
      )}
    </ul>
  `;
}

function Slo({ run }) {
  const slo = sloOf(run);
  if (run.live) {
    const limits = Object.entries(limitsOf(run));
    if (limits.length === 0) return null;
    return html`<p class="slo"><span class="mark">○ SLO</span> ${limits.map(([key, limit]) => html`<span>${targetOf(key, limit)}</span>`)}<span class="quiet">judged when the run is over</span></p>`;
  }
  if (!slo) return null;
  return html`
    <p class="slo">
      <span class="mark ${slo.passed ? "ok" : "invalid"}">${slo.passed ? "✓" : "✗"} SLO</span>
      ${slo.targets.map(
        (target) => html`
          <span class="target">
            <span class=${target.passed ? "ok" : "invalid"} aria-hidden="true">${target.passed ? "✓" : "✗"}</span>
            <span class="unseen">${target.passed ? "met: " : "not met: "}</span>
            ${" "}${target.name} ${target.sign} ${tickText(target.limit)} ${target.unit}: <b>${share(target.share, { of: slo.of })}</b>
          </span>
        `,
      )}
      <span class="quiet">${count(slo.good)} of ${count(slo.of)} requests met all. A target needs 99 %; failed requests miss it.</span>
    </p>
  `;
}

function targetOf(key, limit) {
  const { short, name, unit, better } = figureOf(key);
  return `${short ?? name} ${better === "higher" ? "≥" : "≤"} ${tickText(limit)} ${unit}`;
}

/** How far a run is, by what was asked for. */
function Progress({ run, windows }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const elapsed = Math.max(0, (now - run.start) / 1000);
  const planned = Number(run.params["benchmark_duration_s"]);
  const requests = Number(run.params["request_count"]);
  const done = windows.total?.ended ?? 0;
  const part = requests > 0 ? done / requests : planned > 0 ? elapsed / planned : null;
  return html`
    <span class="grounds">
      <span class="steady time">${clock(elapsed)}</span>${planned > 0 ? ` of ${clock(planned)}` : ""} · <span class="steady">${count(done)}</span>${requests > 0 ? ` of ${count(requests)}` : ""} requests ended
      ${windows.total?.failed ? html` · <span class="verdict invalid">✕ <span class="steady">${count(windows.total.failed)}</span></span> failed` : ""}
    </span>
    ${part !== null && html`<progress class="when" max="1" value=${Math.min(1, part)} aria-label="Progress"></progress>`}
  `;
}

/** Whole seconds of a clock that goes on. */
function clock(seconds) {
  return seconds < 60 ? `${Math.floor(seconds)} s` : duration(Math.floor(seconds));
}

/** The four figures; while the run goes on they are of all requests until now. */
function Figures({ run, windows }) {
  const figures = run.live ? liveFigures(windows) : finalFigures(run);
  if (!run.live && figures.every(({ parts }) => parts.every(({ value }) => value === NOTHING))) return null;
  return html`
    <dl class="headline ${run.verdict === "invalid" ? "untrusted" : ""}">
      ${figures.map(
        ({ name, parts }) => html`
          <div>
            <dt>${name}</dt>
            <dd>${parts.map(({ word, value, unit }) => html`<span class="part">${word && html`<small>${word}</small>`}<b>${value}</b><small>${unit}</small></span>`)}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}

function finalFigures(run) {
  const figure = (name) => valueOf(run, name);
  return [
    { name: "Requests", parts: [{ value: headline(figure("request_throughput")), unit: "req/s" }] },
    { name: "Output", parts: [{ value: headline(figure("output_token_throughput")), unit: "tok/s" }] },
    { name: "Time to first token", parts: pair(figure("time_to_first_token.p50"), figure("time_to_first_token.p99")) },
    { name: "Request latency", parts: pair(figure("request_latency.p50"), figure("request_latency.p99")) },
  ];
}

function liveFigures({ total }) {
  const seconds = total ? total.elapsed_ms / 1000 : 0;
  const ms = (value) => (Number.isFinite(value) ? value * 1000 : null);
  const rate = (amount) => (total && seconds > 0 ? amount / seconds : null);
  return [
    { name: "Requests ended", parts: [{ value: headline(rate(total?.ended)), unit: "req/s" }] },
    { name: "Output", parts: [{ value: headline(rate(total?.output_tokens)), unit: "tok/s" }] },
    { name: "Time to first chunk", parts: livePair(total?.ttft, ms) },
    { name: "Request latency", parts: livePair(total?.duration, ms) },
  ];
}

function livePair(spread, ms) {
  // With fewer than a hundred requests the 99th percentile is only the largest.
  return pair(ms(spread?.p50), spread?.n >= 100 ? ms(spread?.p99) : null);
}

function headline(value) {
  return value === null || !Number.isFinite(value) ? NOTHING : number(value, 4);
}

/** Two latencies in the unit of the larger one. */
function pair(p50, p99) {
  const unit = unitOf((p99 ?? p50 ?? 0) / 1000);
  const shown = (value) => (Number.isFinite(value) && value !== null ? number(value / 1000 / unit.seconds, 3) : NOTHING);
  const name = p50 === null && p99 === null ? "ms" : unit.name;
  return [
    { word: "p50", value: shown(p50), unit: name },
    { word: "p99", value: shown(p99), unit: name },
  ];
}
