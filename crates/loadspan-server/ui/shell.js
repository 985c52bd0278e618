// What is around every page: the rail, the bar at the top, the list of keys.

import { html, useEffect, useRef, useState } from "./lib.js";
import { active, useKeys } from "./keys.js";
import { Link, go, useLocation } from "./router.js";
import { toggleTheme } from "./theme.js";
import { useUtc } from "./settings.js";

const PLACES = [
  { to: "/runs", name: "Runs", key: "r", icon: "M3 13V9M7 13V5M11 13V7M15 13V3" },
  { to: "/compare", name: "Compare", key: "c", icon: "M3 12c4 0 4-8 12-8M3 14c6 0 6-4 12-4" },
  { to: "/traces", name: "Traces", key: "t", icon: "M3 4h8M6 9h7M9 14h6" },
  { to: "/sessions", name: "Sessions", key: "s", icon: "M3 4h12v7H8l-3 3v-3H3z" },
  { to: "/ingest", name: "Ingest", key: "i", icon: "M9 2v8M6 7l3 3 3-3M3 11v4h12v-4" },
  { to: "/start", name: "Start", key: "n", icon: "M6 4l7 5-7 5z" },
];

/** The page within its frame. */
export function Shell({ children }) {
  const { path } = useLocation();
  const [help, setHelp] = useState(false);
  const [utc, setUtc] = useUtc();
  useKeys([
    { keys: "?", does: "This list", run: () => setHelp((shown) => !shown) },
    { keys: "/", does: "Find", run: () => document.querySelector("[data-find]")?.focus() },
    { keys: "Escape", does: "Close", run: () => setHelp(false) },
    { keys: ".", does: "Light or dark", run: toggleTheme },
    { keys: "u", does: "Local time or UTC", run: () => setUtc(!utc) },
    ...PLACES.map(({ to, name, key }) => ({ keys: `g ${key}`, does: name, run: () => go(to) })),
  ]);
  return html`
    <a class="skip" href="#main">Skip to content</a>
    <nav class="rail" aria-label="Pages">
      <${Link} class="logo" to="/runs" aria-label="loadspan: runs"><${Mark} /><//>
      ${PLACES.map(
        ({ to, name, icon }) => html`
          <${Link} to=${to} class=${path.startsWith(to) ? "here" : ""} aria-current=${path.startsWith(to) ? "page" : undefined}>
            <svg viewBox="0 0 18 18" aria-hidden="true"><path d=${icon} /></svg>
            <span>${name}</span>
          <//>
        `,
      )}
      <span class="fill"></span>
      <button type="button" onClick=${() => setUtc(!utc)} aria-label="Times in ${utc ? "UTC" : "local time"}; change">
        <span class="glyph" aria-hidden="true">${utc ? "UTC" : "LT"}</span>
        <span>${utc ? "UTC" : "Local time"}</span>
      </button>
      <button type="button" onClick=${toggleTheme} aria-label="Light or dark">
        <span class="glyph" aria-hidden="true">◐</span>
        <span>Theme</span>
      </button>
      <button type="button" onClick=${() => setHelp(true)} aria-label="Keys">
        <span class="glyph" aria-hidden="true">?</span>
        <span>Keys</span>
      </button>
    </nav>
    <main id="main" tabindex="-1">${children}</main>
    ${help && html`<${Help} close=${() => setHelp(false)} />`}
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

function Help({ close }) {
  const dialog = useRef();
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`
    <dialog ref=${dialog} class="help" onClose=${close} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        ${active()
          .filter(({ does }) => does)
          .map(
            ({ keys, does }) => html`
              <div>
                <dt>${keys.split("|").map((one) => html`<kbd>${one.trim().replace("@", "")}</kbd> `)}</dt>
                <dd>${does}</dd>
              </div>
            `,
          )}
      </dl>
      <form method="dialog"><button>Close</button></form>
    </dialog>
  `;
}

/** The head of a page: where one is, and what can be done there. */
export function PageHead({ trail = [], title, children }) {
  useEffect(() => {
    document.title = `${title} · loadspan`;
  }, [title]);
  return html`
    <header class="page-head">
      <h1>
        ${trail.map(({ to, name }) => html`<${Link} to=${to}>${name}<//><span class="slash" aria-hidden="true">/</span>`)}
        <span>${title}</span>
      </h1>
      <div class="actions">${children}</div>
    </header>
  `;
}
