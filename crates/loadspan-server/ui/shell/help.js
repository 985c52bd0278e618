// The list of keys that do something now.

import { html, useEffect, useRef } from "../lib.js";
import { active } from "../keys.js";
import { useSetting } from "../settings.js";

export function Help({ close }) {
  const dialog = useRef();
  const [on, setOn] = useSetting("keys", true);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  // The first one of a key is the one that acts.
  const seen = new Set();
  const list = active().filter(({ keys, does }) => does && !seen.has(keys) && seen.add(keys));
  return html`
    <dialog ref=${dialog} class="help" onClose=${close} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        ${list.map(
          ({ keys, does }) => html`
            <div>
              <dt>${keys.split("|").map((one) => html`<kbd>${nameOf(one.trim())}</kbd> `)}</dt>
              <dd>${does}</dd>
            </div>
          `,
        )}
      </dl>
      <label class="check"><input type="checkbox" checked=${on} onChange=${() => setOn(!on)} /> Single keys work. Without them, Ctrl K, arrows, Enter and ? still do.</label>
      <form method="dialog"><button class="primary" autofocus>Close</button></form>
    </dialog>
  `;
}

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", PageDown: "PgDn", PageUp: "PgUp", Escape: "Esc", "Ctrl k": "Ctrl K" };

function nameOf(key) {
  return NAMES[key] ?? key.replace("@", "");
}
