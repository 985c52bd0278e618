// The experiments at the left of the table, where there is room.

import { html, useState } from "../lib.js";
import { Link, withQuery } from "../router.js";
import { useSetting } from "../settings.js";
import { plainLine } from "../format.js";

/** Whether they are at the left: then the toolbar needs no list of them. */
export function useExperimentsShown() {
  return useSetting("experiments", true);
}

/** From so many on one wants to look for a name. */
const MANY = 12;

export function Experiments({ experiments, chosen, hide }) {
  const [text, setText] = useState("");
  const word = text.trim().toLowerCase();
  const fitting = experiments.filter(({ name }) => name.toLowerCase().includes(word));
  const to = (id) => `/runs${withQuery(location.search, { exp: id, cols: null, base: null, sel: null, fold: null })}`;
  const item = (id, name) => html`<li key=${id ?? ""}><${Link} to=${to(id)} aria-current=${chosen === id ? "true" : undefined} title=${name}>${name}<//></li>`;
  return html`
    <nav class="experiments" aria-label="Experiments">
      <h2>Experiments <button type="button" class="plain" aria-label="Hide the experiments" onClick=${hide}>«</button></h2>
      ${experiments.length > MANY && html`<input type="search" aria-label="Find an experiment" placeholder="Find" value=${text} onInput=${(event) => setText(event.target.value)} />`}
      <ul>
        ${!word && item(null, "All")}
        ${fitting.map(({ experiment_id: id, name }) => item(id, plainLine(name)))}
      </ul>
    </nav>
  `;
}
