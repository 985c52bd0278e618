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
      <div class="key-groups">
        ${grouped(list).map(
          ([heading, own]) => html`
            <h3>${heading}</h3>
            <dl>
              ${own.map(
                ({ keys, does }) => html`
                  <div>
                    <dt>${keys.split("|").map((one) => html`<kbd>${nameOf(one.trim())}</kbd> `)}</dt>
                    <dd>${does}</dd>
                  </div>
                `,
              )}
            </dl>
          `,
        )}
      </div>
      <label class="check"><input type="checkbox" checked=${on} onChange=${() => setOn(!on)} /> Single keys work. Without them, Ctrl K, arrows, Enter and ? still do.</label>
      <form method="dialog"><button class="primary" autofocus>Close</button></form>
    </dialog>
  `;
}

/** Keys by what they are for: those of the page under their own headings (`Charts: …`), then those of every page. */
function grouped(list) {
  const groups = new Map([["This page", []]]);
  for (const one of list) {
    const [, own, rest] = /^(\w+): (.+)$/s.exec(one.does) ?? [];
    const heading = own ?? (!one.frame ? "This page" : one.keys.startsWith("g ") ? "Go to" : "Everywhere");
    const does = rest ? rest[0].toUpperCase() + rest.slice(1) : one.does;
    groups.set(heading, [...(groups.get(heading) ?? []), { ...one, does }]);
  }
  return [...groups].filter(([, own]) => own.length > 0);
}

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", PageDown: "PgDn", PageUp: "PgUp", Escape: "Esc", "Ctrl k": "Ctrl K" };

function nameOf(key) {
  return NAMES[key] ?? key.replace("@", "");
}
