// The conversation in a span, whatever form it came in: OpenAI (chat, responses), Anthropic, Gemini, OTel's GenAI conventions (parts, events),
// LangChain, plain text. What has no known form is a part `unknown` with all of its data: nothing is ever left out.

import { partsOf } from "./parts.js";
import { parsedTree } from "../trace/exact.js";

const EVENTS = {
  "gen_ai.system.message": "system",
  "gen_ai.user.message": "user",
  "gen_ai.assistant.message": "assistant",
  "gen_ai.tool.message": "tool",
};

/**
 * `{ input: [message], output: [message], tools, isChat }` of a span as the API describes it; a message is `{ role, name, parts, finish }`.
 * Null when the span says nothing at all.
 */
export function conversationOf(span) {
  const attributes = span.attributes ?? {};
  const asked = firstOf(attributes, ["gen_ai.input.messages", "mlflow.spanInputs", "input.value", "gen_ai.prompt"]);
  const answered = firstOf(attributes, ["gen_ai.output.messages", "mlflow.spanOutputs", "output.value", "gen_ai.completion"]);
  const events = fromEvents(span.events ?? []);
  const input = asked === undefined ? events.input : messagesOf(asked, "user");
  let output = answered === undefined ? events.output : messagesOf(answered, "assistant");
  const system = firstOf(attributes, ["gen_ai.system_instructions"]);
  if (system !== undefined) input.unshift({ role: "system", parts: partsOf(tree(system)) });
  output = withoutRepeats(input, output);
  addFinish(output, attributes, events);
  if (input.length + output.length === 0) return null;
  return { input, output, tools: toolsOf(tree(asked), attributes), isChat: [...input, ...output].some(({ known }) => known) };
}

function firstOf(attributes, names) {
  return names.map((name) => attributes[name]).find((value) => value !== undefined && value !== null);
}

/** What a text of JSON says, or the value itself. */
function tree(value) {
  return typeof value === "string" ? (parsedTree(value) ?? value) : value;
}

/** Messages of an input or output in any form. */
function messagesOf(value, role) {
  const found = tree(value);
  if (Array.isArray(found)) return listOf(found, role);
  if (found !== null && typeof found === "object") return ofObject(found, role);
  return [{ role, parts: partsOf(found), known: false }];
}

function listOf(list, role) {
  if (list.length === 1 && Array.isArray(list[0])) return listOf(list[0], role);
  if (list.length > 0 && list.every(isMessage)) return list.map((message) => messageOf(message, role));
  return [{ role, parts: [{ type: "unknown", value: list }], known: false }];
}

function isMessage(value) {
  if (value === null || typeof value !== "object") return false;
  const says = ["content", "parts", "tool_calls", "message", "kwargs", "function_call"].some((key) => key in value);
  return says || /^(message|function_call|function_call_output|reasoning)$/.test(value.type);
}

function ofObject(value, role) {
  const messages = [];
  const system = value.system ?? value.instructions ?? value.systemInstruction;
  if (system !== undefined && system !== null) messages.push({ role: "system", parts: partsOf(system.parts ?? system), known: true });
  const list = value.messages ?? value.contents ?? value.choices ?? value.candidates ?? value.generations ?? value.input ?? value.output;
  if (Array.isArray(list)) return [...messages, ...listOf(list, role)];
  if (typeof list === "string" && Object.keys(value).length <= 2) return [...messages, { role, parts: partsOf(list), known: true }];
  if (isMessage(value)) return [...messages, messageOf(value, role)];
  return [...messages, { role, parts: [{ type: "unknown", value }], known: false }];
}

const ROLES = { human: "user", ai: "assistant", model: "assistant", HumanMessage: "user", AIMessage: "assistant", SystemMessage: "system", ToolMessage: "tool" };

function messageOf(raw, otherwise) {
  // A choice has its message within, LangChain its arguments, Gemini a content with parts.
  const inner = raw.message ?? raw.kwargs ?? (raw.content?.parts ? raw.content : null) ?? raw;
  const said = inner.role ?? raw.role ?? (typeof inner.type === "string" && inner.type in ROLES ? inner.type : undefined) ?? raw.id?.at?.(-1);
  const role = typeof said === "string" ? (ROLES[said] ?? said) : otherwise;
  const parts = [];
  if (inner.reasoning_content ?? inner.reasoning) parts.push({ type: "reasoning", text: String(inner.reasoning_content ?? inner.reasoning) });
  parts.push(...ownParts(inner, role));
  for (const call of listIn(inner.tool_calls)) parts.push(...partsOf([{ type: "tool_call", ...call }]));
  if (inner.function_call && inner.type !== "function_call") parts.push(...partsOf([{ type: "tool_call", function: inner.function_call }]));
  if (inner.refusal) parts.push({ type: "text", text: String(inner.refusal) });
  return {
    role,
    name: typeof inner.name === "string" && inner.type !== "function_call" ? inner.name : undefined,
    parts,
    finish: raw.finish_reason ?? inner.finish_reason ?? raw.stop_reason ?? raw.finishReason ?? undefined,
    known: true,
  };
}

function ownParts(inner, role) {
  if (/^(function_call|function_call_output|reasoning)$/.test(inner.type)) return partsOf([inner]);
  const content = inner.parts ?? inner.content;
  if (role === "tool" && (inner.tool_call_id || inner.name) && !Array.isArray(inner.parts)) {
    return [{ type: "tool_result", id: inner.tool_call_id, value: tree(content) }];
  }
  return partsOf(content);
}

function listIn(value) {
  return Array.isArray(value) ? value : [];
}

/** Older conventions have a message in each event. */
function fromEvents(events) {
  const found = { input: [], output: [], finish: undefined };
  for (const { name, attributes = {} } of events) {
    if (name === "gen_ai.choice") {
      const message = messageOf({ ...attributes, message: asObject(attributes.message ?? attributes) }, "assistant");
      found.output.push(message);
      found.finish = message.finish;
    } else if (name in EVENTS) {
      found.input.push(messageOf({ ...attributes, role: attributes.role ?? EVENTS[name] }, EVENTS[name]));
    }
  }
  return found;
}

function asObject(value) {
  const found = tree(value);
  return found !== null && typeof found === "object" ? found : { content: found };
}

function addFinish(output, attributes, events) {
  const reasons = attributes["gen_ai.response.finish_reasons"];
  const reason = (Array.isArray(reasons) ? reasons[0] : undefined) ?? events.finish;
  const last = output[output.length - 1];
  if (last && last.finish === undefined && typeof reason === "string") last.finish = reason;
}

/** Agents give back the whole conversation: what was asked is not shown a second time. */
function withoutRepeats(input, output) {
  const texts = input.map((message) => JSON.stringify([message.role, message.parts]));
  const repeats = texts.every((text, place) => output[place] && JSON.stringify([output[place].role, output[place].parts]) === text);
  return repeats && input.length > 0 && output.length > input.length ? output.slice(input.length) : output;
}

function toolsOf(asked, attributes) {
  const tools = tree(attributes["gen_ai.tool.definitions"] ?? attributes["mlflow.chat.tools"] ?? asked?.tools);
  return Array.isArray(tools) ? tools : [];
}

/**
 * What of a conversation was not there in the one before: prompts repeat all that was said, or its last part. What a model thought is not
 * repeated, so it does not count here. What somebody asks again, word for word, is asked all the same: a turn is never without its question.
 */
export function newIn(messages, before) {
  const text = ({ role, parts }) => JSON.stringify([role, parts.filter(({ type }) => type !== "reasoning")]);
  const [now, known] = [messages.map(text), before.map(text)];
  const repeated = known.length === 0 ? -1 : now.lastIndexOf(known[known.length - 1]);
  let from = repeated + 1;
  if (repeated === -1) while (from < now.length && now[from] === known[from]) from++;
  if (from < messages.length) return messages.slice(from);
  const asked = messages.findLastIndex(({ role }) => role === "user");
  return asked === -1 ? [] : messages.slice(asked);
}
