// The runs that are compared: their colours and strokes, which one is the baseline, which are hidden; and how to add another.

import { html, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { Link, setQuery } from "../router.js";
import { Name } from "../parts/name.js";
import { Verdict } from "../parts/verdict.js";
import { plainLine } from "../format.js";
import { loadLatest } from "./load.js";

/** Of many runs so many stand here until somebody asks for all; the table below has them too. */
const SHOWN = 12;
const SHOWN_NARROW = 4;

export function Chips({ runs, base, hidden, ids }) {
  const [all, setAll] = useState(false);
  const most = innerWidth < 768 ? SHOWN_NARROW : SHOWN;
  const isCut = runs.length > most + 2 && !all;
  const shown = isCut ? runs.slice(0, most) : runs;
  const without = (id) => ids.filter((one) => one !== id).join(",");
  const toggle = (id) => setQuery({ hide: (hidden.includes(id) ? hidden.filter((one) => one !== id) : [...hidden, id]).join(",") });
  return html`
    <ul class="run-chips" aria-label="Runs">
      ${shown.map((run) => {
        const name = plainLine(run.name);
        return html`
          <li key=${run.id} class=${hidden.includes(run.id) ? "hidden" : ""}>
            <${Swatch} run=${run} />
            <${Link} to=${`/runs/${run.id}`} title=${name}><${Name} of=${run.label} /><//>
            <${Verdict} of=${run.verdict} />
            <button type="button" class="plain" aria-pressed=${run === base} aria-label=${`${name}: baseline`} title="Baseline" onClick=${() => setQuery({ base: run.id }, { push: true })}>${run === base ? "★" : "☆"}</button>
            <button type="button" class="plain" aria-pressed=${hidden.includes(run.id)} aria-label=${`${name}: hide in charts`} onClick=${() => toggle(run.id)}>${hidden.includes(run.id) ? "show" : "hide"}</button>
            <button type="button" class="plain" aria-label=${`${name}: take away`} title="Take away" onClick=${() => setQuery({ runs: without(run.id) }, { push: true })}>✕</button>
          </li>
        `;
      })}
      ${isCut && html`<li class="add"><button type="button" onClick=${() => setAll(true)}>and ${runs.length - most} more</button></li>`}
      <li class="add"><${Add} ids=${ids} /></li>
    </ul>
  `;
}

/** A piece of the run's line. */
export function Swatch({ run }) {
  return html`
    <svg class="swatch" viewBox="0 0 24 8" aria-hidden="true" style=${{ color: `var(--${run.token})` }}>
      <line x1="0" x2="24" y1="4" y2="4" stroke="currentColor" stroke-width="3" stroke-dasharray=${["none", "6 3", "2 2"][run.stroke]} />
    </svg>
  `;
}

function Add({ ids }) {
  const load = useLoad("latest runs", loadLatest);
  const others = (load.data ?? []).filter(({ run_id: id }) => !ids.includes(id));
  const add = (event) => event.target.value && setQuery({ runs: [...ids, event.target.value].join(",") }, { push: true });
  return html`
    <select aria-label="Add a run" value="" onChange=${add}>
      <option value="">+ add</option>
      ${others.map((run) => html`<option value=${run.run_id}>${plainLine(run.name)}</option>`)}
    </select>
  `;
}
