// Attributes of a span, of its resource and scope. Each can be copied, found in this trace, and searched for in all.

import { html, useState } from "../lib.js";
import { plainLine } from "../format.js";
import { Json } from "../chat/json.js";
import { Breakable } from "../parts/breakable.js";
import { toClipboard, useSaid } from "../parts/copy.js";
import { go } from "../router.js";
import { clauseOf } from "../traces/clauses.js";
import { ExactNumber } from "./exact.js";

export function Attributes({ span, state }) {
  const [text, setText] = useState("");
  const dropped = span.dropped?.attributes ?? 0;
  return html`
    <input
      type="search"
      class="attribute-find"
      aria-label="Find attributes"
      placeholder="Find attributes"
      value=${text}
      onInput=${(event) => setText(event.target.value)}
    />
    <${Group} values=${span.attributes} text=${text} state=${state} kind="attribute" />
    ${dropped > 0 && html`<p class="quiet">${dropped} more were dropped where the span was made.</p>`}
    <${Group} title="Resource" values=${span.resource} text=${text} state=${state} kind="tag" />
    <${Group} title="Scope" values=${span.scope} text=${text} state=${state} />
  `;
}

/** `kind` is what the search calls such a value: attributes of spans, and tags for what resources say; scopes have no name there. */
function Group({ title, values, text, state, kind }) {
  const wanted = text.toLowerCase();
  const entries = Object.entries(values ?? {})
    .filter(([, value]) => value !== null && (value !== "" || kind))
    .filter(([key, value]) => wanted === "" || key.toLowerCase().includes(wanted) || said(value).toLowerCase().includes(wanted))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  if (entries.length === 0) return title || wanted === "" ? null : html`<p class="quiet">No attribute has this in it.</p>`;
  return html`
    ${title && html`<h3>${title}</h3>`}
    <dl class="attributes">
      ${entries.map(([key, value]) => html`<${Attribute} key=${key} name=${key} value=${value} state=${state} kind=${kind} />`)}
    </dl>
  `;
}

function said(value) {
  return typeof value === "object" && !(value instanceof ExactNumber) ? JSON.stringify(value) : String(value);
}

function Attribute({ name, value, state, kind }) {
  const [isOpen, setOpen] = useState(false);
  const [copied, say] = useSaid();
  const text = said(value);
  const isShort = text.length < 200 && !/[\n"]/.test(text) && (typeof value !== "object" || value instanceof ExactNumber);
  const isFindable = kind === "attribute" && isShort && text !== "" && !/[=!<>:\s]/.test(name);
  const copy = async () => say((await toClipboard(text)) ? "Copied" : "No clipboard here");
  const find = () => state.setFind(`${name}=${/\s/.test(text) ? `"${text}"` : text}`);
  const search = (word, isIncluded) => {
    const clause = isShort && kind ? clauseOf(kind === "tag" && name === "service.name" ? { kind: "service" } : { kind, key: name }, text, isIncluded) : null;
    if (clause === null) return null;
    const label = `${word} ${plainLine(name)} = ${plainLine(text)} in the search`;
    return html`<button type="button" aria-label=${label} title=${clause} onClick=${() => go(`/traces?q=${encodeURIComponent(clause)}`)}>${word}</button>`;
  };
  return html`
    <div>
      <dt><${Breakable} of=${name} /></dt>
      <dd>${value === "" ? html`<span class="quiet">empty</span>` : html`<${Json} value=${value} name="${name}.json" />`}</dd>
      <dd><button type="button" class="more" aria-expanded=${isOpen} aria-label="What can be done with ${plainLine(name)}" onClick=${() => setOpen(!isOpen)}>⋯</button></dd>
      ${isOpen &&
      html`
        <dd class="acts">
          <button type="button" onClick=${copy} aria-label="Copy ${plainLine(name)}">${copied || "Copy"}</button>
          ${isFindable && html`<button type="button" aria-label="Find ${plainLine(name)} = ${plainLine(text)} in this trace" onClick=${find}>Find in this trace</button>`}
          ${search("Include", true)}${search("Exclude", false)}
          ${kind && isShort && html`<span class="quiet">in the search</span>`}
        </dd>
      `}
    </div>
  `;
}
