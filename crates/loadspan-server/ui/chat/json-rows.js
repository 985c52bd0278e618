// A tree of JSON as rows that can be shown one by one: what is closed hides what is in it. Places are named by their path.

import { ExactNumber } from "../trace/exact.js";

/** Rows of what is open: `{ path, depth, key, kind, text, size, isOpen, closes }`. `open` are paths. */
export function rowsOf(value, open) {
  const rows = [];
  const waiting = [{ path: "$", depth: 0, key: null, value }];
  while (waiting.length > 0) {
    const at = waiting.pop();
    if (at.closes) {
      rows.push(at);
      continue;
    }
    const kind = kindOf(at.value);
    const entries = kind === "object" ? Object.entries(at.value) : kind === "array" ? at.value : null;
    const isOpen = entries !== null && entries.length > 0 && open.has(at.path);
    rows.push({ path: at.path, depth: at.depth, key: at.key, kind, size: entries?.length, isOpen, text: entries ? null : textOf(at.value, kind), value: at.value });
    if (!isOpen) continue;
    waiting.push({ path: `${at.path}/`, depth: at.depth, closes: kind });
    for (let place = entries.length - 1; place >= 0; place--) {
      const [key, inner] = kind === "object" ? entries[place] : [place, entries[place]];
      waiting.push({ path: `${at.path}/${escaped(key)}`, depth: at.depth + 1, key, value: inner });
    }
  }
  return rows;
}

function escaped(key) {
  return String(key).replaceAll("~", "~0").replaceAll("/", "~1");
}

function kindOf(value) {
  if (value === null || value === undefined) return "null";
  if (value instanceof ExactNumber) return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

function textOf(value, kind) {
  if (kind === "null") return "null";
  return kind === "string" ? value : String(value);
}

/** Paths that are open at first: one level. */
export function openAtFirst() {
  return new Set(["$"]);
}

/** Paths of values and keys that contain a text, and all that is to be open for them to be seen; at most `most`. */
export function findIn(value, text, most = 1000) {
  const wanted = text.toLowerCase();
  const found = [];
  const waiting = [{ path: "$", key: null, value }];
  while (waiting.length > 0 && found.length < most) {
    const { path, key, value: at } = waiting.pop();
    const kind = kindOf(at);
    const leaf = kind !== "object" && kind !== "array";
    if (String(key ?? "").toLowerCase().includes(wanted) || (leaf && textOf(at, kind).toLowerCase().includes(wanted))) found.push(path);
    if (leaf) continue;
    const entries = kind === "object" ? Object.entries(at) : at.map((inner, place) => [place, inner]);
    for (const [name, inner] of entries.reverse()) waiting.push({ path: `${path}/${escaped(name)}`, key: name, value: inner });
  }
  return found;
}

/** Paths above a path. */
export function above(path) {
  const parts = path.split("/");
  return parts.slice(1).map((_part, place) => parts.slice(0, place + 1).join("/"));
}
