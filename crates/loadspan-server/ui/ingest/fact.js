// One figure of the server, and what is to be said of it.

import { html } from "../lib.js";

export function Fact({ name, value, more = "", bad = false }) {
  return html`<div><dt>${name}</dt><dd class=${bad ? "bad" : ""}>${bad ? "✕ " : ""}${value}</dd>${more && html`<dd class="more">${more}</dd>`}</div>`;
}
