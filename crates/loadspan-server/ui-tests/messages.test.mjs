import assert from "node:assert/strict";
import test from "node:test";
import { blocksOf, inlineOf } from "../ui/chat/markdown.js";
import { above, findIn, openAtFirst, rowsOf } from "../ui/chat/json-rows.js";
import { conversationOf, newIn } from "../ui/chat/messages.js";

/** A conversation as lines: what a reader sees. */
function said(attributes, events = []) {
  const conversation = conversationOf({ attributes, events });
  if (!conversation) return null;
  const line = ({ role, parts, finish }) =>
    `${role}: ${parts.map((part) => part.text ?? `${part.type} ${part.name ?? part.mime ?? ""} ${part.id ?? ""} ${part.value === undefined ? "" : JSON.stringify(part.value)}`.replace(/\s+/g, " ").trim()).join(" | ")}${finish ? ` (${finish})` : ""}`;
  return [...conversation.input.map(line), "---", ...conversation.output.map(line)];
}

test("OpenAI: parts, pictures, calls of tools and their results", () => {
  const input = {
    model: "gpt-4o",
    messages: [
      { role: "system", content: "Be terse." },
      { role: "user", content: [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
      { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }] },
      { role: "tool", tool_call_id: "c1", content: '{"celsius":-3}' },
    ],
  };
  const output = { choices: [{ finish_reason: "stop", message: { role: "assistant", content: "Cold.", reasoning_content: "Think." } }] };
  assert.deepEqual(said({ "mlflow.spanInputs": JSON.stringify(input), "mlflow.spanOutputs": output }), [
    "system: Be terse.",
    "user: Look | media image/png",
    'assistant: tool_call weather c1 {"city":"Oslo"}',
    'tool: tool_result c1 {"celsius":-3}',
    "---",
    "assistant: Think. | Cold. (stop)",
  ]);
});

test("OpenAI's responses", () => {
  const input = { instructions: "Be kind.", input: [{ role: "user", content: [{ type: "input_text", text: "Hi" }] }, { type: "function_call_output", call_id: "c", output: "4" }] };
  const output = { output: [{ type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }] }, { type: "function_call", call_id: "c", name: "add", arguments: "{}" }, { type: "message", role: "assistant", content: [{ type: "output_text", text: "Four" }] }] };
  assert.deepEqual(said({ "mlflow.spanInputs": input, "mlflow.spanOutputs": output }), [
    "system: Be kind.",
    "user: Hi",
    'user: tool_result c "4"',
    "---",
    "assistant: Hm.",
    "assistant: tool_call add c {}",
    "assistant: Four",
  ]);
});

test("Anthropic: system beside the messages, thinking, tools", () => {
  const input = { system: "Help.", messages: [{ role: "assistant", content: [{ type: "thinking", thinking: "Hm." }, { type: "tool_use", id: "t", name: "ls", input: { path: "/" } }] }, { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "bin" }] }] };
  const output = { role: "assistant", content: [{ type: "text", text: "There." }, { type: "mystery", payload: 1 }], stop_reason: "end_turn" };
  assert.deepEqual(said({ "mlflow.spanInputs": input, "mlflow.spanOutputs": output }), [
    "system: Help.",
    'assistant: Hm. | tool_call ls t {"path":"/"}',
    'user: tool_result t "bin"',
    "---",
    'assistant: There. | unknown {"type":"mystery","payload":1} (end_turn)',
  ]);
});

test("the GenAI conventions, new names", () => {
  const input = [{ role: "user", parts: [{ type: "text", content: "Paris?" }] }, { role: "assistant", parts: [{ type: "reasoning", content: "Hm." }, { type: "tool_call", id: "c", name: "w", arguments: { a: 1 } }] }, { role: "tool", parts: [{ type: "tool_call_response", id: "c", response: "rain" }] }];
  const output = [{ role: "assistant", parts: [{ type: "text", content: "Rain." }], finish_reason: "stop" }];
  const lines = ["user: Paris?", 'assistant: Hm. | tool_call w c {"a":1}', 'tool: tool_result c "rain"', "---", "assistant: Rain. (stop)"];
  assert.deepEqual(said({ "gen_ai.input.messages": input, "gen_ai.output.messages": output }), lines);
  assert.deepEqual(said({ "gen_ai.input.messages": JSON.stringify(input), "gen_ai.output.messages": JSON.stringify(output) }), lines);
});

test("the GenAI conventions, old events", () => {
  const events = [
    { name: "gen_ai.system.message", attributes: { content: "Old." } },
    { name: "gen_ai.user.message", attributes: { content: "Hi?" } },
    { name: "gen_ai.choice", attributes: { finish_reason: "stop", message: '{"role":"assistant","content":"Ho."}' } },
  ];
  assert.deepEqual(said({}, events), ["system: Old.", "user: Hi?", "---", "assistant: Ho. (stop)"]);
});

test("Gemini and LangChain", () => {
  const gemini = { contents: [{ role: "user", parts: [{ text: "Hi" }] }], systemInstruction: { parts: [{ text: "Sys" }] } };
  const answer = { candidates: [{ content: { role: "model", parts: [{ functionCall: { name: "f", args: { a: 1 } } }] }, finishReason: "STOP" }] };
  assert.deepEqual(said({ "mlflow.spanInputs": gemini, "mlflow.spanOutputs": answer }), ["system: Sys", "user: Hi", "---", 'assistant: tool_call f {"a":1} (STOP)']);
  const langchain = [[{ type: "human", content: "Hi" }, { type: "ai", content: "Ho" }]];
  assert.deepEqual(said({ "mlflow.spanInputs": langchain }), ["user: Hi", "assistant: Ho", "---"]);
});

test("what is broken or no message is shown as it is", () => {
  assert.deepEqual(said({ "gen_ai.input.messages": '[{"role":"user","content":"half', "gen_ai.output.messages": "no JSON" }), ['user: [{"role":"user","content":"half', "---", "assistant: no JSON"]);
  assert.deepEqual(said({ "mlflow.spanInputs": { city: "Oslo" } }), ['user: unknown {"city":"Oslo"}', "---"]);
  assert.deepEqual(said({ "mlflow.spanInputs": [1, 2] }), ["user: unknown [1,2]", "---"]);
  assert.equal(said({}), null);
});

test("an agent that gives the whole conversation back is not read twice", () => {
  const asked = [{ role: "user", content: "Hi" }];
  const lines = said({ "mlflow.spanInputs": { messages: asked }, "mlflow.spanOutputs": { messages: [...asked, { role: "assistant", content: "Ho" }] } });
  assert.deepEqual(lines, ["user: Hi", "---", "assistant: Ho"]);
});

test("of a next turn only what is new", () => {
  const message = (text) => ({ role: "user", parts: [{ type: "text", text }] });
  assert.deepEqual(newIn([message("a"), message("b"), message("c")], [message("a"), message("b")]), [message("c")]);
  assert.deepEqual(newIn([message("x")], [message("a")]), [message("x")]);
  const answer = { role: "assistant", parts: [{ type: "text", text: "hi" }] };
  assert.deepEqual(newIn([message("a")], [message("a"), answer]), [message("a")]);
  assert.deepEqual(newIn([message("a")], [message("a")]), [message("a")]);
  assert.deepEqual(newIn([message("a"), answer, message("a")], [message("a"), answer]), [message("a")]);
  assert.deepEqual(newIn([message("b"), message("c")], [message("a"), message("b")]), [message("c")]);
  const thought = { role: "user", parts: [{ type: "reasoning", text: "hm" }, ...message("b").parts] };
  assert.deepEqual(newIn([message("a"), message("b"), message("c")], [message("a"), thought]), [message("c")]);
});

test("JSON is rows: one level at first, the rest when opened", () => {
  const value = { a: { b: [1, null] }, "c/d": "text" };
  assert.deepEqual(rowsOf(value, openAtFirst()).map(({ path, closes }) => closes ?? path), ["$", "$/a", "$/c~1d", "object"]);
  assert.equal(rowsOf(value, new Set(["$", "$/a", "$/a/b"])).length, 9);
  assert.deepEqual(findIn(value, "TEXT"), ["$/c~1d"]);
  assert.deepEqual(above("$/a/b"), ["$", "$/a"]);
  let deep = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  assert.equal(findIn(deep, "1").length > 0, true);
});

test("of Markdown no link, no picture and no HTML is more than text", () => {
  const hostile = "[x](javascript:alert(1)) ![y](http://z/) <script>alert(1)</script>";
  assert.deepEqual(blocksOf(hostile), [{ type: "text", text: hostile }]);
  assert.deepEqual(inlineOf(hostile), [{ type: "text", text: hostile }]);
  assert.deepEqual(blocksOf("# T\n- a\n- b\n\n```\ncode\n```\none\ntwo").map(({ type }) => type), ["heading", "list", "code", "text"]);
  assert.deepEqual(inlineOf("a **b** `c`").map(({ type }) => type), ["text", "strong", "text", "code"]);
});
