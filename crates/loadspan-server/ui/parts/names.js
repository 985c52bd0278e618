// Names that are longer than their room: what tells them apart is often at their end. No DOM.

/** The end of a name that stays when the rest is cut. */
const TAIL = 12;

/** What loadspan puts behind the name of a run that nobody named. */
const DATE = /, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/;

/** A name in two parts, of which only the first is cut: `[head, tail]`. The time of a run is no end worth keeping. */
export function halves(name) {
  if (name.length <= 2 * TAIL || DATE.test(name)) return [name, ""];
  return [name.slice(0, -TAIL), name.slice(-TAIL)];
}

/** At most so many characters, cut in the middle. */
export function middle(name, most) {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) * 0.4);
  return `${name.slice(0, most - 1 - end).trimEnd()}…${name.slice(-end).trimStart()}`;
}
