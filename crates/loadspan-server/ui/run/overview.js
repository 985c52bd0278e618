// The run over time, and what it comes to: charts with one cursor and one range, then tables.

import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib.js";
import { useKeys } from "../keys.js";
import { go, setQuery, useQuery } from "../router.js";
import { Cursor, CursorContext } from "../charts/cursor.js";
import { SteadyRange } from "../charts/scale.js";
import { StageContext } from "../charts/stages.js";
import { TimeChart } from "../charts/timechart.js";
import { chartsOf, spanOf } from "./charts.js";
import { Controls } from "./controls.js";
import { CursorValues, exemplarsIn } from "./cursor-values.js";
import { exemplarsOf, usePoints } from "./exemplars.js";
import { ExtraCharts } from "./extra-charts.js";
import { Parts, useParts } from "./parts.js";
import { rangeOf, rangeText } from "./range.js";
import { Results } from "./results.js";
import { Stages } from "./stage-table.js";
import { secondsOf, stageIn, stagesOf } from "./stages.js";
import { limitsOf } from "./verdict.js";
import { placeAt } from "./windows.js";

/** `windows` are those of now, `calm` the same for figures, which change seldom enough to be read. */
export function Overview({ run, windows, calm, live }) {
  const query = useQuery();
  const cursor = useMemo(() => new Cursor(), [run.id]);
  const span = spanOf({ run, windows });
  const stages = useMemo(() => stagesOf(run), [run]);
  const stage = query.has("t") ? null : stageIn(stages, query.get("stage"));
  const range = stage ? secondsOf(stage, span) : rangeOf(query.get("t"), { span, windows });
  const scale = ["log", "lin"].includes(query.get("scale")) ? query.get("scale") : null;
  const brush = useCallback((picked) => setQuery({ t: picked && rangeText(picked, span), stage: null }), [span[0], span[1]]);
  const { steady, wide } = useSteady(run.live);
  const { points, cut } = usePoints(run);
  const marks = useMemo(() => exemplarsOf(points, range), [points, range[0], range[1]]);
  const lostAt = live.lost ? (live.lost.since - run.start) / 1000 : null;
  const charts = useMemo(
    () => chartsOf({ run, windows, range, stages, scale, limits: limitsOf(run), steady, wide, exemplars: { marks, cut }, lostAt }),
    [run, windows, range[0], range[1], stages, scale, marks, lostAt],
  );
  const isLog = charts.some(({ log }) => log);
  const open = useCallback(({ trace }) => go(traceUrl(trace)), []);
  const [begun, pick] = usePicking({ cursor, windows, brush });
  useChartKeys({ run, cursor, windows, isLog, brush, open, marks, pick });
  const parts = useParts(run);
  // What stages have of their own stands in their table.
  const owned = new Map((stages.length > 0 ? (parts?.rows ?? []) : []).filter(({ stage: own }) => own !== null).map((row) => [Number(row.stage), row.id]));
  const isParent = parts?.rows.length > owned.size;
  // Such a run has said all that there is to say.
  const isEmpty = run.verdict === "nothing" || (isParent && windows.count === 0 && run.metrics["requests.total"] === undefined);
  const shown = windows.count > 0 || (run.live && !isParent);
  useMoment({ run, cursor, windows, at: query.get("at") });
  return html`
    ${stages.length > 0 && html`<${Stages} run=${run} stages=${stages} chosen=${stage} owned=${owned} />`}
    ${isParent && html`<${Parts} run=${run} parts=${parts} />`}
    <${CursorContext.Provider} value=${cursor}><${StageContext.Provider} value=${stages}>
      ${shown && html`<${Controls} run=${run} range=${range} span=${span} scale=${scale} isLog=${isLog} live=${live} windows=${windows} brush=${brush} begun=${begun} stages=${stages} stage=${stage} />`}
      ${!shown && !isParent && !isEmpty && html`<${NothingYet} live=${live} />`}
      ${shown &&
      html`
        <div class="charts">
          ${charts.map((chart) => html`<${TimeChart} key=${chart.key} chart=${chart} onBrush=${brush} onOpen=${open} />`)}
          <${ExtraCharts} run=${run} windows=${windows} range=${range} stages=${stages} brush=${brush} steady=${steady} />
          ${run.live && html`<p class="quiet later">How late the client sent is in the run's records: it is shown here when the run is over.</p>`}
        </div>
        <${CursorValues} windows=${calm} marks=${marks} urlOf=${traceUrl} />
      `}
    <//><//>
    ${!isEmpty && html`<${Results} run=${run} windows=${windows} range=${range} span=${span} stage=${stage} />`}
  `;
}

/** The moment that a trace has led to, in milliseconds since 1970: the cursor stays there until it is put elsewhere. */
function useMoment({ run, cursor, windows, at }) {
  const second = at === null ? null : (Number(at) - run.start) / 1000;
  const isKnown = second !== null && placeAt(windows, second) >= 0;
  useEffect(() => {
    if (isKnown) cursor.pin(second);
  }, [isKnown, second]);
}

/** A trace, and the way back to this view. */
function traceUrl(trace) {
  return `/traces/${encodeURIComponent(trace)}?${new URLSearchParams({ from: location.pathname + location.search })}`;
}

/** While a run goes on, axes do not jump: each chart remembers its own, and once its figures are far apart it stays logarithmic. */
function useSteady(live) {
  const ranges = useRef(new Map());
  const kept = useRef(new Set());
  useEffect(() => {
    ranges.current.clear();
    kept.current.clear();
  }, [live]);
  const steady = (key) => {
    if (!live) return undefined;
    if (!ranges.current.has(key)) ranges.current.set(key, new SteadyRange());
    return ranges.current.get(key);
  };
  const wide = (key, now) => {
    if (live && now) kept.current.add(key);
    return now || kept.current.has(key);
  };
  return { steady, wide };
}

/** Picks a part of the run by key: where it begins, and at the second press where it ends. */
function usePicking({ cursor, windows, brush }) {
  const [begun, setBegun] = useState(null);
  const pick = () => {
    if (cursor.at === null) return;
    setBegun(begun === null ? cursor.at : null);
    if (begun === null) return;
    const half = windows.width / 2000;
    brush([Math.min(begun, cursor.at) - half, Math.max(begun, cursor.at) + half]);
  };
  return [begun, pick];
}

function useChartKeys({ run, cursor, windows, isLog, brush, open, marks, pick }) {
  const step = (by) => {
    if (windows.count === 0) return;
    const at = placeAt(windows, cursor.at);
    const from = at >= 0 ? at : by > 0 ? -1 : windows.complete;
    const next = Math.max(0, Math.min(windows.count - 1, from + by));
    cursor.go(((next + 0.5) * windows.width) / 1000);
  };
  const openHere = () => {
    const found = exemplarsIn(marks, windows, placeAt(windows, cursor.at))[0];
    if (found) open(found);
  };
  const pause = () => setQuery({ pause: new URLSearchParams(location.search).has("pause") ? null : 1 });
  useKeys([
    { keys: "ArrowLeft", does: "Charts: cursor to the left (Shift: ten)", run: (event) => step(event.shiftKey ? -10 : -1) },
    { keys: "ArrowRight", does: "Charts: cursor to the right", run: (event) => step(event.shiftKey ? 10 : 1) },
    { keys: "b", does: "Charts: pick a part of the run, from the cursor to where it is at the second press", run: pick },
    { keys: "z", does: "Charts: all of the run", run: () => brush(null) },
    { keys: "l", does: "Charts: logarithmic or linear", run: () => setQuery({ scale: isLog ? "lin" : "log" }) },
    { keys: "Enter", does: "Charts: open the slowest trace at the cursor", run: openHere },
    ...(run.live ? [{ keys: "p", does: "Charts: pause, or follow the run", run: pause }] : []),
  ]);
}

function NothingYet({ live }) {
  if (live.error) return html`<div class="state charts-empty"><p>No figures over time: ${live.error.message}</p></div>`;
  if (live.waiting) return html`<div class="state charts-empty"><p role="status">Reading the run's points …</p></div>`;
  return html`<div class="state charts-empty"><p>This run has no figures over time: it logged no <code>live.*</code> metrics. <code>--mlflow-live auto</code>, which is the default of <code>loadspan profile</code>, logs them.</p></div>`;
}
