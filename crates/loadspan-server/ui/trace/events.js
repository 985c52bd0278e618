// What happened within a span, and what it is linked to.

import { html } from "../lib.js";
import { duration, plainLine } from "../format.js";
import { Json } from "../chat/json.js";
import { Link } from "../router.js";
import { shortId } from "../traces/search.js";
import { nanosSince } from "./tree.js";

export function Events({ span }) {
  const events = span.events ?? [];
  if (events.length === 0) return html`<p class="quiet">No events.</p>`;
  return html`
    <ol class="events">
      ${events.map(
        (event) => html`
          <li class=${event.name === "exception" ? "exception" : ""}>
            <span class="at">${sinceStart(event, span)}</span>
            <div>
              <b>${plainLine(event.name)}</b>
              ${Object.keys(event.attributes ?? {}).length > 0 && html`<${Json} value=${event.attributes} />`}
            </div>
          </li>
        `,
      )}
    </ol>
    ${span.dropped?.events > 0 && html`<p class="quiet">${span.dropped.events} more were dropped where the span was made.</p>`}
  `;
}

function sinceStart(event, span) {
  const second = Number(span.start_ns.slice(0, -9));
  const nanos = nanosSince(String(event.time_unix_nano), second) - Number(span.start_ns.slice(-9));
  return `${nanos >= 0 ? "+" : ""}${duration(nanos / 1e9)}`;
}

export function Links({ id, span, model }) {
  const links = span.links ?? [];
  if (links.length === 0) return html`<p class="quiet">No links.</p>`;
  return html`
    <ul class="links">
      ${links.map((link) => html`<li><${To} id=${id} link=${link} model=${model} />${attributesOf(link)}</li>`)}
    </ul>
  `;
}

function attributesOf({ attributes }) {
  return Object.keys(attributes ?? {}).length > 0 && html`<${Json} value=${attributes} />`;
}

/** Ids are checked before they are part of an address. */
function To({ id, link, model }) {
  const trace = String(link.trace_id ?? "");
  const span = String(link.span_id ?? "");
  if (!/^(tr-)?[0-9a-f]{32}$/.test(trace)) return html`<code>${plainLine(trace)}</code>`;
  const row = trace === id ? model.tree.row.get(span) : undefined;
  const name = row === undefined ? `trace ${shortId(trace)}` : plainLine(model.tree.name[row]);
  const query = /^[0-9a-f]{16}$/.test(span) ? `?span=${span}` : "";
  return html`<${Link} to=${`/traces/${trace}${query}`}>${name}<//> <code class="quiet">${plainLine(span)}</code>`;
}
