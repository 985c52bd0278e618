// A turn of a session: what is new in it. Prompts repeat all that was said before, and nobody wants to read it again with each turn.

import { html, useEffect, useMemo } from "../lib.js";
import { useLoad } from "../api.js";
import { count, duration, number, plainLine, time } from "../format.js";
import { Message } from "../chat/chat.js";
import { newIn } from "../chat/messages.js";
import { Text } from "../chat/json.js";
import { Link } from "../router.js";
import { useUtc } from "../settings.js";
import { State } from "../traces/trace-table.js";
import { loadConversation } from "./conversation.js";

export function Turn({ turn, nth, before, heard, isChosen }) {
  const [utc] = useUtc();
  const load = useLoad(turn.id, (signal) => loadConversation(turn.id, signal));
  useEffect(() => {
    if (load.data) heard(turn.id, load.data.conversation);
  }, [load.data]);
  return html`
    <section class="turn ${isChosen ? "chosen" : ""}" id="turn-${turn.id}" aria-label="Trace ${nth}">
      <header>
        <h2>Trace ${nth}</h2>
        <${State} of=${turn.state} />
        <span>${duration(turn.seconds)}</span>
        ${turn.outputTokens !== null && html`<span>${count(turn.inputTokens)} in, ${count(turn.outputTokens)} out</span>`}
        ${turn.cost !== null && html`<span>$${number(turn.cost)}</span>`}
        <span class="quiet">${time(turn.started, { utc })}</span>
        <span class="fill"></span>
        <${Link} to=${linkOf(turn, load.data?.span)}>Open trace<//>
      </header>
      ${load.data ? html`<${Said} conversation=${load.data.conversation} before=${before} turn=${turn} />` : html`<${Preview} turn=${turn} />`}
      ${load.error && html`<p class="quiet">The whole conversation could not be read: ${load.error.message}</p>`}
    </section>
  `;
}

function linkOf({ id }, span) {
  const query = new URLSearchParams({ ...(span && { span }), from: `${location.pathname}?turn=${id}` });
  return `/traces/${encodeURIComponent(id)}?${query}`;
}

function Said({ conversation, before, turn }) {
  const { asked, repeated } = useMemo(() => newOf(conversation, before), [conversation, before]);
  if (!conversation) return html`<${Preview} turn=${turn} />`;
  const none = new Map();
  return html`
    ${repeated > 0 && html`<p class="quiet repeated">${count(repeated)} ${repeated === 1 ? "message" : "messages"} of before not shown again</p>`}
    ${asked.map((message) => html`<${Message} message=${message} results=${none} />`)}
    ${conversation.output.map((message) => html`<${Message} message=${message} results=${none} isAnswer />`)}
  `;
}

function newOf(conversation, before) {
  if (!conversation) return { asked: [], repeated: 0 };
  const known = before ? [...before.input, ...before.output] : [];
  const asked = newIn(conversation.input, known);
  return { asked, repeated: conversation.input.length - asked.length };
}

/** What the list knows, until the rest has come, or where there is nothing else. */
function Preview({ turn }) {
  return html`
    ${turn.asked && html`<article class="message role-user"><header><b>user</b></header><div class="pre"><${Text} text=${turn.asked} /></div></article>`}
    ${turn.answered && html`<article class="message role-assistant"><header><b>assistant</b></header><div class="pre"><${Text} text=${turn.answered} /></div></article>`}
    ${!turn.asked && !turn.answered && html`<p class="quiet">${plainLine(turn.name)} says nothing of what was asked or answered.</p>`}
  `;
}
