// Which columns the table has: all that the latest runs know, to be ticked; those that are ticked stand first and can be moved.

import { html, useEffect, useRef, useState } from "../lib.js";
import { count, plainLine } from "../format.js";
import { MOST_COLUMNS, describe } from "./columns.js";

/** Names that are in the document at the same time. */
const SHOWN = 150;
const KINDS = { metrics: "Metrics", params: "Parameters", tags: "Tags" };

/** `known`: `{ kind, key, runs }`; `change(columns)`, or with `null` for the usual ones. */
export function Chooser({ known, columns, change, close }) {
  const dialog = useRef();
  const [text, setText] = useState("");
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const shownByNow = new Set(columns);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = known.filter(({ kind, key }) => {
    if (shownByNow.has(`${kind}.${key}`)) return false;
    const name = `${kind}.${key} ${describe(`${kind}.${key}`).name}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
  const full = columns.length >= MOST_COLUMNS;
  const drop = (column) => change(columns.filter((one) => one !== column));
  const move = (place, by) => {
    const next = [...columns];
    next.splice(place + by, 0, ...next.splice(place, 1));
    change(next);
  };
  return html`
    <dialog ref=${dialog} class="chooser" onClose=${close} aria-labelledby="chooser-title">
      <header>
        <h2 id="chooser-title">Columns</h2>
        <button type="button" onClick=${() => change(null)}>The usual ones</button>
        <button type="button" class="primary" onClick=${() => dialog.current.close()}>Done</button>
      </header>
      <ol class="chosen" aria-label="Shown, in this order">
        ${columns.map((column, place) => html`<${Chosen} key=${column} column=${column} first=${place === 0} last=${place === columns.length - 1} drop=${drop} move=${(by) => move(place, by)} />`)}
      </ol>
      <input type="search" aria-label="Find a column" placeholder=${`Find one of ${count(known.length)}`} value=${text} onInput=${(event) => setText(event.target.value)} />
      ${full && html`<p class="quiet">A table has at most ${MOST_COLUMNS} columns.</p>`}
      ${Object.entries(KINDS).map(([kind, title]) => {
        const own = fitting.filter((one) => one.kind === kind);
        return (
          own.length > 0 &&
          html`
            <h3>${title} <span class="quiet">${count(own.length)}</span></h3>
            <ul>
              ${own.slice(0, SHOWN).map(
                ({ key, runs }) => html`
                  <li key=${`${kind}.${key}`}>
                    <label>
                      <input type="checkbox" checked=${false} disabled=${full} onChange=${() => change([...columns, `${kind}.${key}`])} />
                      <span class="mono">${plainLine(key)}</span>
                      <${Known} column=${`${kind}.${key}`} />
                      <span class="quiet many">${count(runs)} runs</span>
                    </label>
                  </li>
                `,
              )}
            </ul>
            ${own.length > SHOWN && html`<p class="quiet">and ${count(own.length - SHOWN)} more: type a part of the name.</p>`}
          `
        );
      })}
      <p class="quiet">Names are those of the latest 200 runs.</p>
    </dialog>
  `;
}

function Chosen({ column, first, last, drop, move }) {
  const { name, key } = describe(column);
  return html`
    <li>
      <label><input type="checkbox" checked onChange=${() => drop(column)} /> <span>${name}</span>${name !== plainLine(key) && html` <span class="quiet mono">${plainLine(key)}</span>`}</label>
      <button type="button" class="plain" disabled=${first} aria-label=${`${name}: further left`} onClick=${() => move(-1)}>↑</button>
      <button type="button" class="plain" disabled=${last} aria-label=${`${name}: further right`} onClick=${() => move(1)}>↓</button>
    </li>
  `;
}

function Known({ column }) {
  const { name, key } = describe(column);
  return name === plainLine(key) ? null : html`<span class="quiet">${name}</span>`;
}
