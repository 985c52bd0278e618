// A name in a narrow place: cut, where it has to be, before its end.

import { html } from "../lib.js";
import { halves } from "./names.js";
import { plainLine } from "../format.js";

export function Name({ of }) {
  const [head, tail] = halves(plainLine(of));
  return html`<span class="name-cut"><span>${head}</span>${tail && html`<span>${tail}</span>`}</span>`;
}
