// What is searched for, as the API's filter language says it, and what it answers, as the table shows it.

import { nanosOf } from "../trace/find.js";

/** Traces of a page of the API. */
export const PAGE = 500;

/**
 * What the parameters of the URL mean: `{ filter, order, base, selection }`. Times, durations and a status select among what all the rest
 * of it, `base`, asks for; `selection` is null if nothing is selected.
 */
export function searchOf(query) {
  // What was typed stands first, so that the place of a mistake in it is the same as in the field.
  const clauses = query.get("q")?.trim() ? [query.get("q").trim()] : [];
  if (query.get("svc")) clauses.push(`service = ${quoted(query.get("svc"))}`);
  if (query.get("run")) clauses.push(`run_id = ${quoted(query.get("run"))}`);
  const selection = selectionOf(query);
  return {
    base: clauses.join(" AND "),
    selection,
    filter: [...clauses, ...(selection ? clausesOf(selection) : [])].join(" AND "),
    order: orderOf(query.get("sort") ?? "-started"),
  };
}

/** `{ time: [from, to], duration: [least, most], state }`, times and durations in ms, null where they are open. */
function selectionOf(query) {
  const state = { error: "ERROR", ok: "OK", running: "IN_PROGRESS" }[query.get("status")] ?? null;
  const duration = rangeOf(query.get("dur"), millisOf);
  const time = rangeOf(query.get("time"), timeOf);
  return state === null && [...duration, ...time].every((side) => side === null) ? null : { time, duration, state };
}

/** What a selection asks for, in the filter language. */
export function clausesOf({ time, duration, state }) {
  const clauses = state === null ? [] : [`status = '${state}'`];
  return [...clauses, ...between("execution_time", duration), ...between("timestamp", time)];
}

/** Filters that together hold for all that is not selected, and each for what none of the others does. */
export function besides({ time, duration, state }) {
  const outside = (name, [least, most]) => [least !== null && `${name} < ${least}`, most !== null && `${name} > ${most}`].filter(Boolean);
  const within = (...clauses) => clauses.flat().join(" AND ");
  return [
    ...outside("timestamp", time),
    ...outside("execution_time", duration).map((clause) => within(clause, between("timestamp", time))),
    ...(state === null ? [] : [within(`status != '${state}'`, between("execution_time", duration), between("timestamp", time))]),
  ];
}

/** Whether a point is selected. */
export function isSelected({ started, seconds, state }, selection) {
  const [from, to] = selection.time;
  const [least, most] = selection.duration;
  const millis = seconds === null ? null : Math.floor(seconds * 1000 + 1e-6);
  if (selection.state !== null && state !== selection.state) return false;
  if ((from !== null && started < from) || (to !== null && started > to)) return false;
  if (least === null && most === null) return true;
  return millis !== null && (least === null || millis >= least) && (most === null || millis <= most);
}

/** A filter of several, some of which may be empty. */
export function joined(...filters) {
  return filters.filter(Boolean).join(" AND ");
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
    seconds: secondsOf(trace),
    state: trace.state,
    spans: objectOf(metadata["mlflow.trace.sizeStats"]).num_spans ?? null,
    inputTokens: tokens.input_tokens ?? null,
    outputTokens: tokens.output_tokens ?? null,
    cost: objectOf(metadata["mlflow.trace.cost"]).total_cost ?? null,
    session: metadata["mlflow.trace.session"] ?? null,
    user: metadata["mlflow.trace.user"] ?? null,
    run: metadata["mlflow.sourceRun"] ?? null,
    /** What loadspan calls the run that sent it. */
    benchmark: tags["loadspan.run.id"] ?? null,
    asked: trace.request_preview ?? "",
    answered: trace.response_preview ?? "",
  };
}

/** How long it took; of servers that say it to the nanosecond, as exactly. */
function secondsOf({ execution_duration: millis, execution_duration_ns: nanos }) {
  if (nanos !== undefined && nanos !== null) return Number(nanos) / 1e9;
  return millis === undefined ? null : Number.parseFloat(millis);
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
