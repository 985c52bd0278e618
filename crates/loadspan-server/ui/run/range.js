// Which seconds of a run its charts show: all of them, a part that was picked (`t=12.5-40`), or the last two minutes (`t=last`). No DOM.

/** Two minutes of a run that goes on. */
const LAST_S = 120;

/** The range that `t` in the URL means. */
export function rangeOf(text, { span, windows }) {
  if (text === "last") {
    const now = Math.max(LAST_S, (windows.count * windows.width) / 1000);
    return [now - LAST_S, now];
  }
  const found = /^(-?[\d.]+)-([\d.]+)$/.exec(text ?? "");
  if (!found) return span;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return to > from ? [from, to] : span;
}

/** A range for the URL; null for all of the run. */
export function rangeText([from, to], span) {
  const [low, high] = [Math.max(0, from), Math.min(span[1], to)];
  if (high - low < 0.05 || (low <= 0 && high >= span[1])) return null;
  return `${Number(low.toFixed(2))}-${Number(high.toFixed(2))}`;
}
