// What is around every page: the rail, the bar at the top, what is found and copied everywhere.

import { html, useEffect, useState } from "./lib.js";
import { useKeys } from "./keys.js";
import { Link, go, useLocation } from "./router.js";
import { toggleTheme } from "./theme.js";
import { useUtc } from "./settings.js";
import { copyLink, useSaid } from "./parts/copy.js";
import { useLive } from "./runs/live.js";
import { Find } from "./shell/find.js";
import { Help } from "./shell/help.js";
import { PLACES, Rail } from "./shell/rail.js";

/** Who asks for the dialog in which everything is found: a button in the head of a page. */
const wishes = new EventTarget();

/** The page within its frame. */
export function Shell({ children }) {
  const { path } = useLocation();
  const [shown, setShown] = useState(null);
  const [said, say] = useSaid();
  const [utc, setUtc] = useUtc();
  useEffect(() => setShown(null), [path]);
  useEffect(() => {
    const show = () => setShown("find");
    wishes.addEventListener("find", show);
    return () => wishes.removeEventListener("find", show);
  }, []);
  useKeys(
    [
      { keys: "?", does: "This list", run: () => setShown("help") },
      { keys: "Ctrl k", does: "Go to a run, trace or session", run: () => setShown("find") },
      { keys: "/", does: "Find on this page", run: focusFind },
      { keys: ".", does: "Light or dark", run: toggleTheme },
      { keys: "u", does: "Local time or UTC", run: () => setUtc(!utc) },
      { keys: "y", does: "Copy the link of this view", run: () => copyLink(say) },
      ...PLACES.map(({ to, name, key }) => ({ keys: `g ${key}`, does: name, run: () => go(to) })),
    ],
    { frame: true },
  );
  // A dialog says that it is closed a moment later, when another one may be open.
  const closing = (which) => () => setShown((now) => (now === which ? null : now));
  return html`
    <a class="skip" href="#main">Skip to content</a>
    <${Rail} path=${path} utc=${utc} setUtc=${setUtc} help=${() => setShown("help")} />
    <main id="main" tabindex="-1">${children}</main>
    <p class="said" role="status">${said}</p>
    ${shown === "help" && html`<${Help} close=${closing("help")} />`}
    ${shown === "find" && html`<${Find} close=${closing("find")} />`}
  `;
}

function focusFind() {
  const field = document.querySelector("[data-find]");
  field?.focus();
  field?.select?.();
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
        <span title=${title}>${title}</span>
      </h1>
      <div class="actions">${children}</div>
      <${Live} />
      <button type="button" class="go-to" aria-haspopup="dialog" onClick=${() => wishes.dispatchEvent(new Event("find"))}>
        <span>Go to …</span> <kbd>Ctrl K</kbd>
      </button>
    </header>
  `;
}

/** Whether something is going on, wherever one is. */
function Live() {
  const { runs } = useLive();
  if (runs.length === 0) return null;
  const to = runs.length === 1 ? `/runs/${runs[0].id}` : "/runs";
  return html`<${Link} to=${to} class="live-now"><span aria-hidden="true">◐</span> ${runs.length} live<//>`;
}
