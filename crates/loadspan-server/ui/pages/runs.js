// The runs of experiments: a table to sort, filter and pick from.

import { html, useMemo, useState } from "../lib.js";
import { get, useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { go, setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { useSetting, useUtc } from "../settings.js";
import { Empty, Loaded, Trouble } from "../parts/state.js";
import { Table, useRest } from "../parts/table.js";
import { Verdict, verdictOf } from "../parts/verdict.js";
import { NOTHING, ago, delta, duration, number, plainLine, time, unitOf } from "../format.js";

/** Most runs that are shown at once. */
const MOST = 10_000;

/** What a table shows until somebody chooses: headline figures, where less is better, and their units. */
const USUAL = [
  { column: "metrics.request_throughput", name: "req/s" },
  { column: "metrics.output_token_throughput", name: "tok/s" },
  { column: "metrics.time_to_first_token.p50", name: "TTFT p50", ms: true },
  { column: "metrics.time_to_first_token.p99", name: "TTFT p99", ms: true },
  { column: "metrics.inter_token_latency.p99", name: "ITL p99", ms: true },
  { column: "metrics.request_latency.p99", name: "Latency p99", ms: true },
  { column: "metrics.request_error_rate", name: "Errors", share: true },
  { column: "params.model", name: "Model" },
  { column: "params.load", name: "Load" },
];

/** Columns that every table asks for. */
const HIDDEN = ["tags.verdict", "tags.slo"];

export function Runs() {
  const query = useQuery();
  const filter = query.get("q") ?? "";
  const experiments = useLoad("experiments", (signal) =>
    get("/api/2.0/mlflow/experiments/search", { query: { max_results: 1000 }, signal }),
  );
  return html`
    <${PageHead} title="Runs" />
    <${Loaded} load=${experiments} what="experiments">
      ${({ experiments: found = [] }) => html`<${Chosen} experiments=${found} chosen=${query.get("exp")} filter=${filter} />`}
    <//>
  `;
}

function Chosen({ experiments, chosen, filter }) {
  const ids = chosen ? [chosen] : experiments.map(({ experiment_id: id }) => id);
  const sort = useSort();
  const [chosenColumns] = useSetting("runs.columns", null);
  const columns = chosenColumns ?? USUAL.map(({ column }) => column);
  const key = JSON.stringify([ids, filter, sort, columns]);
  const load = useLoad(key, (signal) => loadRuns({ ids, filter, sort, columns, signal }));
  return html`
    <div class="toolbar">
      <label>
        <span class="unseen">Experiment</span>
        <select value=${chosen ?? ""} onChange=${(event) => setQuery({ exp: event.target.value }, { push: true })}>
          <option value="">All experiments</option>
          ${experiments.map(({ experiment_id: id, name }) => html`<option value=${id}>${plainLine(name)}</option>`)}
        </select>
      </label>
      <${Filter} value=${filter} />
      ${load.data && html`<span class="quiet">${load.data.runs.length} runs${load.data.more ? ", the first of more" : ""}</span>`}
    </div>
    ${load.error && html`<${Trouble} error=${load.error} again=${load.reload} what="runs" />`}
    ${load.data && html`<${Rows} runs=${load.data.runs} columns=${columns} sort=${sort} filter=${filter} />`}
  `;
}

async function loadRuns({ ids, filter, sort, columns, signal }) {
  if (ids.length === 0) return { runs: [], more: false };
  const query = new URLSearchParams();
  for (const id of ids) query.append("experiment_id", id);
  for (const column of [...HIDDEN, ...columns]) query.append("column", column);
  if (filter) query.set("filter", filter);
  query.append("order_by", orderOf(sort));
  query.set("max_results", MOST);
  const { runs, next_page_token: more } = await get(`/api/3.0/loadspan/runs?${query}`, { signal });
  return { runs: runs.map(rowOf), more: Boolean(more) };
}

function rowOf(run) {
  const [verdict, slo, ...values] = run.values;
  return { ...run, id: run.run_id, verdict: verdictOf({ status: run.status, verdict }), slo, values };
}

function useSort() {
  const text = useQuery().get("sort") ?? "-started";
  return { key: text.replace(/^-/, ""), descending: text.startsWith("-") };
}

function orderOf({ key, descending }) {
  const [kind, ...rest] = key.split(".");
  const name = rest.length > 0 ? `${kind}.\`${rest.join(".").replaceAll("`", "")}\`` : key === "started" ? "start_time" : "run_name";
  return `${name} ${descending ? "DESC" : "ASC"}`;
}

function Filter({ value }) {
  const [text, setText] = useState(value);
  const submit = (event) => {
    event.preventDefault();
    setQuery({ q: text.trim() }, { push: true });
  };
  return html`
    <form class="find" onSubmit=${submit} role="search">
      <input
        data-find
        type="search"
        aria-label="Filter runs"
        placeholder="metrics.request_throughput > 100 AND params.model = 'llama'"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
        spellcheck="false"
      />
    </form>
  `;
}

function Rows({ runs, columns, sort, filter }) {
  const [utc] = useUtc();
  const [picked, setPicked] = useState(() => new Set());
  const [mark, height] = useRest();
  const baseline = useQuery().get("base");
  const pick = (run) => {
    const next = new Set(picked);
    if (!next.delete(run.id)) next.add(run.id);
    setPicked(next);
  };
  const compare = () => picked.size > 1 && go(`/compare?runs=${[...picked].join(",")}`);
  useKeys([{ keys: "c", does: "Compare the picked runs", run: compare }]);
  const shown = useMemo(() => columnsOf({ runs, columns, utc, picked, pick, baseline }), [runs, columns, utc, picked, baseline]);
  if (runs.length === 0) return html`<${NoRuns} filter=${filter} />`;
  const onSort = (key) => setQuery({ sort: sort.key === key && sort.descending ? key : `-${key}` });
  return html`
    <div ref=${mark}></div>
    <${Table}
      label="Runs"
      columns=${shown}
      rows=${runs}
      sort=${sort}
      onSort=${onSort}
      open=${(run) => go(`/runs/${run.id}`)}
      picked=${picked}
      onPick=${pick}
      height=${height}
    />
    ${picked.size > 0 &&
    html`
      <div class="picked-bar" role="region" aria-label="Picked runs">
        <span>${picked.size} picked</span>
        <button type="button" class="primary" disabled=${picked.size < 2} onClick=${compare}>Compare</button>
        <button type="button" onClick=${() => setPicked(new Set())}>Clear</button>
      </div>
    `}
  `;
}

function columnsOf({ runs, columns, utc, picked, pick, baseline }) {
  const base = runs.find(({ id }) => id === baseline);
  return [
    { key: "pick", name: "", width: 36, cell: (run) => html`<${Pick} run=${run} on=${picked.has(run.id)} pick=${pick} />` },
    { key: "verdict", name: "Verdict", width: 108, cell: (run) => html`<${Verdict} of=${run.verdict} />` },
    {
      key: "name",
      name: "Run",
      width: 260,
      grows: true,
      sortable: true,
      class: (run) => (run.parent ? "child" : ""),
      cell: (run) => plainLine(run.name),
    },
    {
      key: "started",
      name: "Started",
      width: 184,
      sortable: true,
      cell: (run) => html`<time title=${ago(run.start_time)}>${time(run.start_time, { utc })}</time>`,
    },
    {
      key: "duration",
      name: "Took",
      width: 92,
      number: true,
      cell: (run) => (run.end_time ? duration((run.end_time - run.start_time) / 1000) : NOTHING),
    },
    ...columns.map((column, place) => figureColumn({ runs, column, place, base })),
  ];
}

function Pick({ run, on, pick }) {
  const toggle = (event) => {
    event.stopPropagation();
    pick(run);
  };
  return html`<input type="checkbox" checked=${on} onClick=${toggle} aria-label="Pick ${plainLine(run.name)}" />`;
}

/** A column of figures has one unit: that which its median reads best in. */
function figureColumn({ runs, column, place, base }) {
  const usual = USUAL.find((known) => known.column === column);
  const [kind, ...rest] = column.split(".");
  const isFigure = kind === "metrics";
  const unit = usual?.ms ? unitOf(median(runs.map(({ values }) => values[place])) / 1000) : null;
  const figure = (value) => {
    if (typeof value !== "number") return value === null ? NOTHING : String(value);
    if (usual?.share) return `${number(value * 100, 3)}`;
    return number(unit ? value / 1000 / unit.seconds : value);
  };
  return {
    key: column,
    name: usual?.name ?? rest.join("."),
    unit: unit?.name ?? (usual?.share ? "%" : null),
    width: isFigure ? 104 : 150,
    number: isFigure,
    sortable: true,
    class: (run) => (isFigure && run.verdict === "invalid" ? "untrusted" : ""),
    cell: (run) => {
      const value = run.values[place];
      if (!isFigure) return value === null ? NOTHING : plainLine(value);
      const change = base && base !== run ? delta(value, base.values[place]) : "";
      return html`${figure(value)}${change && html` <small class="quiet">${change}</small>`}`;
    },
  };
}

function median(values) {
  const known = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  return known.length > 0 ? known[Math.floor(known.length / 2)] : 0;
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
  return html`<${Empty} line=${line}>No runs yet. Start one with this line, or set <code>MLFLOW_TRACKING_URI</code> to this address.<//>`;
}
