// What "include" and "exclude" add to a search: parameters of the URL where there is one, else a clause of the filter.

import { quoted } from "./search.js";

/** A name of the filter language; null if it cannot be said in it. */
function named(prefix, key) {
  if (/^[\w.-]+$/.test(key)) return `${prefix}.${key}`;
  if (!key.includes("`")) return `${prefix}.\`${key}\``;
  return key.includes('"') ? null : `${prefix}."${key}"`;
}

const NAMES = {
  name: () => "name",
  service: () => "service",
  status: () => "status",
  tag: (key) => named("tags", key),
  metadata: (key) => named("metadata", key),
  attribute: (key) => named("span.attributes", key),
};

/** The clause that holds for traces with a value, or without it; null if it cannot be said. */
export function clauseOf({ kind, key }, value, isIncluded) {
  // A trace without such a call has others: that cannot be asked for.
  if (kind === "model") return isIncluded ? `span.attributes.mlflow.llm.model = ${quoted(value)}` : null;
  if (kind === "tokens") return `total_tokens ${isIncluded ? ">" : "<="} ${Number(value)}`;
  const name = NAMES[kind](key);
  return name && `${name} ${isIncluded ? "=" : "!="} ${quoted(value)}`;
}

/** Changes of the URL that add a clause, once. */
export function adding(query, clause) {
  const before = query.get("q")?.trim() ?? "";
  if (before.split(/\s+AND\s+/).includes(clause)) return {};
  return { q: before ? `${before} AND ${clause}` : clause };
}
