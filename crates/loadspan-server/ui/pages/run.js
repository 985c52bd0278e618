// A run: first whether it can be trusted, then how fast the server was, then everything else in tabs.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { useLoad } from "../api.js";
import { Link, setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { useUtc } from "../settings.js";
import { CopyLink } from "../parts/copy.js";
import { Loaded } from "../parts/state.js";
import { verdictWord } from "../parts/verdict.js";
import { plainLine, time } from "../format.js";
import { Artifacts } from "../run/artifacts.js";
import { RunHead } from "../run/head.js";
import { usualRate, useTags, useWindows } from "../run/live.js";
import { artifactUrl, loadExperiment, loadInfo, loadPlots, loadRun } from "../run/load.js";
import { RunLog } from "../run/log.js";
import { Overview } from "../run/overview.js";
import { Params } from "../run/params.js";
import { RunTraces } from "../run/traces.js";
import { silenceOf } from "../run/verdict.js";
import { useWidth } from "../run/width.js";
import { endedEarly } from "../run/windows.js";

const TABS = [
  ["overview", "Overview", Overview],
  ["params", "Params", Params],
  ["artifacts", "Artifacts", Artifacts],
  ["traces", "Traces", RunTraces],
  ["log", "Log", RunLog],
];

export function Run({ run: id }) {
  const load = useLoad(`run ${id}`, (signal) => loadRun(id, signal));
  // The run of before is not shown under the name of this one.
  const run = load.data?.id === id ? load.data : undefined;
  const title = run ? plainLine(run.name) : id.slice(0, 8);
  const experiment = useLoad(run ? `experiment ${run.experiment}` : null, (signal) => loadExperiment(run.experiment, signal));
  const trail = [{ to: "/runs", name: "Runs" }];
  if (run && experiment.data) trail.push({ to: `/runs?exp=${run.experiment}`, name: plainLine(experiment.data.name) });
  const parent = run?.tags["mlflow.parentRunId"];
  const above = useLoad(parent ? `run above ${parent}` : null, (signal) => loadInfo(parent, signal));
  if (parent && above.data?.id === parent) trail.push({ to: `/runs/${parent}`, name: plainLine(above.data.name) });
  return html`
    <${PageHead} title=${title} trail=${trail}>${run && html`<${Actions} run=${run} />`}<//>
    <${Loaded} load=${{ ...load, data: run }} what=${`run ${id.slice(0, 8)}`}>
      ${(found) => html`<${Body} key=${found.id} run=${found} reload=${load.reload} />`}
    <//>
  `;
}

function Actions({ run }) {
  const files = run.artifactRoot && run.summary;
  const plots = useLoad(files ? `plots of ${run.id}` : null, (signal) => loadPlots(run, signal));
  return html`
    <${Link} class="button" to=${`/compare?runs=${run.id}`}>Compare<//>
    <${CopyLink} />
    ${files && html`<a class="button" href=${artifactUrl(run, "exports/summary.json")} download="summary.json">summary.json</a>`}
    ${plots.data?.includes("plots/report.html") && html`<a class="button" href=${artifactUrl(run, "plots/report.html")} download="report.html">Report</a>`}
  `;
}

function Body({ run: found, reload }) {
  const query = useQuery();
  const run = useTags(found);
  const total = useRef(null);
  const width = useWidth({ run, total, chosen: Number(query.get("w")) });
  const rate = Math.max(0.1, Math.min(10, Number(query.get("rate")) || usualRate()));
  const tab = TABS.find(([key]) => key === query.get("tab")) ?? TABS[0];
  const live = useWindows({ run, width, rate, paused: query.has("pause"), onEnd: reload });
  total.current = live.windows.total;
  const watched = useRef(run.live);
  const silent = live.windows.seq > 0 && silenceOf(run, live.windows.total, Date.now()) !== null;
  const windows = useMemo(() => (silent ? endedEarly(live.windows) : live.windows), [live.windows, silent]);
  const calm = useCalm(windows, run.live);
  useCheck(run.live && live.error !== null, reload);
  const Page = tab[2];
  return html`
    <${RunHead} run=${run} windows=${calm} watched=${watched.current} />
    ${run.live && html`<${Lost} lost=${live.lost} retry=${live.retry} />`}
    <${Tabs} run=${run} chosen=${tab[0]} />
    <div role="tabpanel" id="run-panel" aria-labelledby=${`tab-${tab[0]}`}>
      <${Page} run=${run} windows=${windows} calm=${calm} live=${{ ...live, rate, shared: usualRate() === 1 && rate === 1 }} />
    </div>
    <${Ended} run=${run} />
  `;
}

/** Figures that change more than twice a second cannot be read. */
function useCalm(windows, live) {
  const least = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 600;
  const [shown, setShown] = useState(windows);
  const last = useRef(0);
  useEffect(() => {
    const wait = live && windows.count > 0 ? Math.max(0, last.current + least - performance.now()) : 0;
    const timer = setTimeout(() => {
      last.current = performance.now();
      setShown(windows);
    }, wait);
    return () => clearTimeout(timer);
  }, [windows]);
  return live ? shown : windows;
}

/** Without a stream nobody says that a run is over: then it is looked at now and then. */
function useCheck(needed, look) {
  useEffect(() => {
    const timer = needed ? setInterval(look, 10_000) : 0;
    return () => clearInterval(timer);
  }, [needed]);
}

/** How many there are of what a tab shows, where that is known. */
function amountOf(run, key) {
  return key === "params" ? Object.keys(run.params).length : null;
}

function Tabs({ run, chosen }) {
  const list = useRef();
  const walk = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.stopPropagation();
    event.preventDefault();
    const at = TABS.findIndex(([key]) => key === chosen);
    const next = (at + by + TABS.length) % TABS.length;
    setQuery({ tab: next === 0 ? null : TABS[next][0] });
    list.current.children[next].focus();
  };
  return html`
    <div class="run-tabs" role="tablist" aria-label="Parts of the run" ref=${list} onKeyDown=${walk}>
      ${TABS.map(([key, name]) => {
        const here = key === chosen;
        const amount = amountOf(run, key);
        return html`
          <button
            type="button"
            role="tab"
            id=${`tab-${key}`}
            aria-selected=${here}
            aria-controls="run-panel"
            tabindex=${here ? 0 : -1}
            onClick=${() => setQuery({ tab: key === "overview" ? null : key }, { push: true })}
          >
            ${name}${amount !== null && html` <small>${amount}</small>`}
          </button>
        `;
      })}
    </div>
  `;
}

/** After so many attempts in vain there is probably nobody who could answer. */
const GONE = 4;

/** The stream broke off: the place for saying so is always there, so that nothing moves. */
function Lost({ lost, retry }) {
  const [utc] = useUtc();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!lost) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [lost]);
  const wait = lost ? Math.max(0, Math.ceil((lost.retryAt - now) / 1000)) : 0;
  return html`
    <div class="lost ${lost ? "on" : ""}" role="status">
      ${lost &&
      html`
        <span>
          Live view disconnected at ${time(lost.since, { utc }).slice(11)}; figures are as of then.
          ${" "}${lost.tries > GONE ? "The server does not answer: loadspan may have stopped. This page shows what was loaded." : "The run goes on."}
        </span>
        <span aria-hidden="true">${wait > 0 ? `Reconnecting in ${wait} s.` : "Reconnecting."}</span>
        <button type="button" onClick=${retry}>Now</button>
      `}
    </div>
  `;
}

/** Said once, when a run ends while it is watched. */
function Ended({ run }) {
  const first = useRef(run.live);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (first.current && !run.live) setSaid(`The run is over: ${verdictWord(run.verdict)}.`);
  }, [run.live]);
  return html`<p class="unseen" role="status">${said}</p>`;
}
