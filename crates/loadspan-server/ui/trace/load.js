// What the server knows of a trace: what is said of it as a whole, and all of its spans, page by page.

import { get, path } from "../api.js";
import { rowOf } from "../traces/search.js";
import { parseExact } from "./exact.js";
import { treeOf } from "./tree.js";

/** Spans of a page. */
const PAGE = 5000;

/** `{ info, tree }`. `told` hears `(spans so far, spans expected)`; the latter is null until it is known. */
export async function loadTrace(id, signal, told) {
  let expected = null;
  const about = loadInfo(id, signal).then((info) => {
    expected = info.spans;
    return info;
  });
  const [info, spans] = await Promise.all([about, loadSpans(id, signal, (count) => told(count, expected))]);
  return { info, tree: treeOf(spans) };
}

/** What the list shows of a trace, and the run that it belongs to. */
export async function loadInfo(id, signal) {
  const { trace } = await get(path`/api/3.0/mlflow/traces/${id}`, { signal });
  const said = trace.trace_info;
  return { ...rowOf(said), run: said.trace_metadata?.["mlflow.sourceRun"] ?? null };
}

async function loadSpans(id, signal, told) {
  const all = [];
  let token;
  do {
    const query = { max_results: PAGE, page_token: token };
    const page = await get(path`/api/3.0/loadspan/traces/${id}/spans`, { query, signal });
    for (const span of page.spans) all.push(span);
    token = page.next_page_token;
    told(all.length);
  } while (token);
  return all;
}

/** Everything about one span. */
export function loadSpan(id, span, signal) {
  return get(path`/api/3.0/loadspan/traces/${id}/spans/${span}`, { signal, parse: parseExact });
}

/** Ids of the spans that an attribute's comparison holds for. */
export async function findByAttribute(id, { key, op, value }, signal) {
  const { spans = [] } = await get(path`/api/3.0/loadspan/traces/${id}/find`, { query: { key, op, value }, signal });
  return new Set(spans);
}

/** Log records of a trace, a page at a time. */
export function loadLogs(id, token, signal) {
  return get(path`/api/3.0/loadspan/traces/${id}/logs`, { query: { max_results: 200, page_token: token }, signal, parse: parseExact });
}
