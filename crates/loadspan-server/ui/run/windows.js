// The seconds of a run: windows as the server sends them, put together. No DOM.
//
// A frame has all windows from `from_ms` on, so that one that comes twice, or after a gap, does no harm.

import { NOTHING_OBSERVED, withObserved } from "./observed.js";

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
  observed: NOTHING_OBSERVED,
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
  const settled = Math.min(count, Math.floor(frame.complete_until_ms / width));
  // The last window of a run ends with its last request, so it seldom has its full length.
  const cut = settled > 0 && settled === count && isCut(columns, width, count - 1);
  return {
    seq: frame.seq ?? before.seq,
    width,
    count,
    complete: cut ? count - 1 : settled,
    status: frame.status,
    source: frame.source,
    total: frame.total ?? before.total,
    observed: frame.observed ? withObserved(before.observed, frame.observed) : before.observed,
    columns,
  };
}

/** Seconds at which windows are drawn: their middles. */
export function middles({ columns, width }) {
  return columns.start_ms.map((start) => (start + width / 2) / 1000);
}

function isCut(columns, width, at) {
  return columns.seconds[at] * 1000 < width * 0.99;
}

/** The same where nothing more comes: the window of the last request has no full length either. */
export function endedEarly(windows) {
  const last = Math.floor((windows.total?.elapsed_ms ?? 0) / windows.width);
  return { ...windows, complete: Math.min(windows.complete, last) };
}

/** Requests or tokens of each window as a rate by its true length; not of a short rest with few requests, where each is a spike. */
export function rates({ columns, width }, name) {
  return columns[name].map((value, at) => {
    const seconds = columns.seconds[at];
    const rest = seconds * 2000 < width && columns.ended[at] < ENOUGH;
    return value === null || rest ? null : value / seconds;
  });
}

/** The window that a second is in, or -1. */
export function placeAt({ count, width }, second) {
  const place = second === null ? -1 : Math.floor((second * 1000) / width);
  return place < count ? place : -1;
}

const WIDTHS = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000];
/** More windows than this are narrower than can be seen; fewer are no course. */
const [FEWEST, MOST] = [5, 1200];
/** With fewer requests in a window its rate goes up and down by chance. */
const ENOUGH = 20;

/** How long windows should be for a run of some seconds with some requests: short, and yet with enough requests in each. */
export function widthFor(seconds, requests = Infinity) {
  const fits = WIDTHS.filter((width) => (seconds * 1000) / width <= MOST);
  const widest = fits.filter((width) => (seconds * 1000) / width >= FEWEST).at(-1) ?? fits[0];
  const calm = fits.find((width) => (requests * width) / (seconds * 1000) >= ENOUGH);
  return Math.min(calm ?? Infinity, widest ?? WIDTHS.at(-1));
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
