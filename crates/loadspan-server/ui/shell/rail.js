// The rail: the pages, each with a sign and its name, and what concerns all of them.

import { html } from "../lib.js";
import { useMistakes } from "./ingest-state.js";
import { Link } from "../router.js";
import { toggleTheme } from "../theme.js";

export const PLACES = [
  { to: "/runs", name: "Runs", key: "r", icon: "M3 13V9M7 13V5M11 13V7M15 13V3" },
  { to: "/compare", name: "Compare", key: "c", icon: "M3 12c4 0 4-8 12-8M3 14c6 0 6-4 12-4" },
  { to: "/traces", name: "Traces", key: "t", icon: "M3 4h8M6 9h7M9 14h6" },
  { to: "/sessions", name: "Sessions", key: "s", icon: "M3 4h12v7H8l-3 3v-3H3z" },
  { to: "/ingest", name: "Ingest", key: "i", icon: "M9 2v8M6 7l3 3 3-3M3 11v4h12v-4" },
  { to: "/start", name: "Start", key: "n", icon: "M6 4l7 5-7 5z" },
];

const CLOCK = "M9 2.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M9 5v4l3 2";
const HALF = "M9 2.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M9 3v12M12 4v10";
const QUESTION = "M6.5 6.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M9 13.4v.2";

function Icon({ path }) {
  return html`<svg viewBox="0 0 18 18" aria-hidden="true"><path d=${path} /></svg>`;
}

export function Rail({ path, utc, setUtc, help }) {
  const at = path === "/" ? "/runs" : path;
  const mistakes = useMistakes();
  return html`
    <nav class="rail" aria-label="Pages">
      <${Link} class="logo" to="/runs" aria-label="loadspan: runs"><${Mark} /><span aria-hidden="true">loadspan</span><//>
      ${PLACES.map(
        ({ to, name, icon, key }) => html`
          <${Link} to=${to} class=${at.startsWith(to) ? "here" : ""} aria-current=${at.startsWith(to) ? "page" : undefined} title=${`${name} (g ${key})`}>
            <${Icon} path=${icon} /><span>${name}</span>
            ${to === "/ingest" && mistakes > 0 && html`<span class="sign" title="Something was rejected lately"><span aria-hidden="true">▲</span><span class="unseen"> something was rejected lately</span></span>`}
          <//>
        `,
      )}
      <span class="fill"></span>
      <button type="button" onClick=${() => setUtc(!utc)} title="Local time or UTC (u)" aria-label=${utc ? "Times in UTC: show local time" : "Times in local time: show UTC"}>
        <${Icon} path=${CLOCK} /><span>${utc ? "UTC" : "Local"}</span>
      </button>
      <button type="button" onClick=${toggleTheme} title="Light or dark (.)" aria-label="Theme: light or dark">
        <${Icon} path=${HALF} /><span>Theme</span>
      </button>
      <button type="button" class="keys-button" onClick=${help} title="Keys (?)" aria-label="Keys" aria-haspopup="dialog">
        <${Icon} path=${QUESTION} /><span>Keys</span>
      </button>
    </nav>
  `;
}

/** A bar over its span. */
function Mark() {
  return html`
    <svg viewBox="0 0 18 18" aria-hidden="true">
      <path d="M3 5h12" class="load" />
      <path d="M6 9h6" class="load" />
      <path d="M3 13h12M3 11v4M15 11v4" />
    </svg>
  `;
}
