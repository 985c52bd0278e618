// A name of parts, such as `gen_ai.request.model`: where it has to be broken, it is between them.

import { html } from "../lib.js";
import { plainLine } from "../format.js";

export function Breakable({ of }) {
  const parts = plainLine(of).split(/(?<=[._/:-])(?=[^._/:-])/);
  return parts.map((part, place) => html`${place > 0 && html`<wbr />`}${part}`);
}
