// The head of a trace: what it came to, and where it belongs, before any span is opened.

import { html, useMemo } from "../lib.js";
import { count, duration, number, plainLine, time } from "../format.js";
import { CopyLink } from "../parts/copy.js";
import { Link, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { PageHead } from "../shell.js";
import { shortId } from "../traces/search.js";
import { useRunOf } from "./run-of.js";
import { totalsOf } from "./totals.js";
import { wayBack } from "./way-back.js";

/** Models that are named; of more it is said how many. */
const NAMED = 3;

export function TraceHead({ info, tree }) {
  const back = wayBack(useQuery().get("from"), location.origin);
  const run = useRunOf(info);
  return html`
    <${PageHead} title=${plainLine(info.name || tree.name[0] || shortId(info.id))} trail=${[{ to: "/traces", name: "Traces" }]}>
      ${back && html`<${Link} class="button" to=${back.to}><span aria-hidden="true">←\u00a0</span>Back to ${back.name}<//>`}
      ${run && html`<${Link} class="button" to=${`/runs/${encodeURIComponent(run.id)}?at=${endOf(info)}`} title=${plainLine(run.name)}>Run ${shortened(run.name)}<//>`}
      ${info.session !== null && html`<${Link} class="button" to=${sessionOf(info)}>Session ${shortened(info.session)}<//>`}
      <a class="button" href=${`/api/3.0/loadspan/traces/${encodeURIComponent(info.id)}/export?format=otlp`} download=${`${info.id}.json`}>OTLP</a>
      <${CopyLink} />
    <//>
    <${Facts} info=${info} tree=${tree} />
  `;
}

/** The moment at which a run counts a trace: when it ended. */
function endOf({ started, seconds }) {
  return Math.round(started + (seconds ?? 0) * 1000);
}

function sessionOf({ session, id }) {
  return `/sessions/${encodeURIComponent(session)}?turn=${encodeURIComponent(id)}`;
}

function shortened(text) {
  const line = plainLine(text);
  return line.length > 18 ? `${line.slice(0, 17)}…` : line;
}

function Facts({ info, tree }) {
  const [utc] = useUtc();
  const { inputTokens, outputTokens, cost, models } = useMemo(() => totalsOf(tree, info), [tree, info]);
  const rest = models.length - NAMED;
  const services = tree.services.filter(Boolean);
  return html`
    <p class="trace-facts">
      <code>${shortId(info.id)}</code>
      <b>${duration(tree.total / 1e9, 4)}</b>
      <span>${count(tree.size)} ${tree.size === 1 ? "span" : "spans"}</span>
      ${tree.errors > 0
        ? html`<span class="verdict invalid">✕ ${count(tree.errors)} ${tree.errors === 1 ? "error" : "errors"}</span>`
        : html`<span>no errors</span>`}
      ${info.state === "IN_PROGRESS" && html`<span class="verdict running">◐ not ended</span>`}
      ${(inputTokens !== null || outputTokens !== null) && html`<span>${count(inputTokens)} in, ${count(outputTokens)} out tokens</span>`}
      ${cost !== null && html`<span>$${number(cost)}</span>`}
      ${models.length > 0 && html`<span>${models.slice(0, NAMED).map(plainLine).join(", ")}${rest > 0 && ` and ${count(rest)} more`}</span>`}
      ${services.length > 1 && html`<span title=${services.map(plainLine).join(", ")}>${count(services.length)} services</span>`}
      <span class="quiet">${time(info.started, { utc, millis: true })}</span>
    </p>
  `;
}
