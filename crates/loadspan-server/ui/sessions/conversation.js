// What was said in a turn, as its spans have it.

import { get, path } from "../api.js";
import { conversationOf } from "../chat/messages.js";
import { loadSpan } from "../trace/load.js";

/** Spans of a trace that are looked at for a conversation. */
const LOOKED_AT = 50;
const CALLS = /^(LLM|CHAT_MODEL)$/;

/**
 * `{ conversation, span }`: that of the first span, which has seen all of the turn; else of the last call of a model, which was told the
 * most. Null if none says anything.
 */
export async function loadConversation(id, signal) {
  const { spans } = await get(path`/api/3.0/loadspan/traces/${id}/spans`, { query: { max_results: LOOKED_AT }, signal });
  const [root] = spans;
  const call = spans.findLast(({ type }) => CALLS.test(type));
  for (const span of new Set([root, call])) {
    const conversation = span && conversationOf(await loadSpan(id, span.id, signal));
    if (conversation) return { conversation, span: span.id };
  }
  return { conversation: null, span: root?.id };
}
