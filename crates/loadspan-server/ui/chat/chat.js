// A conversation: each message under its role, in the order in which they were said. Text is text; of Markdown only what people ask for is
// drawn, and nothing that it says is loaded or followed.

import { html, useMemo, useState } from "../lib.js";
import { bytes, count, plainLine } from "../format.js";
import { useSetting } from "../settings.js";
import { Json, Text } from "./json.js";
import { Markdown } from "./markdown.js";

/** Messages of the history that are shown before somebody asks for all. */
const RECENT = 4;
const SHOWN = /^image\/(png|jpeg|webp|gif)$/;

export function Chat({ conversation }) {
  const { input, output, tools } = conversation;
  const [all, setAll] = useState(false);
  const results = useMemo(() => resultsOf([...input, ...output]), [conversation]);
  const systems = input.filter(({ role }) => role === "system" || role === "developer");
  const said = input.filter((message) => !systems.includes(message));
  const hidden = all ? 0 : Math.max(0, said.length - RECENT);
  return html`
    <div class="chat">
      ${tools.length > 0 && html`<details class="offered"><summary>${count(tools.length)} ${tools.length === 1 ? "tool" : "tools"} offered</summary><${Json} value=${tools} /></details>`}
      ${systems.map((message) => html`<${Message} message=${message} results=${results} />`)}
      ${hidden > 0 &&
      html`<button type="button" class="earlier" onClick=${() => setAll(true)}>${count(hidden)} earlier ${hidden === 1 ? "message" : "messages"}</button>`}
      ${said.slice(hidden).map((message) => html`<${Message} message=${message} results=${results} />`)}
      ${input.length > 0 && output.length > 0 && html`<p class="answer-mark"><span>answer</span></p>`}
      ${output.map((message) => html`<${Message} message=${message} results=${results} isAnswer />`)}
    </div>
  `;
}

/** Names of the calls that results belong to. */
function resultsOf(messages) {
  const calls = new Map();
  for (const { parts } of messages) for (const part of parts) if (part.type === "tool_call" && part.id) calls.set(part.id, part.name);
  return calls;
}

const FORMS = [
  ["text", "Text"],
  ["md", "Markdown"],
  ["json", "JSON"],
];

/** A message, whose text can be seen in three ways; the choice is remembered for its role. */
export function Message({ message, results, isAnswer }) {
  // What is no message has no role.
  const said = message.known === false ? { user: "input", assistant: "output" }[message.role] : message.role;
  const role = plainLine(said || "message");
  const [form, setForm] = useSetting(`chat.${role.slice(0, 20)}`, "text");
  const known = ["system", "developer", "user", "assistant", "tool"].includes(message.role) ? message.role : "other";
  return html`
    <article class="message role-${known}" aria-label=${role}>
      <header>
        <b>${role}</b>
        ${message.name && html`<span class="quiet">${plainLine(message.name)}</span>`}
        ${message.finish && html`<span class="quiet">finish ${plainLine(message.finish)}</span>`}
        <span class="fill"></span>
        <span class="forms" role="group" aria-label="Shown as">
          ${FORMS.map(([key, name]) => html`<button type="button" class="link" aria-pressed=${form === key} onClick=${() => setForm(key)}>${name}</button>`)}
        </span>
      </header>
      ${form === "json"
        ? html`<${Json} value=${message.parts} />`
        : message.parts.map((part) => html`<${Part} part=${part} form=${form} results=${results} />`)}
      ${message.parts.length === 0 && html`<p class="quiet">${isAnswer ? "no content" : "empty"}</p>`}
    </article>
  `;
}

function Part({ part, form, results }) {
  if (part.type === "text") return html`<${Said} text=${part.text} form=${form} />`;
  if (part.type === "reasoning") return html`<details class="reasoning"><summary>Reasoning, ${count(part.text.length)} characters</summary><${Said} text=${part.text} form=${form} /></details>`;
  if (part.type === "tool_call") return html`<div class="call"><p><span class="sign" aria-hidden="true">→</span> calls <b>${plainLine(part.name)}</b> ${idOf(part)}</p><${Value} value=${part.value} /></div>`;
  if (part.type === "tool_result") {
    const name = part.name ?? results.get(part.id);
    return html`<div class="call"><p><span class="sign" aria-hidden="true">←</span> result${name && html` of <b>${plainLine(name)}</b>`} ${idOf(part)}</p><${Value} value=${part.value} /></div>`;
  }
  if (part.type === "media") return html`<${Media} part=${part} />`;
  return html`<${Json} value=${part.value} />`;
}

function idOf({ id }) {
  return id && html`<code class="quiet">${plainLine(id)}</code>`;
}

function Value({ value }) {
  if (value === undefined || value === null) return html`<span class="quiet">nothing</span>`;
  return Array.isArray(value) && value.every((one) => typeof one?.text === "string" && one.type === "text")
    ? value.map(({ text }) => html`<${Said} text=${text} form="text" />`)
    : html`<${Json} value=${value} />`;
}

function Said({ text, form }) {
  if (form === "md") return html`<${Markdown} text=${text} />`;
  return html`<div class="pre"><${Text} text=${text} /></div>`;
}

/** Pictures are shown after a click, and only those that are in the message: nothing is loaded from elsewhere. */
function Media({ part }) {
  const [address, setAddress] = useState(null);
  if (part.data === undefined) return html`<p class="media">${plainLine(part.mime)}, elsewhere: <code>${plainLine(part.address)}</code></p>`;
  const size = bytes(Math.floor((part.data.length * 3) / 4));
  const show = () => setAddress(URL.createObjectURL(blobOf(part)));
  return html`
    <p class="media">
      ${plainLine(part.mime)}, ${size}
      ${SHOWN.test(part.mime) && !address && html` <button type="button" onClick=${show}>Show</button>`}
    </p>
    ${address && html`<img src=${address} alt=${plainLine(part.mime)} />`}
  `;
}

function blobOf({ data, mime }) {
  try {
    return new Blob([Uint8Array.from(atob(data.replace(/\s/g, "")), (sign) => sign.charCodeAt(0))], { type: mime });
  } catch {
    return new Blob([], { type: mime });
  }
}
