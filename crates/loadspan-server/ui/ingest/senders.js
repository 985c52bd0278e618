// Who sends: programs as their resources describe them, those that were heard of last first.

import { html, useState } from "../lib.js";
import { useUtc } from "../settings.js";
import { NOTHING, ago, count, plainLine, time } from "../format.js";

/** Senders that are shown until somebody asks for all. */
const SHOWN = 20;

export function Senders({ senders }) {
  const [utc] = useUtc();
  const [all, setAll] = useState(false);
  if (senders.length === 0) return html`<p class="quiet">Nobody has sent spans, points or log records since the server started.</p>`;
  const sorted = [...senders].sort((a, b) => b.last_seen_ms - a.last_seen_ms);
  const text = (value) => (value === null ? NOTHING : plainLine(value));
  return html`
    <div class="wide" tabindex="0" role="region" aria-label="Senders">
      <table class="ledger texts">
        <thead><tr><th scope="col">Service</th><th scope="col">SDK</th><th scope="col">Address</th><th scope="col" class="number">Spans</th><th scope="col" class="number">All items</th><th scope="col">Last seen</th></tr></thead>
        <tbody>
          ${sorted.slice(0, all ? undefined : SHOWN).map(
            ({ service, sdk, sdk_version: version, address, spans, items, last_seen_ms: seen }) => html`
              <tr>
                <th scope="row">${text(service)}</th>
                <td>${text(sdk)} ${version && html`<span class="quiet">${plainLine(version)}</span>`}</td>
                <td class="mono">${text(address)}</td>
                <td class="number">${count(spans)}</td>
                <td class="number">${count(items ?? spans)}</td>
                <td><time title=${time(seen, { utc })}>${ago(seen)}</time> <span class="quiet">${time(seen, { utc })}</span></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
    ${sorted.length > SHOWN && !all && html`<p>Showing the ${SHOWN} latest of ${count(sorted.length)}. <button type="button" class="link" onClick=${() => setAll(true)}>Show all</button></p>`}
  `;
}
