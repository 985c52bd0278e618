// Charts of what the load generator itself saw: which errors there were when, and how late it was. No DOM.

import { number, plainLine, share } from "../format.js";
import { tickText } from "../charts/scale.js";
import { seriesToken } from "../charts/series.js";
import { failuresOf } from "./observed.js";
import { inMs, middles } from "./windows.js";

/** From this p99 of the dispatch delay on an open load is degraded, in ms: docs/metrics.md. */
const DEGRADED_MS = 10;
/** Above eight classes of errors their colours would repeat. */
const MOST = 8;

/**
 * `[errors, lateness]` as descriptions for charts/timechart.js, those that there is something to show of. Without records, which a run
 * that goes on has none of, errors are those that were logged.
 */
export function clientCharts({ run, records, windows, range, common, steady }) {
  if (windows.count === 0) return [];
  const about = { ...common, x: middles(windows), range, complete: run.live ? windows.complete : windows.count };
  const recorded = records?.size > 0;
  const found = recorded ? records.failures(windows.width, windows.count) : failuresOf(windows.observed, windows);
  return [errorChart({ run, found, windows, about, steady }), recorded && latenessChart({ run, records, windows, about })].filter(Boolean);
}

function latenessChart({ run, records, windows, about }) {
  const { lag, delay } = records.lateness(windows.width, windows.count);
  const [p50, p99, most] = [lag.p50, lag.p99, lag.max].map(inMs);
  const dispatch = inMs(delay.max);
  const worst = Math.max(0, ...dispatch.filter(Number.isFinite));
  // Of closed loads nothing but the client's own part is judged, and not by this.
  const lines = Number(run.params.request_rate) > 0 ? [{ value: DEGRADED_MS, label: "degraded 10" }] : [];
  return {
    ...about,
    key: "client",
    name: `${run.name}-client`,
    title: "Was the client healthy?",
    note: `ms from due to sent, ${tickText(windows.width / 1000)} s windows${clientWords(run)}`,
    unit: "ms",
    format: tickText,
    lines,
    least: 1,
    series: [
      { key: "max", label: "lag, most", name: "most", token: "text-3", width: 1, values: most },
      { key: "p50", label: "lag p50", name: "p50", token: "series-1", width: 1, stroke: 1, values: p50 },
      { key: "p99", label: "lag p99", name: p99.some((value) => value !== null) ? "p99" : "", token: "series-1", width: 2, values: p99 },
      { key: "dispatch", label: "dispatch delay, most", name: "dispatch", token: "series-7", width: 1.5, stroke: 2, values: dispatch },
    ],
    sentence: `Requests were sent at most ${number(Math.max(0, ...most.filter(Number.isFinite)))} ms after they were due, the client's own part of it at most ${number(worst)} ms.`,
  };
}

/** What was measured of the client as a whole: it has no course. */
function clientWords({ summary }) {
  const client = summary?.client;
  if (!client) return "";
  const busiest = Math.max(...client.workers.map((worker) => worker.busy_share));
  return `; CPU ${number(client.cpu_seconds / client.wall_seconds, 2)} cores, busiest worker ${share(busiest)}`;
}

function errorChart({ run, found, windows, about, steady }) {
  if (found.length === 0) return null;
  const shown = found.slice(0, MOST);
  const series = shown.map(({ name, values }, place) => {
    const words = plainLine(name).replaceAll("_", " ").replace("http status ", "HTTP ");
    return { key: name, label: words, name: words.length > 14 ? `${words.slice(0, 13)}…` : words, token: seriesToken(place), width: 2, stroke: place, values };
  });
  return {
    ...about,
    key: "errors",
    name: `${run.name}-errors`,
    title: "Which requests failed, and when?",
    note: `failures in each window of ${tickText(windows.width / 1000)} s, by class${found.length > MOST ? `; the ${MOST} most frequent of ${found.length}` : ""}`,
    unit: "requests",
    format: tickText,
    steady: steady?.("errors"),
    series,
    sentence: `${found.map(({ name, total }) => `${plainLine(name)}: ${number(total)}`).join(", ")}.`,
  };
}
