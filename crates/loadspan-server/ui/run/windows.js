// The seconds of a run: windows as the server sends them, put together. No DOM.
//
// A frame has all windows from `from_ms` on, so that one that comes twice, or after a gap, does no harm.

const LISTS = ["start_ms", "ended", "failed", "sent", "seconds", "input_tokens", "output_tokens", "in_flight"];
const SPREADS = ["duration", "ttft", "chunk"];
const STATISTICS = ["n", "p50", "p90", "p95", "p99", "max"];

/** Nothing yet. */
export const NO_WINDOWS = {
  seq: 0,
  width: 1000,
  count: 0,
  complete: 0,
  total: null,
  columns: columnsOf(() => []),
};

function columnsOf(list) {
  const columns = {};
  for (const name of LISTS) columns[name] = list(name);
  for (const name of SPREADS) columns[name] = Object.fromEntries(STATISTICS.map((statistic) => [statistic, list(name, statistic)]));
  return columns;
}

/** The windows with a frame (`GET …/windows`, or an event `windows`) put in. */
export function withFrame(before, frame) {
  const width = frame.width_ms;
  const from = frame.from_ms ?? 0;
  const base = width === before.width ? before : NO_WINDOWS;
  // Windows without requests are not sent at the end of the list, but places have to fit.
  const kept = Math.min(base.count, Math.round(from / width));
  const added = frame.windows;
  const columns = columnsOf((name, statistic) => {
    const [old, fresh] = statistic ? [base.columns[name][statistic], added[name]?.[statistic]] : [base.columns[name], added[name]];
    return old.slice(0, kept).concat(fresh ?? added.start_ms.map(() => null));
  });
  const count = columns.start_ms.length;
  return {
    seq: frame.seq ?? before.seq,
    width,
    count,
    complete: Math.min(count, Math.floor(frame.complete_until_ms / width)),
    status: frame.status,
    source: frame.source,
    total: frame.total ?? before.total,
    columns,
  };
}

/** Seconds at which windows are drawn: their middles. */
export function middles({ columns, width }) {
  return columns.start_ms.map((start) => (start + width / 2) / 1000);
}

/** Requests or tokens of each window as a rate. */
export function rates({ columns }, name) {
  return columns[name].map((value, at) => (value === null ? null : value / columns.seconds[at]));
}

/** Windows of which a run has at most so many are as narrow as may be. */
const WIDTHS = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000];
const MOST = 1200;

export function widthFor(seconds) {
  return WIDTHS.find((width) => (seconds * 1000) / width <= MOST) ?? WIDTHS.at(-1);
}

/** A percentile of each window, where it has enough values: `null` where it would be little more than the largest. */
export function percentile(spread, name, quantile) {
  const list = spread[name];
  return list.map((value, at) => (spread.n[at] * (1 - quantile) >= 1 - 1e-9 ? value : null));
}

/** Values in milliseconds. */
export function inMs(values) {
  return values.map((value) => (value === null || value === undefined ? null : value * 1000));
}

/** Spans of windows without a request, which are gaps in the lines: `[from, to]` in seconds, the longer ones. */
export function gaps({ columns, width, complete }) {
  const found = [];
  let from = null;
  for (let at = 0; at <= complete; at += 1) {
    const empty = at < complete && columns.ended[at] === 0 && !(columns.in_flight[at] > 0);
    if (empty && from === null) from = at;
    if (!empty && from !== null) {
      if (at - from >= 2) found.push([(from * width) / 1000, (at * width) / 1000]);
      from = null;
    }
  }
  return found;
}
