// What is looked for among sessions: words in what was said, a part of the session's or user's name, or the filter language of traces.

import { quoted } from "../traces/search.js";

/** Ways to search: `[name in the URL, in words, an example]`. */
export const WAYS = [
  ["text", "what was said", "words of a question or an answer"],
  ["session", "session", "part of a session's id"],
  ["user", "user", "part of a user's name"],
  ["filter", "filter", "status = 'ERROR' AND total_tokens > 1000"],
];

const NAMES = { text: "trace.text", session: "session_id", user: "user_id" };

/** The filter of traces for what is in the URL: a session is found when one of its traces is. */
export function filterOf(query) {
  const text = query.get("q")?.trim() ?? "";
  if (text === "") return "";
  const way = query.get("by") ?? "text";
  if (way === "filter") return text;
  // In a pattern these signs mean others.
  const literal = text.replace(/[\\%_]/g, "\\$&");
  return `${NAMES[way] ?? NAMES.text} ILIKE ${quoted(`%${literal}%`)}`;
}

/** A session of the API as a row. */
export function sessionRow(session) {
  const { input_tokens: input, output_tokens: output } = session;
  return {
    id: session.session_id,
    asked: session.preview ?? "",
    traces: session.traces,
    errors: session.errors,
    tokens: input === null && output === null ? null : (input ?? 0) + (output ?? 0),
    cost: session.cost ?? null,
    models: session.models ?? [],
    seconds: session.duration_ms === null ? null : session.duration_ms / 1000,
    last: session.end_ms,
  };
}
