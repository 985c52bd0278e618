// Everything about the selected span. What the outline knows stands there at once; the rest is asked for when one has stayed a moment.

import { html, useEffect, useMemo, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { duration, plainLine, time } from "../format.js";
import { Chat } from "../chat/chat.js";
import { conversationOf } from "../chat/messages.js";
import { Json } from "../chat/json.js";
import { Trouble } from "../parts/state.js";
import { setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { Attributes } from "./attributes.js";
import { Events, Links } from "./events.js";
import { Facts } from "./facts.js";
import { loadSpan } from "./load.js";
import { phasesOf } from "./phases.js";
import { colorOf } from "./row.js";
import { ODD, clockMs } from "./tree.js";

/** Walking over spans with the keys held down is not to ask for each of them. */
const REST_MS = 90;

export function Detail({ id, model, row, onPhases }) {
  const { tree } = model;
  const key = `${id} ${tree.id[row]}`;
  const load = useLoad(key, async (signal) => {
    await rested(signal);
    return { key, span: await loadSpan(id, tree.id[row], signal) };
  });
  const span = load.data?.key === key ? load.data.span : null;
  const phases = useMemo(() => span && phasesOf(span, belowOf(tree, row)), [span]);
  useEffect(() => {
    if (phases) onPhases(row, phases);
  }, [phases]);
  return html`
    <aside class="detail" tabindex="-1" aria-label="Span">
      <${Head} model=${model} row=${row} />
      ${span?.status_message && html`<p class="message">${span.status_message}</p>`}
      ${load.error && !span && html`<${Trouble} error=${load.error} again=${load.reload} what="this span" />`}
      ${span && html`<${Facts} span=${span} phases=${phases} />`}
      ${span && html`<${Tabs} id=${id} span=${span} model=${model} />`}
      ${!span && !load.error && load.waiting && html`<p class="state" role="status">Reading the span …</p>`}
    </aside>
  `;
}

function rested(signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, REST_MS);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("another span", "AbortError"));
    });
  });
}

function belowOf(tree, row) {
  const below = [];
  // Phases are few; a span with thousands below it is not one call of a model.
  for (let child = row + 1; child < Math.min(tree.end[row], row + 50); child++) {
    const from = tree.start[child] - tree.start[row];
    below.push({ name: tree.name[child], from, to: from + tree.duration[child] });
  }
  return tree.kind[row] === 0 ? below : [];
}

function Head({ model, row }) {
  const { tree, state } = model;
  const [utc] = useUtc();
  const isOpen = tree.odd[row] & ODD.unended;
  const moved = tree.shifts?.[tree.service[row]] ?? 0;
  return html`
    <header class="detail-head">
      <h2><span class="swatch ${colorOf(tree, row, state.color)}" aria-hidden="true"></span>${plainLine(tree.name[row]) || "no name"}</h2>
      <div class="actions">
        <button type="button" disabled=${tree.end[row] === row + 1 || state.root === row} onClick=${() => setQuery({ root: tree.id[row] }, { push: true })}>
          As root
        </button>
        <button type="button" aria-label="Close the detail" onClick=${() => setQuery({ span: null })}>✕</button>
      </div>
      <p class="facts">
        ${tree.type[row] && html`<span>${plainLine(tree.type[row])}</span>`}
        ${tree.services[tree.service[row]] && html`<span>${plainLine(tree.services[tree.service[row]])}</span>`}
        ${tree.error[row] === 1 && html`<span class="verdict invalid">✕ error</span>`}
        <span><b>${isOpen ? "not ended" : duration(tree.duration[row] / 1e9, 4)}</b></span>
        <span>self ${duration(tree.self[row] / 1e9)}</span>
        <span>starts at ${duration(tree.start[row] / 1e9, 4)}</span>
        <span class="quiet">${time(clockMs(tree, tree.start[row] - moved), { utc, millis: true })}</span>
        ${moved > 0 && html`<span class="quiet">moved by +${duration(moved / 1e9)}</span>`}
      </p>
    </header>
  `;
}

function Tabs({ id, span, model }) {
  const query = useQuery();
  const conversation = useMemo(() => conversationOf(span), [span]);
  const [seen] = useState(() => new Map());
  const tabs = [
    conversation && ["chat", conversation.isChat ? "Chat" : "In and out"],
    ["attrs", `Attributes ${Object.keys(span.attributes ?? {}).length}`],
    ["events", `Events ${span.events?.length ?? 0}`],
    ["links", `Links ${span.links?.length ?? 0}`],
    ["raw", "Raw"],
  ].filter(Boolean);
  const wanted = query.get("d") ?? "chat";
  const shown = tabs.some(([tab]) => tab === wanted) ? wanted : tabs[0][0];
  const body = {
    chat: () => html`<${Chat} key=${span.id} conversation=${conversation} seen=${seen} />`,
    attrs: () => html`<${Attributes} span=${span} state=${model.state} />`,
    events: () => html`<${Events} span=${span} />`,
    links: () => html`<${Links} id=${id} span=${span} model=${model} />`,
    raw: () => html`<${Json} value=${span} name="${span.id}.json" />`,
  }[shown];
  return html`
    <div class="tabs" role="tablist" aria-label="Of the span" onKeyDown=${(event) => walk(event, tabs, shown)}>
      ${tabs.map(
        ([tab, name]) => html`
          <button
            type="button"
            role="tab"
            id="tab-${tab}"
            aria-selected=${tab === shown}
            aria-controls="tab-body"
            tabindex=${tab === shown ? 0 : -1}
            onClick=${() => setQuery({ d: tab })}
          >
            ${name}
          </button>
        `,
      )}
    </div>
    <div class="tab-body" role="tabpanel" id="tab-body" aria-labelledby="tab-${shown}" tabindex="0">${body()}</div>
  `;
}

function walk(event, tabs, shown) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const at = tabs.findIndex(([tab]) => tab === shown);
  const [next] = tabs[(at + by + tabs.length) % tabs.length];
  setQuery({ d: next });
  event.currentTarget.querySelector(`#tab-${next}`)?.focus();
}
