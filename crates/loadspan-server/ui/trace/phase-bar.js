// Phases of a call of a model, drawn over the length of its span: waiting hatched, reading the prompt, writing, and the first token.

import { html } from "../lib.js";
import { duration } from "../format.js";

/** `from` and `width` in px as the whole span has them; `shift` is what of it is cut off at the left. */
export function PhaseBar({ found, width, shift = 0 }) {
  const total = Math.max(...found.phases.map(({ to }) => to), 1);
  if (width < 24) return null;
  const px = (nanos) => (nanos / total) * width;
  return html`
    <span class="phases">
      ${found.phases.map(
        ({ name, from, to }) => html`
          <span class="phase ${classOf(name)}" style=${{ left: `${px(from) + shift}px`, width: `${Math.max(1, px(to) - px(from))}px` }}></span>
        `,
      )}
      ${found.firstToken !== null && html`<span class="first-token" style=${{ left: `${px(found.firstToken) + shift}px` }} aria-hidden="true">◆</span>`}
    </span>
  `;
}

function classOf(name) {
  return name === "until first token" ? "prefill" : name;
}

/** The phases in words and figures. */
export function PhaseList({ found }) {
  return html`
    <ul class="phase-list">
      ${found.phases.map(
        ({ name, from, to }) => html`<li><span class="phase-key ${classOf(name)}" aria-hidden="true"></span>${name} <b>${duration((to - from) / 1e9)}</b></li>`,
      )}
      ${found.firstToken !== null && html`<li><span class="first-token-key" aria-hidden="true">◆</span>first token after <b>${duration(found.firstToken / 1e9)}</b></li>`}
    </ul>
  `;
}
