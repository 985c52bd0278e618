// The top of a run: whether it can be trusted, whether it met its targets, and its four figures. Their heights never change.

import { html, useMemo, useState } from "../lib.js";
import { useNow } from "../parts/polling.js";
import { Verdict } from "../parts/verdict.js";
import { useUtc } from "../settings.js";
import { NOTHING, count, duration, number, plainLine, share, time, unitOf } from "../format.js";
import { tickText, withheld } from "../charts/scale.js";
import { plannedOf } from "./stages.js";
import { endingOf, groundsOf, limitsOf, reasonsOf, silenceOf, sloOf } from "./verdict.js";
import { distributionOf, figureOf, valueOf } from "./figures.js";

/** `watched`: the run was still going when this page was opened. Then the verdict has to fit into the room that is there. */
export function RunHead({ run, windows, watched }) {
  const now = useNow(run.live);
  // Before the first answer nobody knows whether there are news.
  const silence = windows.seq === 0 ? null : silenceOf(run, windows.total, now);
  const verdict = silence ? "silent" : run.verdict;
  return html`
    <section class="run-head ${watched ? "watched" : ""}" aria-label="Verdict and figures">
      <div class="verdict-line ${verdict}">
        <${Verdict} of=${verdict} />
        ${!run.live && html`<${Grounds} run=${run} />`}
        ${silence && html`<${Silent} run=${run} silence=${silence} windows=${windows} />`}
        ${run.live && !silence && html`<${Progress} run=${run} windows=${windows} />`}
      </div>
      ${watched ? html`<${OneReason} run=${run} />` : html`<${Reasons} reasons=${reasonsOf(run)} verdict=${run.verdict} />`}
      <${Slo} run=${run} />
      <${Figures} run=${run} windows=${windows} />
    </section>
  `;
}

function Grounds({ run }) {
  const [utc] = useUtc();
  const ending = endingOf(run);
  const when = `${time(run.start, { utc })}${run.end ? `, ${duration((run.end - run.start) / 1000)}` : ""}`;
  return html`
    <span class="grounds">
      ${ending && html`<b>${plainLine(ending)}</b> `}${groundsOf(run) || (ending ? "" : "No verdict: loadspan did not measure this run, or it groups others.")}
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
    const said = reasons.length > 1 ? `and ${reasons.length - 1} more` : "all of it";
    const more = html`<button type="button" class="plain" onClick=${() => setAll(true)}>${said}</button>`;
    return html`<${Reasons} reasons=${reasons.slice(0, 1)} verdict=${run.verdict} more=${more} one />`;
  }
  return html`<p class="reasons none">${run.live ? "Whether the figures can be trusted is judged when the run is over." : "Nothing speaks against the figures."}</p>`;
}

/** Every reason is read without opening anything: what is the matter, and what to do. */
function Reasons({ reasons, verdict, more, one = false }) {
  if (reasons.length === 0) return null;
  return html`
    <ul class="reasons ${one ? "one" : ""}">
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

/** It says that it is running, and nothing comes: what is known, and what to do. */
function Silent({ run, silence, windows }) {
  const [utc] = useUtc();
  const ended = windows.total?.ended ?? 0;
  return html`
    <span class="grounds">
      ${ended > 0 ? `No request has ended since ${time(silence.last, { utc })}, ${clock(silence.silent / 1000)} ago; ${count(ended)} had until then.` : `No request has ended since the run began at ${time(run.start, { utc })}.`}
      ${" "}If the load test was killed, <code>loadspan push DIR</code> completes this run from its folder.
    </span>
  `;
}

/** How far a run is, by what was asked for. */
function Progress({ run, windows }) {
  // Time and counts change together, and not more often than they can be read.
  const seen = useMemo(() => Date.now(), [windows]);
  const elapsed = Math.max(0, (seen - run.start) / 1000);
  const planned = plannedOf(run);
  const requests = Number(run.params["request_count"]);
  const done = windows.total?.ended ?? 0;
  const part = requests > 0 ? done / requests : planned > 0 ? elapsed / planned : null;
  // One text: parts of it would move as figures grow.
  const said = `${clock(elapsed)}${planned > 0 ? ` of ${clock(planned)}` : ""} · ${count(done)}${requests > 0 ? ` of ${count(requests)}` : ""} requests ended`;
  return html`
    <span class="grounds">${said}</span>
    <span class="verdict invalid failures">${windows.total?.failed ? `✕ ${count(windows.total.failed)} failed` : ""}</span>
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
            <dd>${parts.map(({ word, value, unit, why }) => html`<span class="part" title=${why}>${word && html`<small>${word}</small>`}<b>${value}</b>${unit && html`<small>${unit}</small>`}</span>`)}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}

function finalFigures(run) {
  const figure = (name) => valueOf(run, name);
  return [
    { name: "Completed requests", parts: [{ value: headline(figure("request_throughput")), unit: "req/s" }] },
    { name: "Output", parts: [{ value: headline(figure("output_token_throughput")), unit: "tok/s" }] },
    finalPair("Time to first token", run, "time_to_first_token"),
    finalPair("Request latency", run, "request_latency"),
  ];
}

/** A percentile that so few requests do not support is not shown here, either. */
function finalPair(name, run, key) {
  const n = distributionOf(run, key)?.count;
  return pair(name, { n, p50: valueOf(run, `${key}.p50`), p99: valueOf(run, `${key}.p99`) });
}

function liveFigures({ total }) {
  const seconds = total ? total.elapsed_ms / 1000 : 0;
  const ms = (value) => (Number.isFinite(value) ? value * 1000 : null);
  const rate = (amount) => (total && seconds > 0 ? amount / seconds : null);
  return [
    { name: "Requests ended", parts: [{ value: headline(rate(total?.ended)), unit: "req/s" }] },
    { name: "Output", parts: [{ value: headline(rate(total?.output_tokens)), unit: "tok/s" }] },
    livePair("Time to first chunk", total?.ttft, ms),
    livePair("Request latency", total?.duration, ms),
  ];
}

function livePair(name, spread, ms) {
  return pair(name, { n: spread?.n, p50: ms(spread?.p50), p99: ms(spread?.p99) });
}

function headline(value) {
  return value === null || !Number.isFinite(value) ? NOTHING : number(value, 4);
}

/** Two latencies in the unit of the larger one, which stands beside the name: nothing moves when a figure has another digit. */
function pair(name, { n, ...values }) {
  const why = { p50: withheld(0.5, n), p99: withheld(0.99, n) };
  const [p50, p99] = ["p50", "p99"].map((key) => (why[key] === null ? values[key] : null));
  const unit = unitOf((p99 ?? p50 ?? 0) / 1000);
  const shown = (value) => (Number.isFinite(value) && value !== null ? number(value / 1000 / unit.seconds, 3) : NOTHING);
  return {
    name: `${name}, ${p50 === null && p99 === null ? "ms" : unit.name}`,
    parts: [
      { word: "p50", value: shown(p50), why: why.p50 },
      { word: "p99", value: shown(p99), why: why.p99 },
    ],
  };
}
