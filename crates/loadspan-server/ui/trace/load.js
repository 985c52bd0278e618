// What the server knows of a trace: what is said of it as a whole, and the skeleton of its spans, in one answer each.

import { get, path } from "../api.js";
import { rowOf } from "../traces/search.js";
import { parseExact } from "./exact.js";

/** `{ info, skeleton }`. `told` hears how many spans are expected as soon as that is known. */
export async function loadTrace(id, signal, told) {
  const about = loadInfo(id, signal).then((info) => {
    told(info.spans);
    return info;
  });
  const [info, skeleton] = await Promise.all([about, get(path`/api/3.0/loadspan/traces/${id}/skeleton`, { signal })]);
  return { info, skeleton };
}

/** What the list shows of a trace, and the run that it belongs to. */
export async function loadInfo(id, signal) {
  const { trace } = await get(path`/api/3.0/mlflow/traces/${id}`, { signal });
  return rowOf(trace.trace_info);
}

/** Everything about one span. */
export function loadSpan(id, span, signal) {
  return get(path`/api/3.0/loadspan/traces/${id}/spans/${span}`, { signal, parse: parseExact });
}

/** Places in the skeleton of the spans that all comparisons of attributes hold for. The server looks through large traces in parts. */
export async function findByAttributes(id, terms, signal) {
  const asked = terms.flatMap(({ key, op, value }) => [["key", key], ["op", op], ...(op === "exists" ? [] : [["value", value]])]);
  const found = [];
  let token;
  do {
    const query = new URLSearchParams([...asked, ...(token ? [["page_token", token]] : [])]);
    const page = await get(`${path`/api/3.0/loadspan/traces/${id}/find`}?${query}`, { signal });
    for (const place of page.spans) found.push(place);
    token = page.next_page_token;
  } while (token);
  return found;
}

/** Log records of a trace, a page at a time. */
export function loadLogs(id, token, signal) {
  return get(path`/api/3.0/loadspan/traces/${id}/logs`, { query: { max_results: 200, page_token: token }, signal, parse: parseExact });
}
