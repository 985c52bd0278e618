// Short names for runs that stand beside each other: what they share is left out. No DOM.

import { plainLine } from "../format.js";

/** What loadspan puts behind the name of a run that nobody named. */
const DATE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/;

/** A label for each run, by its id; no two are the same. Names go in parts: `model, load, time`. */
export function labelsOf(runs) {
  const parts = new Map(runs.map(({ id, name }) => [id, plainLine(name).split(/,\s+/)]));
  const all = [...parts.values()];
  const shared = (part) => runs.length > 1 && all.every((list) => list.includes(part));
  const sameDay = new Set(all.flat().flatMap((part) => DATE.exec(part)?.[1] ?? [])).size === 1;
  const forms = [
    (list) => list.filter((part) => !shared(part) && !DATE.test(part)),
    (list) => named(list, shared).map((part) => (sameDay ? part.replace(DATE, "$2") : part.replace(DATE, "$1 $2"))),
    (list) => list,
  ];
  const labels = new Map();
  for (const form of forms) {
    const texts = new Map([...parts].filter(([id]) => !labels.has(id)).map(([id, list]) => [id, form(list).join(", ")]));
    const counts = new Map([...texts.values(), ...labels.values()].map((text) => [text, 0]));
    for (const text of [...texts.values(), ...labels.values()]) counts.set(text, counts.get(text) + 1);
    for (const [id, text] of texts) if (text && counts.get(text) === 1) labels.set(id, text);
  }
  return new Map(runs.map(({ id, name }) => [id, labels.get(id) ?? `${plainLine(name)} ${id.slice(0, 4)}`]));
}

/** The parts that are not shared; a time alone is no name, so that the part before it stays. */
function named(list, shared) {
  const own = list.filter((part) => !shared(part));
  const before = list.filter((part) => !DATE.test(part)).at(-1);
  return own.every((part) => DATE.test(part)) && before ? [before, ...own] : own;
}
