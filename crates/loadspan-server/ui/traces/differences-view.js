// What differs in the selection, as bars that can be compared: the upper one is the selection, the lower one the rest. Each value can be
// looked at alone, or left out.

import { html, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { count, plainLine, share } from "../format.js";
import { Trouble } from "../parts/state.js";
import { setQuery, useQuery } from "../router.js";
import { adding, clauseOf } from "./clauses.js";
import { differences, isTrivial, ranked } from "./differences.js";
import { READ, loadModels, loadSamples } from "./sample.js";

/** Lines at first. */
const SHOWN = 8;

export function Differences({ experiments, base, selection }) {
  const key = JSON.stringify([experiments, base, selection]);
  const load = useLoad(key, async (signal) => ({ key, ...(await loadSamples({ experiments, base, selection, signal })) }));
  const data = load.data?.key === key ? load.data : null;
  return html`
    <section class="differences-of-traces" aria-label="What differs in the selection">
      <h2>What differs in the selection</h2>
      ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="what differs" />`}
      ${!data && !load.error && html`<p class="quiet" role="status">${load.waiting ? "Comparing …" : "\u00a0"}</p>`}
      ${data && !load.error && html`<${Found} key=${key} data=${data} selection=${selection} />`}
    </section>
  `;
}

function Found({ data, selection }) {
  const { selected, strata, total, compared, rest } = data;
  const [isRead, setRead] = useState(false);
  const models = useLoad(isRead ? "models" : null, (signal) => loadModels(data, signal));
  const found = useMemo(() => ranked([...differences(selected, strata), ...(models.data ?? [])]).filter((one) => !isTrivial(one, selection)), [data, models.data]);
  const [all, setAll] = useState(false);
  if (total === 0) return html`<p class="quiet">Nothing is selected.</p>`;
  if (rest === 0) return html`<p class="quiet">All traces are selected: there is nothing to compare them with.</p>`;
  const said = `Selected: ${amount(selected.length, total)}. Rest: ${amount(compared, rest)}.`;
  return html`
    ${found.length === 0
      ? html`<p class="quiet">No name, service, status, tag or metadata differs clearly. ${said}</p>`
      : html`<p class="quiet">${said} <span aria-hidden="true"><span class="difference-key inside"></span> selected <span class="difference-key"></span> rest</span></p>`}
    <ul>
      ${(all ? found : found.slice(0, SHOWN)).map((one) => html`<${Difference} key=${JSON.stringify([one.field, one.value])} of=${one} />`)}
    </ul>
    ${found.length > SHOWN && html`<button type="button" class="link" onClick=${() => setAll(!all)}>${all ? "Show fewer" : `Show all ${count(found.length)}`}</button>`}
    <${Models} load=${models} isRead=${isRead} read=${() => setRead(true)} />
  `;
}

/** Models stand in the spans: they are compared when somebody asks for it. */
function Models({ load, isRead, read }) {
  if (!isRead) return html`<button type="button" class="link" onClick=${read}>Compare models, too: reads ${count(READ)} traces of each side</button>`;
  if (load.error) return html`<p class="quiet">Models could not be compared: ${load.error.message}</p>`;
  if (!load.data) return html`<p class="quiet" role="status">Reading models …</p>`;
  return load.data.length === 0 ? html`<p class="quiet">No model differs clearly.</p>` : null;
}

function amount(compared, of) {
  return compared < of ? `the newest ${count(compared)} of ${count(of)}` : count(of);
}

function Difference({ of: { field, value, inside, outside } }) {
  const query = useQuery();
  const name = nameOf(field);
  const text = field.kind === "tokens" ? `more than ${count(Number(value))}` : plainLine(value);
  const act = (word, isIncluded) => {
    const clause = clauseOf(field, value, isIncluded);
    return (
      clause &&
      html`<button type="button" title=${clause} aria-label="${word} ${name} ${text}" onClick=${() => setQuery(adding(query, clause), { push: true })}>${word}</button>`
    );
  };
  return html`
    <li>
      <span class="difference-name"><span class="quiet">${name}</span> <b title=${text}>${text}</b></span>
      <span class="difference-bars" role="img" aria-label="${share(inside)} of the selected, ${share(outside)} of the rest">
        <i class="inside" style=${{ width: `${inside * 100}%` }}></i>
        <i style=${{ width: `${outside * 100}%` }}></i>
      </span>
      <span class="difference-shares" aria-hidden="true"><b>${share(inside)}</b><span>${share(outside)}</span></span>
      <span class="difference-acts">${act("Include", true)}${act("Exclude", false)}</span>
    </li>
  `;
}

function nameOf({ kind, key }) {
  return { tag: plainLine(key), metadata: plainLine(key), tokens: "tokens" }[kind] ?? kind;
}
