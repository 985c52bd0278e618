// A name in a narrow place: cut, where it has to be, before its end.

import { html } from "../lib.js";
import { halves } from "./names.js";
import { plainLine } from "../format.js";

/** `parts`: the name as it is cut, where its list has cut it. */
export function Name({ of, parts = halves(plainLine(of)) }) {
  const [head, tail] = parts;
  return html`<span class="name-cut"><span>${head}</span>${tail && html`<span>${tail}</span>`}</span>`;
}
