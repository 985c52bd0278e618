// The runs that are going on, above the table: how far each is, and how fast.

import { html, useEffect, useState } from "../lib.js";
import { Link } from "../router.js";
import { withheld } from "../charts/scale.js";
import { useNow } from "../parts/polling.js";
import { Verdict } from "../parts/verdict.js";
import { NOTHING, duration, number, plainLine } from "../format.js";
import { Pace } from "../run/pace.js";
import { RunStream } from "../run/stream.js";
import { NO_WINDOWS, rates, withFrame } from "../run/windows.js";
import { Spark } from "./course.js";
import { progressOf, silence } from "./progress.js";

/** Streams that a page opens, of the six connections that a browser has; and how often a frame comes. */
const WATCHED = 2;
const RATE = 0.5;
const SHOWN = 4;
/** Seconds of the line. */
const SECONDS = 60;
/** Of a run that nobody has heard of for so long, the table says all there is to say. */
const GIVEN_UP = 600;

export function LiveStrip({ runs }) {
  if (runs.length === 0) return null;
  return html`
    <section class="live-strip" aria-label="Live runs">
      ${runs.slice(0, SHOWN).map((run, place) => html`<${LiveRun} key=${run.id} run=${run} watched=${place < WATCHED} />`)}
      ${runs.length > SHOWN && html`<p class="quiet">and ${runs.length - SHOWN} more: <${Link} to="/runs?q=attributes.status%20%3D%20'RUNNING'">all that are running<//></p>`}
    </section>
  `;
}

function LiveRun({ run, watched }) {
  const windows = useWatched(run.id, watched);
  const now = useNow();
  const elapsed = Math.max(0, (now - run.start) / 1000);
  const ended = windows.total?.ended ?? (watched && windows.count > 0 ? 0 : null);
  const { text, part } = progressOf({ plan: run.plan, elapsed, ended });
  const quiet = watched ? silence({ elapsed, lastHeard: (windows.count * windows.width) / 1000 }) : null;
  if (quiet > GIVEN_UP) return null;
  const course = rates(windows, "ended").slice(0, windows.complete).slice(-SECONDS);
  const lately = course.slice(-5);
  const rate = lately.length > 0 ? lately.reduce((sum, value) => sum + (value ?? 0), 0) / lately.length : undefined;
  const { n, p99: ttft } = windows.total?.ttft ?? {};
  const why = withheld(0.99, n);
  return html`
    <p class="live-run">
      <${Verdict} of="running" />
      <${Link} class="name" to=${`/runs/${run.id}`}>${plainLine(run.name)}<//>
      <span class="time">${text}</span>
      <progress max="1" value=${part ?? undefined} hidden=${part === null} aria-label=${`Progress of ${plainLine(run.name)}`}></progress>
      ${quiet !== null
        ? html`<span class="verdict degraded">▲ no news for ${duration(quiet)}</span>`
        : watched &&
          html`
            <span class="figure"><b>${rate === undefined ? NOTHING : number(rate)}</b> req/s</span>
            <span class="figure" title=${why}>first chunk p99 <b>${why === null && Number.isFinite(ttft) ? duration(ttft) : NOTHING}</b></span>
            <${Spark} values=${course} />
          `}
    </p>
  `;
}

function useWatched(id, watched) {
  const [windows, setWindows] = useState(NO_WINDOWS);
  useEffect(() => {
    if (!watched) return undefined;
    const query = { run: id, width_ms: 1000, rate: RATE };
    const stream = new RunStream({
      pace: new Pace(),
      url: (after) => `/api/3.0/loadspan/events?${new URLSearchParams({ ...query, after })}`,
      onFrame: (frame) => setWindows((before) => withFrame(before, frame)),
      onEnd: () => {},
      onTrouble: () => {},
      onState: () => {},
    });
    return () => stream.close();
  }, [id, watched]);
  return windows;
}
