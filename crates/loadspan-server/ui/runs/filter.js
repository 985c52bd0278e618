// The filter of runs, in the API's language; where it is wrong, the place is marked.

import { html, useEffect, useState } from "../lib.js";
import { setQuery } from "../router.js";
import { placeOf } from "./fault.js";

/** `wrong`: the server has said no to this filter. */
export function Filter({ value, wrong }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event) => {
    event.preventDefault();
    setQuery({ q: text.trim() }, { push: true });
  };
  const isWrong = wrong && text.trim() === value;
  return html`
    <form class="find" onSubmit=${submit} role="search">
      <input
        data-find
        type="search"
        aria-label="Filter runs"
        aria-invalid=${isWrong ? "true" : undefined}
        aria-describedby=${isWrong ? "filter-fault" : undefined}
        placeholder="metrics.request_throughput > 100 AND params.model = 'llama'"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
        spellcheck="false"
        autocomplete="off"
      />
      ${text.trim() !== value && html`<span class="hint quiet" aria-hidden="true">Enter</span>`}
    </form>
  `;
}

/** What is wrong with a filter, and where; `isOld`: the rows below are those of another one. */
export function Fault({ filter, message, isOld }) {
  const { text, place } = placeOf(message);
  return html`
    <div class="filter-fault" id="filter-fault" role="alert">
      <p><b>✕ ${text}.</b>${isOld && " The runs below are those of the filter before."}</p>
      ${place !== null &&
      html`<pre><code>${filter.slice(0, place)}<mark>${filter.slice(place, place + 1) || " "}</mark>${filter.slice(place + 1)}</code></pre>`}
      <p>A filter compares a figure (<code>metrics.</code> and its name), a setting (<code>params.</code>), a tag (<code>tags.</code>), or what each run has: its name, status, user, start and end. Comparisons are joined by AND.</p>
      <p class="quiet">Two examples: <code>metrics.request_throughput > 100 AND params.model = 'llama'</code> and <code>status = 'FAILED' AND run_name LIKE '%night%'</code></p>
    </div>
  `;
}
