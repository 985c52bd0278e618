// The runs of experiments: a table to sort, filter and pick from, with those that are going on above it.

import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { get, useLoad } from "../api.js";
import { setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { useSetting } from "../settings.js";
import { Empty, Loaded, Trouble } from "../parts/state.js";
import { plainLine } from "../format.js";
import { Chooser } from "../runs/chooser.js";
import { usualColumns } from "../runs/columns.js";
import { Experiments, useExperimentsShown } from "../runs/experiments.js";
import { Fault, Filter } from "../runs/filter.js";
import { useLive } from "../runs/live.js";
import { hiddenColumns, useRows } from "../runs/load.js";
import { Rows } from "../runs/rows.js";
import { LiveStrip } from "../runs/strip.js";
import { loadExperiments } from "../traces/load.js";

export function Runs() {
  const chosen = useQuery().get("exp");
  const live = useLive();
  const [beside, setBeside] = useExperimentsShown();
  const load = useLoad("experiments", loadExperiments);
  const reload = useRef(load.reload);
  reload.current = load.reload;
  const ids = live.runs.map(({ id }) => id).join();
  const before = useRef(ids);
  // A run that begins may bring its experiment with it.
  useEffect(() => {
    if (live.known && before.current !== ids) reload.current();
    before.current = ids;
  }, [ids]);
  return html`
    <div class="runs-page">
      <${PageHead} title="Runs" />
      <${LiveStrip} runs=${live.runs} />
      <${Loaded} load=${load} what="experiments">
        ${(experiments) => html`
          <div class=${`runs-body ${beside ? "" : "alone"}`}>
            ${beside && html`<${Experiments} experiments=${experiments} chosen=${chosen} hide=${() => setBeside(false)} />`}
            <${Chosen} experiments=${experiments} chosen=${chosen} round=${ids} />
          </div>
        `}
      <//>
    </div>
  `;
}

/** The table of the experiments that are chosen; with another `round` it is read again. */
function Chosen({ experiments, chosen, round }) {
  const ids = useMemo(() => (chosen ? [chosen] : experiments.map(({ experiment_id: id }) => id)), [experiments, chosen]);
  const load = useLoad(`columns of ${ids} ${round}`, async (signal) => {
    if (ids.length === 0) return [];
    const query = new URLSearchParams(ids.map((id) => ["experiment_id", id]));
    return (await get(`/api/3.0/loadspan/runs/columns?${query}`, { signal })).columns;
  });
  if (load.data === undefined) return html`<div class="runs-main"><${Loaded} load=${load} what="runs">${() => null}<//></div>`;
  return html`<${Shown} ids=${ids} known=${load.data} experiments=${experiments} chosen=${chosen} round=${round} />`;
}

function Shown({ ids, known, experiments, chosen, round }) {
  const query = useQuery();
  const filter = query.get("q") ?? "";
  const sort = useSort(query);
  const [columns, change] = useChosenColumns(query, chosen, known);
  const [choosing, setChoosing] = useState(false);
  const hidden = useMemo(() => hiddenColumns(known), [known]);
  const load = useRows({ ids, filter, sort, columns, hidden }, round);
  const names = useMemo(() => new Map(experiments.map(({ experiment_id: id, name }) => [id, name])), [experiments]);
  const refused = load.error?.status === 400 && filter !== "" ? load.error.message : null;
  const differing = query.get("diff") === "1";
  return html`
    <div class="runs-main">
      <div class="toolbar">
        <${Select} experiments=${experiments} chosen=${chosen} />
        <${Filter} value=${filter} wrong=${refused !== null} />
        <button type="button" aria-haspopup="dialog" onClick=${() => setChoosing(true)}>Columns <span class="quiet">${columns.length}</span></button>
        <label class="check" title="Leave out columns in which all of these runs say the same, or nothing">
          <input type="checkbox" checked=${differing} onChange=${() => setQuery({ diff: differing ? null : "1" })} /> differing only
        </label>
      </div>
      ${refused && html`<${Fault} filter=${filter} message=${refused} isOld=${load.rows !== undefined} />`}
      ${load.error && !refused && html`<${Trouble} error=${load.error} again=${load.reload} what="runs" />`}
      ${choosing && html`<${Chooser} known=${known} columns=${columns} change=${change} close=${() => setChoosing(false)} />`}
      ${load.rows?.length > 0 && html`<${Rows} load=${load} columns=${columns} sort=${sort} differing=${differing} ids=${ids} hidden=${hidden} names=${chosen || ids.length < 2 ? null : names} />`}
      ${load.rows?.length === 0 && !load.error && load.complete && html`<${NoRuns} filter=${filter} />`}
    </div>
  `;
}

function useSort(query) {
  const text = query.get("sort") ?? "-started";
  return useMemo(() => ({ key: text.replace(/^-/, ""), descending: text.startsWith("-") }), [text]);
}

/** The columns of the URL, else those that somebody chose here before, else the usual ones. What is chosen is in the URL too. */
function useChosenColumns(query, experiment, known) {
  const [stored, store] = useSetting(`columns.${experiment ?? "all"}`, null);
  const text = query.get("cols");
  const chosen = text ? text.split(",").map(decodeURIComponent) : stored;
  const written = JSON.stringify(chosen);
  const columns = useMemo(() => chosen ?? usualColumns(known), [written, known]);
  const inUrl = (list) => list && list.map((column) => column.replace(/[%,]/g, encodeURIComponent)).join(",");
  useEffect(() => {
    if (!text && stored) setQuery({ cols: inUrl(stored) });
  }, [text, experiment]);
  const change = (next) => {
    store(next);
    setQuery({ cols: inUrl(next) });
  };
  return [columns, change];
}

/** Where the experiments are not at the left. */
function Select({ experiments, chosen }) {
  const [beside, setBeside] = useExperimentsShown();
  return html`
    ${!beside && html`<button type="button" class="plain show-experiments" aria-label="Show the experiments at the left" onClick=${() => setBeside(true)}>»</button>`}
    <label class="narrow-only">
      <span class="unseen">Experiment</span>
      <select value=${chosen ?? ""} onChange=${(event) => setQuery({ exp: event.target.value, cols: null }, { push: true })}>
        <option value="">All experiments</option>
        ${experiments.map(({ experiment_id: id, name }) => html`<option value=${id}>${plainLine(name)}</option>`)}
      </select>
    </label>
  `;
}

function NoRuns({ filter }) {
  if (filter) {
    return html`
      <div class="state empty">
        <p>No run matches this filter.</p>
        <button type="button" onClick=${() => setQuery({ q: null }, { push: true })}>Remove filter</button>
      </div>
    `;
  }
  const line = `loadspan profile --url http://localhost:8000 --streaming --mlflow-tracking-uri ${location.origin}`;
  return html`<${Empty} line=${line}>No runs yet. Start one with this line, or set <code>MLFLOW_TRACKING_URI=${location.origin}</code> for any MLflow client.<//>`;
}
