// What is asked for: the filter language, and the usual parts of it by name. All of it stands in the URL.

import { html, useEffect, useState } from "../lib.js";
import { plainLine, time } from "../format.js";
import { setQuery, useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { nanosOf } from "../trace/find.js";
import { rangeOf } from "./search.js";

const STATUSES = [
  ["", "any status"],
  ["error", "✕ error"],
  ["ok", "● ok"],
  ["running", "◐ not ended"],
];

export function Controls({ experiments, services }) {
  const query = useQuery();
  const set = (name) => (event) => setQuery({ [name]: event.target.value }, { push: true });
  return html`
    <div class="toolbar trace-controls">
      <${Typed} name="q" label="Filter traces" placeholder="tags.env = 'prod' AND span.name LIKE '%chat%'" isWide />
      <select aria-label="Experiment" value=${query.get("exp") ?? ""} onChange=${set("exp")}>
        <option value="">all experiments</option>
        ${experiments.map(({ experiment_id: id, name }) => html`<option value=${id}>${plainLine(name)}</option>`)}
      </select>
      <${Services} services=${services} chosen=${query.get("svc") ?? ""} set=${set("svc")} />
      <select aria-label="Status" value=${query.get("status") ?? ""} onChange=${set("status")}>
        ${STATUSES.map(([value, name]) => html`<option value=${value}>${name}</option>`)}
      </select>
      <${Range} />
      <${Shortcuts} sort=${query.get("sort") ?? "-started"} />
    </div>
    <${Chips} query=${query} />
  `;
}

function Services({ services, chosen, set }) {
  const all = services.includes(chosen) || !chosen ? services : [chosen, ...services];
  return html`
    <select aria-label="Service" value=${chosen} onChange=${set}>
      <option value="">all services</option>
      ${all.map((name) => html`<option value=${name}>${plainLine(name)}</option>`)}
    </select>
  `;
}

/** A text that counts once it is submitted. */
function Typed({ name, label, placeholder, isWide }) {
  const value = useQuery().get(name) ?? "";
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event) => {
    event.preventDefault();
    setQuery({ [name]: text.trim() }, { push: true });
  };
  return html`
    <form class=${isWide ? "find" : ""} role="search" onSubmit=${submit}>
      <input
        data-find
        type="search"
        aria-label=${label}
        placeholder=${placeholder}
        value=${text}
        spellcheck="false"
        onInput=${(event) => setText(event.target.value)}
        onSearch=${(event) => event.target.value === "" && setQuery({ [name]: null }, { push: true })}
      />
    </form>
  `;
}

function Range() {
  const value = useQuery().get("dur") ?? "";
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const wrong = text.trim() !== "" && rangeOf(whole(text), nanosOf).every((side) => side === null);
  const submit = (event) => {
    event.preventDefault();
    if (!wrong) setQuery({ dur: whole(text) }, { push: true });
  };
  return html`
    <form onSubmit=${submit}>
      <input
        class="duration"
        type="text"
        aria-label="Duration, like 200ms-2s"
        aria-invalid=${wrong}
        placeholder="200ms-2s"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      />
    </form>
  `;
}

/** `>2s` is how people write it. */
function whole(text) {
  const plain = text.replace(/\s+/g, "");
  const above = /^>=?(.+)$/.exec(plain);
  if (above) return `${above[1]}-`;
  const below = /^<=?(.+)$/.exec(plain);
  if (below) return `-${below[1]}`;
  return plain && !plain.includes("-") ? `${plain}-` : plain;
}

function Shortcuts({ sort }) {
  const to = (next) => () => setQuery({ sort: next === "-started" ? null : next }, { push: true });
  return html`
    <span class="pair" role="group" aria-label="Order">
      <button type="button" aria-pressed=${sort === "-started"} onClick=${to("-started")}>Newest</button>
      <button type="button" aria-pressed=${sort === "-duration"} onClick=${to("-duration")}>Slowest</button>
    </span>
  `;
}

/** `362ms-` is for the address; to be read it is another. */
function lastsText(dur) {
  const [from, to] = dur.split("-");
  if (from && to) return `lasts ${from} to ${to}`;
  return to ? `lasts at most ${to}` : `lasts at least ${from}`;
}

/** What narrows the search beside the fields: each can be taken away. */
function Chips({ query }) {
  const [utc] = useUtc();
  const [from, to] = rangeOf(query.get("time"), Number);
  const chips = [
    query.get("time") && ["time", `${from ? time(from, { utc }) : "…"} to ${to ? time(to, { utc }) : "now"}`],
    query.get("dur") && ["dur", lastsText(query.get("dur"))],
    query.get("run") && ["run", `run ${plainLine(query.get("run").slice(0, 12))}`],
  ].filter(Boolean);
  if (chips.length === 0) return null;
  return html`
    <div class="chips">
      ${chips.map(
        ([name, text]) => html`
          <span class="chip">${text}<button type="button" aria-label="Remove ${text}" onClick=${() => setQuery({ [name]: null }, { push: true })}>✕</button></span>
        `,
      )}
    </div>
  `;
}
