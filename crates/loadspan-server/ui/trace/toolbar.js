// What is above the waterfall: find, and what is shown how.

import { html } from "../lib.js";
import { count, plainLine } from "../format.js";
import { setQuery } from "../router.js";
import { useKeys } from "../keys.js";
import { step } from "./find.js";
import { oneLevelLess, oneLevelMore, withChildren } from "./rows.js";

export function Toolbar({ model }) {
  const { tree, state, gaps, path } = model;
  const compress = () => setQuery({ gaps: state.compressed ? null : "0" });
  return html`
    <div class="toolbar trace-tools">
      <${Find} model=${model} />
      <${Levels} model=${model} />
      <label>
        Colour
        <select value=${state.color} onChange=${(event) => setQuery({ color: event.target.value === "kind" ? null : event.target.value })}>
          <option value="kind">kind</option>
          <option value="service">service</option>
        </select>
      </label>
      <label class="check" title="From timing only; hidden waits between siblings are not known.">
        <input type="checkbox" checked=${state.path} onChange=${() => setQuery({ path: state.path ? "0" : null })} />
        Critical path
      </label>
      ${(model.canAlign || state.aligned) &&
      html`
        <label class="check" title="Moves each service by the least that lets none of its spans start before its parent.">
          <input type="checkbox" checked=${state.aligned} onChange=${() => setQuery({ clock: state.aligned ? null : "1" })} />
          Align clocks
        </label>
      `}
      ${state.root !== -1 &&
      html`<button type="button" onClick=${() => setQuery({ root: null }, { push: true })}>Show all of the trace</button>`}
      ${state.path && path.fault && html`<span class="quiet">Critical path not computed: ${plainLine(path.fault)}.</span>`}
      ${gaps.length > 0 &&
      html`
        <button type="button" aria-pressed=${state.compressed} onClick=${compress}>
          ${idle(gaps, tree)} idle: ${state.compressed ? "show" : "compress"}
        </button>
      `}
    </div>
  `;
}

function idle(gaps, tree) {
  const share = gaps.reduce((sum, { from, to }) => sum + to - from, 0) / tree.total;
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

function Levels({ model: { tree, state } }) {
  const { collapsed, setCollapsed } = state;
  const all = () => setCollapsed(new Set(withChildren(tree)));
  const none = () => setCollapsed(new Set());
  useKeys([
    { keys: "[", does: "Expand all", run: none },
    { keys: "]", does: "Collapse all", run: all },
    { keys: "o", does: "One level less", run: () => setCollapsed(oneLevelLess(tree, collapsed)) },
    { keys: "O", does: "One level more", run: () => setCollapsed(oneLevelMore(tree, collapsed)) },
    { keys: "c", does: "Colour by kind or service", run: () => setQuery({ color: state.color === "kind" ? "service" : null }) },
  ]);
  return html`
    <span class="pair">
      <button type="button" onClick=${none} disabled=${collapsed.size === 0}>Expand all</button>
      <button type="button" onClick=${all}>Collapse all</button>
    </span>
  `;
}

function Find({ model }) {
  const { tree, find, state, select } = model;
  const at = state.selected;
  const go = (by) => find.rows && select(step(find.rows, at, by), { push: false });
  const errors = (by) => {
    const rows = [];
    for (let row = 0; row < tree.size; row++) if (tree.error[row]) rows.push(row);
    select(step(rows, at, by), { push: false });
  };
  const onPath = () => {
    const rows = [...new Set(model.path.parts.map(({ row }) => row))];
    const place = rows.indexOf(at);
    if (rows.length > 0) select(rows[(place + 1) % rows.length], { push: false });
  };
  useKeys([
    { keys: "n", does: "Next match", run: () => go(1) },
    { keys: "N", does: "Match before", run: () => go(-1) },
    { keys: "e", does: "Next error", run: () => errors(1) },
    { keys: "E", does: "Error before", run: () => errors(-1) },
    { keys: "m", does: "Next on the critical path", run: onPath },
  ]);
  return html`
    <div class="find trace-find" role="search">
      <input
        data-find
        type="search"
        aria-label="Find spans"
        placeholder="name, kind:llm, dur>200ms, err, key=value"
        value=${state.find}
        spellcheck="false"
        onInput=${(event) => state.setFind(event.target.value)}
        onKeyDown=${(event) => event.key === "Enter" && go(event.shiftKey ? -1 : 1)}
      />
      <span class="quiet found" role="status">${said(find, at)}</span>
      <button type="button" aria-label="Match before" disabled=${!find.rows?.length} onClick=${() => go(-1)}>◂</button>
      <button type="button" aria-label="Next match" disabled=${!find.rows?.length} onClick=${() => go(1)}>▸</button>
    </div>
    <label class="check">
      <input type="checkbox" checked=${state.only} onChange=${() => setQuery({ only: state.only ? null : "1" })} />
      Only matches
    </label>
  `;
}

function said({ rows, fault, waiting }, at) {
  if (fault) return fault;
  if (waiting) return "searching …";
  if (!rows) return "";
  if (rows.length === 0) return "no span";
  const place = rows.indexOf(at);
  return place === -1 ? `${count(rows.length)} found` : `${count(place + 1)} of ${count(rows.length)}`;
}
