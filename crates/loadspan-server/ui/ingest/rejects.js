// What was not taken: why, how often, and what its sender can do.

import { html } from "../lib.js";
import { useUtc } from "../settings.js";
import { count, plainLine, time } from "../format.js";

/** `rejects`: the latest first. */
export function Rejects({ rejects }) {
  const [utc] = useUtc();
  const sorted = [...rejects].sort((a, b) => b.last_ms - a.last_ms);
  if (sorted.length === 0) return html`<p class="quiet">● Nothing since the server started.</p>`;
  return html`
    <ul class="rejects">
      ${sorted.map(
        ({ kind, reason, count: times, first_ms: first, last_ms: last, sample, remedy }) => html`
          <li key=${`${kind} ${reason}`} data-kind=${kind}>
            <p><b>✕ ${plainLine(reason)}</b>, ${times === 1 ? "once" : `${count(times)} times`}. <span class="remedy">${plainLine(remedy)}</span></p>
            <p class="quiet">
              ${times === 1 ? time(last, { utc }) : `from ${time(first, { utc })} to ${time(last, { utc })}`}${sample && html`; the last one: <code>${plainLine(sample)}</code>`}
            </p>
          </li>
        `,
      )}
    </ul>
  `;
}
