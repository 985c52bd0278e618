// What is typed into "find" of a trace: words, `kind:llm`, `service:api`, `dur>200ms`, `err`, and for attributes, of which only the server
// knows, `key=value`, `key!=value`, and `key=` for those that have it at all. All terms must hold.

import { KINDS } from "./tree.js";

const SECONDS = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10 };

/** `{ tests: [predicate(tree, row)], attributes: [{ key, op, value }], fault }` */
export function termsOf(text) {
  const found = { tests: [], attributes: [], fault: null };
  for (const term of text.match(/[^\s"]*"[^"]*"?|\S+/g) ?? []) add(found, term.replaceAll('"', ""));
  return found;
}

function add(found, term) {
  const compared = /^dur(?:ation)?(>=|<=|>|<|=)(.*)$/i.exec(term);
  if (compared) return addDuration(found, compared);
  const attribute = /^([^=!<>:\s]+)(!?=)(.*)$/.exec(term);
  if (attribute) return found.attributes.push(comparison(attribute));
  const named = /^(kind|service|name|id):(.*)$/i.exec(term);
  if (named) return found.tests.push(FIELDS[named[1].toLowerCase()](named[2].toLowerCase()));
  if (/^err(or)?$/i.test(term)) return found.tests.push((tree, row) => tree.error[row] === 1);
  return found.tests.push(word(term.toLowerCase()));
}

function comparison([, key, sign, value]) {
  if (value === "") return { key, op: "exists", value };
  return { key, op: sign === "=" ? "eq" : "ne", value };
}

const FIELDS = {
  kind: (value) => (tree, row) => KINDS[tree.kind[row]].startsWith(value) || tree.type[row].toLowerCase().includes(value),
  service: (value) => (tree, row) => tree.services[tree.service[row]].toLowerCase().includes(value),
  name: (value) => (tree, row) => tree.name[row].toLowerCase().includes(value),
  id: (value) => (tree, row) => tree.id[row].startsWith(value),
};

function addDuration(found, [, op, text]) {
  const nanos = nanosOf(text);
  if (nanos === null) {
    found.fault = `“dur${op}${text}” needs a number and a unit, like 200ms`;
    return;
  }
  found.tests.push((tree, row) => COMPARE[op](tree.duration[row], nanos));
}

const COMPARE = {
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  "=": (one, other) => one === other,
};

/** `200ms` in nanoseconds, or null. Without a unit: milliseconds. */
export function nanosOf(text) {
  const found = /^(\d+(?:\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|m)?$/.exec(text.trim());
  return found ? Number(found[1]) * SECONDS[found[2] ?? "ms"] : null;
}

function word(value) {
  return (tree, row) =>
    tree.name[row].toLowerCase().includes(value) ||
    tree.services[tree.service[row]].toLowerCase().includes(value) ||
    KINDS[tree.kind[row]] === value ||
    tree.type[row].toLowerCase() === value ||
    tree.id[row].startsWith(value);
}

/** Rows that all terms hold for, in order. `among` are the ids that attributes hold for, or null. */
export function matches(tree, tests, among = null) {
  const rows = [];
  for (let row = 0; row < tree.size; row++) {
    if ((!among || among.has(tree.id[row])) && tests.every((test) => test(tree, row))) rows.push(row);
  }
  return rows;
}

/** The match after, or before, a row; it goes round. */
export function step(rows, row, by) {
  if (rows.length === 0) return -1;
  if (by > 0) return rows.find((one) => one > row) ?? rows[0];
  for (let place = rows.length - 1; place >= 0; place--) if (rows[place] < row) return rows[place];
  return rows[rows.length - 1];
}
