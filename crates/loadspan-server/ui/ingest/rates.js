// Rates from counters that are read now and then. No DOM.

/** So many readings are kept. */
const KEPT = 60;

/** The readings with one more: `{ at, values }`, at in milliseconds. A counter that has become less began anew, as its server did. */
export function withReading(history, reading) {
  return [...history, reading].slice(-(KEPT + 1));
}

/** What was counted per second between readings, by name; null where a counter began anew. */
export function ratesOf(history, name) {
  return history.slice(1).map(({ at, values }, place) => {
    const before = history[place];
    const more = values[name] - before.values[name];
    return more >= 0 && at > before.at ? (more * 1000) / (at - before.at) : null;
  });
}
