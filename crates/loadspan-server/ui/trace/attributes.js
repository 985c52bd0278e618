// Attributes of a span, of its resource and scope. Each can be copied, found in this trace, and searched for in all.

import { html, useState } from "../lib.js";
import { plainLine } from "../format.js";
import { Json } from "../chat/json.js";
import { toClipboard } from "../parts/copy.js";
import { go } from "../router.js";
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
    <${Group} values=${span.attributes} text=${text} state=${state} searched />
    ${dropped > 0 && html`<p class="quiet">${dropped} more were dropped where the span was made.</p>`}
    <${Group} title="Resource" values=${span.resource} text=${text} state=${state} />
    <${Group} title="Scope" values=${span.scope} text=${text} state=${state} />
  `;
}

function Group({ title, values, text, state, searched }) {
  const wanted = text.toLowerCase();
  const entries = Object.entries(values ?? {})
    .filter(([, value]) => value !== null && value !== "")
    .filter(([key, value]) => wanted === "" || key.toLowerCase().includes(wanted) || said(value).toLowerCase().includes(wanted))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  if (entries.length === 0) return title || wanted === "" ? null : html`<p class="quiet">No attribute has this in it.</p>`;
  return html`
    ${title && html`<h3>${title}</h3>`}
    <dl class="attributes">
      ${entries.map(([key, value]) => html`<${Attribute} key=${key} name=${key} value=${value} state=${state} searched=${searched} />`)}
    </dl>
  `;
}

function said(value) {
  return typeof value === "object" && !(value instanceof ExactNumber) ? JSON.stringify(value) : String(value);
}

function Attribute({ name, value, state, searched }) {
  const [copied, setCopied] = useState("");
  const text = said(value);
  const isShort = text.length < 200 && !/[\n"]/.test(text) && typeof value !== "object";
  const copy = async () => {
    setCopied((await toClipboard(text)) ? "Copied" : "No clipboard here");
    setTimeout(() => setCopied(""), 1500);
  };
  const search = (op) => go(`/traces?q=${encodeURIComponent(`span.attributes.\`${name}\` ${op} '${text.replaceAll("'", "''")}'`)}`);
  return html`
    <div>
      <dt>${plainLine(name)}</dt>
      <dd><${Json} value=${value} name="${name}.json" /></dd>
      <dd class="acts">
        <button type="button" onClick=${copy} aria-label="Copy ${plainLine(name)}">${copied || "Copy"}</button>
        ${searched && isShort && html`<button type="button" onClick=${() => state.setFind(`${name}=${/\s/.test(text) ? `"${text}"` : text}`)}>Find here</button>`}
        ${searched && isShort && !name.includes("`") && html`<button type="button" onClick=${() => search("=")}>Search =</button><button type="button" onClick=${() => search("!=")}>≠</button>`}
      </dd>
    </div>
  `;
}
