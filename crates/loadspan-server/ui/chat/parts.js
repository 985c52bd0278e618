// Parts of a message: `text`, `reasoning`, `tool_call`, `tool_result`, `media`, and `unknown` for all else, with its data.

import { parsedTree } from "../trace/exact.js";

/** Parts of a content in any form. */
export function partsOf(content) {
  if (content === null || content === undefined || content === "") return [];
  if (Array.isArray(content)) return content.flatMap((part) => (typeof part === "string" ? [text(part)] : partOf(part)));
  if (typeof content === "object") return partOf(content);
  return [text(String(content))];
}

function text(value) {
  return { type: "text", text: value };
}

function partOf(part) {
  if (part === null || typeof part !== "object") return [{ type: "unknown", value: part }];
  const make = FORMS[part.type] ?? byShape(part);
  return make ? make(part) : [{ type: "unknown", value: part }];
}

const FORMS = {
  text: textOf,
  input_text: textOf,
  output_text: textOf,
  refusal: ({ refusal }) => [text(String(refusal))],
  reasoning: reasoningOf,
  thinking: reasoningOf,
  tool_call: callOf,
  tool_use: callOf,
  function: callOf,
  function_call: callOf,
  tool_result: resultOf,
  tool_call_response: resultOf,
  function_call_output: resultOf,
  image_url: mediaOf,
  image: mediaOf,
  input_image: mediaOf,
  input_audio: mediaOf,
  audio: mediaOf,
  blob: mediaOf,
  uri: mediaOf,
  file: mediaOf,
  document: mediaOf,
};

/** Gemini's and Bedrock's parts have no type. */
function byShape(part) {
  if (typeof part.text === "string") return part.thought ? reasoningOf : textOf;
  if (part.functionCall || part.function_call) return (one) => callOf(one.functionCall ?? one.function_call);
  if (part.functionResponse || part.function_response) return (one) => resultOf(one.functionResponse ?? one.function_response);
  if (part.toolUse) return ({ toolUse }) => callOf({ ...toolUse, id: toolUse.toolUseId });
  if (part.toolResult) return ({ toolResult }) => resultOf({ ...toolResult, id: toolResult.toolUseId });
  if (part.inlineData || part.inline_data) return (one) => mediaOf({ source: one.inlineData ?? one.inline_data });
  return null;
}

function textOf(part) {
  const said = part.text ?? part.content;
  return [typeof said === "string" ? text(said) : { type: "unknown", value: part }];
}

function reasoningOf(part) {
  const said = part.thinking ?? part.content ?? part.text ?? part.summary;
  if (typeof said === "string") return [{ type: "reasoning", text: said }];
  const texts = Array.isArray(said) ? said.map((one) => one?.text).filter((one) => typeof one === "string") : [];
  return texts.length > 0 ? [{ type: "reasoning", text: texts.join("\n") }] : [{ type: "unknown", value: part }];
}

function callOf(part) {
  const call = typeof part.function === "object" && part.function !== null ? part.function : part;
  const said = call.arguments ?? call.input ?? call.args ?? part.args;
  return [{ type: "tool_call", id: part.call_id ?? part.id, name: String(call.name ?? "tool"), value: untexted(said) }];
}

function resultOf(part) {
  const id = part.tool_use_id ?? part.tool_call_id ?? part.call_id ?? part.id;
  return [{ type: "tool_result", id, name: part.name, value: untexted(part.response ?? part.result ?? part.content ?? part.output) }];
}

function untexted(value) {
  return typeof value === "string" ? (parsedTree(value) ?? value) : value;
}

/** Pictures, sounds, files: `data` is base64 if it is in the message, `address` what it says otherwise, which is never loaded. */
function mediaOf(part) {
  const source = part.image_url ?? part.input_audio ?? part.source ?? part.file ?? part;
  const address = typeof source === "string" ? source : (source.url ?? source.uri ?? source.file_data);
  const inline = /^data:([\w.+/-]+);base64,(.*)$/s.exec(address ?? "");
  const data = inline?.[2] ?? (typeof source.data === "string" ? source.data : (part.content ?? undefined));
  const format = typeof source.format === "string" ? `audio/${source.format}` : undefined;
  const mime = inline?.[1] ?? source.media_type ?? source.mime_type ?? source.mimeType ?? part.mime_type ?? format;
  if (typeof data === "string") return [{ type: "media", mime: String(mime ?? part.modality ?? "file"), data }];
  if (typeof address === "string") return [{ type: "media", mime: String(mime ?? part.modality ?? part.type ?? "file"), address }];
  return [{ type: "unknown", value: part }];
}
