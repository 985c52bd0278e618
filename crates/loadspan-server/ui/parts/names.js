// Names that are longer than their room: what tells them apart is often at their end. No DOM.

import { plainLine } from "../format.js";

/** The end of a name that stays when the rest is cut. */
const TAIL = 12;

/** What loadspan puts behind the name of a run that nobody named. */
const DATE = /, \d{4}-\d\d-\d\d (\d\d:\d\d:\d\d) UTC$/;

/** A name in two parts, of which only the first is cut: `[head, tail]`. The time of a run is no end worth keeping. */
export function halves(name) {
  if (name.length <= 2 * TAIL || DATE.test(name)) return [name, ""];
  return [name.slice(0, -TAIL), name.slice(-TAIL)];
}

/**
 * How the names of a list are cut: `told({ id, name })` gives both parts. Dates are left out, for a list has them in a column; of names
 * that are alike without them the time of day stays, and of names that are the same altogether the beginning of the id.
 */
export function tellerOf(rows) {
  const [whole, stems] = [new Map(), new Map()];
  for (const { name } of rows) {
    const stem = name.replace(DATE, "");
    whole.set(name, (whole.get(name) ?? 0) + 1);
    stems.set(stem, (stems.get(stem) ?? 0) + 1);
  }
  return ({ id, name }) => {
    const stem = name.replace(DATE, "");
    const isTimed = stem !== name && stems.get(stem) > 1;
    const [head, tail] = isTimed ? [plainLine(stem), `, ${DATE.exec(name)[1]}`] : halves(plainLine(stem));
    return [head, whole.get(name) > 1 ? `${tail} ${id.slice(0, 4)}` : tail];
  };
}

/** At most so many characters, cut in the middle. */
export function middle(name, most) {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) * 0.4);
  return `${name.slice(0, most - 1 - end).trimEnd()}…${name.slice(-end).trimStart()}`;
}
