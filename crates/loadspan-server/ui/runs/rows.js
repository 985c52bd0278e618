// The rows of the table of runs, what is picked of them, and the bar below.

import { html, useMemo } from "../lib.js";
import { useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { go, setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { Table } from "../parts/table.js";
import { count, plainLine } from "../format.js";
import { arrange } from "./arrange.js";
import { useColumns } from "./cells.js";
import { alike, orderOf } from "./columns.js";
import { loadPage } from "./load.js";

const NONE = new Set();

export function Rows({ load, columns, sort, differing, ids, hidden, names }) {
  const [utc] = useUtc();
  const query = useQuery();
  const picked = useSet(query, "sel");
  const folded = useSet(query, "fold");
  const base = useBase({ id: query.get("base"), load, columns, ids, hidden });
  const ordered = useMemo(() => (sort.key === "took" && load.complete ? byTime(load.rows, sort) : load.rows), [load.rows, load.complete, sort]);
  const rows = useMemo(() => arrange(ordered, folded), [ordered, folded]);
  const dull = useMemo(() => (differing ? alike(load.rows, columns) : NONE), [load.rows, columns, differing]);
  const toggle = (set, id) => {
    const next = new Set(set);
    if (!next.delete(id)) next.add(id);
    return [...next].join(",");
  };
  const pick = (run) => setQuery({ sel: toggle(picked, run.id) });
  const setBase = (run) => setQuery({ base: base?.id === run.id ? null : run.id });
  const fold = (run) => run.parts > 0 && setQuery({ fold: toggle(folded, run.id) });
  const narrow = innerWidth < 768;
  const shown = useColumns({ rows: load.rows, columns, hidden: dull, base, experiments: names, utc, picked, pick, setBase, fold, sortsTook: load.complete, narrow, folded });
  const onSort = (key) => setQuery({ sort: sort.key === key && sort.descending ? key : `-${key}` });
  return html`
    <${Table}
      label="Runs"
      columns=${shown}
      rows=${rows}
      pinned=${base ? [base] : []}
      sort=${sort}
      onSort=${onSort}
      open=${(run) => go(`/runs/${run.id}`)}
      picked=${picked}
      onPick=${pick}
      onBase=${setBase}
      onFold=${fold}
    />
    <${Bar} load=${load} picked=${picked} base=${base} dull=${dull} sort=${sort} />
  `;
}

/** A set of ids in the URL. */
function useSet(query, name) {
  const text = query.get(name) ?? "";
  return useMemo(() => new Set(text.split(",").filter(Boolean)), [text]);
}

/** The order that the server has no word for, once all are here. */
function byTime(rows, { descending }) {
  const sign = descending ? -1 : 1;
  const place = ({ took }) => took ?? (descending ? -1 : Infinity);
  return [...rows].sort((a, b) => sign * (place(a) - place(b)));
}

/** The baseline, also where the filter leaves it out. */
function useBase({ id, load, columns, ids, hidden }) {
  const here = useMemo(() => (id ? load.rows.find((run) => run.id === id) : null), [id, load.rows]);
  const wanted = id && !here && load.complete && /^[0-9a-f]{32}$/.test(id);
  const other = useLoad(wanted ? `baseline ${id} ${columns}` : null, async (signal) => {
    const page = await loadPage({ ids, filter: `attributes.run_id = '${id}'`, sort: { key: "started" }, columns, hidden, count: 1, signal });
    return page.rows[0] ?? null;
  });
  const found = here ?? (wanted && other.data?.id === id ? other.data : null);
  return useMemo(() => found && { ...found, depth: 0, parts: 0, folded: false }, [found]);
}

function Bar({ load, picked, base, dull, sort }) {
  const compare = () => {
    const all = base && !picked.has(base.id) ? [base.id, ...picked] : [...picked];
    if (all.length > 1) go(`/compare?runs=${all.join(",")}${base ? `&base=${base.id}` : ""}`);
  };
  const enough = picked.size + (base && !picked.has(base.id) ? 1 : 0) > 1;
  useKeys([{ keys: "c", does: "Compare the picked runs", run: compare }]);
  const unsorted = !orderOf(sort) && !load.complete;
  return html`
    <div class="table-bar" role="region" aria-label="Picked runs">
      <span>${picked.size > 0 ? html`<b>${count(picked.size)}</b> picked` : html`<span class="quiet">Pick runs to compare: <kbd>x</kbd></span>`}</span>
      ${base && html`<span class="base-name">★ ${plainLine(base.name)}</span>`}
      ${(picked.size > 0 || base) && html`<button type="button" class="primary" disabled=${!enough} onClick=${compare}>Compare</button>`}
      ${(picked.size > 0 || base) && html`<button type="button" onClick=${() => setQuery({ sel: null, base: null })}>Clear</button>`}
      <span class="fill"></span>
      ${dull.size > 0 && html`<span class="quiet">${dull.size} equal columns left out</span>`}
      ${unsorted && html`<span class="quiet">in the order of their starts until all are here</span>`}
      <span class="quiet" role="status">${load.stale ? "Reading … " : ""}${counted(load)}</span>
    </div>
  `;
}

function counted({ rows, complete, more }) {
  if (more) return `the first ${count(rows.length)} runs of more: a filter shows others`;
  return complete ? `${count(rows.length)} ${rows.length === 1 ? "run" : "runs"}` : `${count(rows.length)} runs so far`;
}
