// What is searched for, as the API's filter language says it, and what it answers, as the table shows it.

import { nanosOf } from "../trace/find.js";

/** Traces of a page of the API. */
export const PAGE = 500;

/** What the parameters of the URL mean: one filter, and one order. */
export function searchOf(query, { run = null } = {}) {
  const clauses = [];
  const status = { error: "ERROR", ok: "OK", running: "IN_PROGRESS" }[query.get("status")];
  if (status) clauses.push(`status = '${status}'`);
  if (query.get("svc")) clauses.push(`service = ${quoted(query.get("svc"))}`);
  const linked = run ?? query.get("run");
  if (linked) clauses.push(`run_id = ${quoted(linked)}`);
  clauses.push(...between("execution_time", rangeOf(query.get("dur"), millisOf)));
  clauses.push(...between("timestamp", rangeOf(query.get("time"), timeOf)));
  if (query.get("q")?.trim()) clauses.push(query.get("q").trim());
  return { filter: clauses.join(" AND "), order: orderOf(query.get("sort") ?? "-started") };
}

/** A text as the filter language has it. */
export function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}

const SORTED = { started: "timestamp", duration: "execution_time", name: "name", status: "status" };

function orderOf(sort) {
  const column = SORTED[sort.replace(/^-/, "")] ?? "timestamp";
  return `${column} ${sort.startsWith("-") ? "DESC" : "ASC"}`;
}

/** `200ms-2s`, `200ms-`, `-2s`: `[least, most]`, null where it is open. */
export function rangeOf(text, parse) {
  if (!text?.includes("-")) return [null, null];
  const at = text.indexOf("-");
  const side = (part) => (part.trim() ? parse(part) : null);
  return [side(text.slice(0, at)), side(text.slice(at + 1))];
}

function millisOf(text) {
  const nanos = nanosOf(text);
  return nanos === null ? null : Math.round(nanos / 1e6);
}

/** Milliseconds since 1970. */
function timeOf(text) {
  const value = Number(text);
  return Number.isFinite(value) ? Math.round(value) : null;
}

function between(name, [least, most]) {
  const clauses = [];
  if (least !== null) clauses.push(`${name} >= ${least}`);
  if (most !== null) clauses.push(`${name} <= ${most}`);
  return clauses;
}

/** A trace of an answer as a row. */
export function rowOf(trace) {
  const { trace_metadata: metadata = {}, tags = {} } = trace;
  const tokens = objectOf(metadata["mlflow.trace.tokenUsage"]);
  return {
    id: trace.trace_id,
    name: tags["mlflow.traceName"] ?? "",
    service: tags["service.name"] ?? "",
    started: Date.parse(trace.request_time),
    seconds: trace.execution_duration === undefined ? null : Number.parseFloat(trace.execution_duration),
    state: trace.state,
    spans: objectOf(metadata["mlflow.trace.sizeStats"]).num_spans ?? null,
    inputTokens: tokens.input_tokens ?? null,
    outputTokens: tokens.output_tokens ?? null,
    cost: objectOf(metadata["mlflow.trace.cost"]).total_cost ?? null,
    session: metadata["mlflow.trace.session"] ?? null,
    user: metadata["mlflow.trace.user"] ?? null,
    asked: trace.request_preview ?? "",
    answered: trace.response_preview ?? "",
  };
}

function objectOf(text) {
  try {
    return JSON.parse(text ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** `tr-` and 32 hexadecimal digits, with or without `tr-`. */
export function traceId(text) {
  return /^[0-9a-f]{32}$/.test(text) ? `tr-${text}` : text;
}

/** `tr-4f2a91c0…` as people say it: `4f2a91c0`. */
export function shortId(id) {
  return id.replace(/^tr-/, "").slice(0, 8);
}
