// What the server takes in: whether it arrives, and what becomes of it.

import { html, useEffect, useRef, useState } from "../lib.js";
import { getText } from "../api.js";
import { PageHead } from "../shell.js";
import { Loaded } from "../parts/state.js";
import { ledger, routes, samples, valueOf } from "../ingest/exposition.js";
import { NOTHING, bytes, count, duration, number } from "../format.js";

/** How often the page asks, in milliseconds: often enough to see that something arrives, seldom enough to cost nothing. */
const EVERY = 2000;

export function Ingest() {
  const load = usePolled();
  return html`
    <${PageHead} title="Ingest" />
    <${Loaded} load=${load} what="the figures of the server">${(data) => html`<${Health} ...${data} />`}<//>
  `;
}

/** The samples now and those of the time before. While the tab is hidden, nobody is asked. */
function usePolled() {
  const [state, setState] = useState({ data: undefined, error: undefined, waiting: false });
  const [round, setRound] = useState(0);
  const before = useRef(null);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      if (document.hidden) return;
      try {
        const now = { at: performance.now(), all: samples(await getText("/metrics", { signal: abort.signal })) };
        setState({ data: { now, before: before.current }, error: undefined, waiting: false });
        before.current = now;
      } catch (error) {
        if (error.name !== "AbortError") setState((known) => ({ ...known, error }));
      }
    };
    ask();
    const timer = setInterval(ask, EVERY);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [round]);
  return { ...state, reload: () => setRound((times) => times + 1) };
}

function Health({ now, before }) {
  const earlier = before ? ledger(before.all) : null;
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const rows = ledger(now.all).map((row, place) => ({
    ...row,
    rate: earlier ? (row.received - earlier[place].received) / seconds : null,
    inFlight: row.received - row.stored - row.rejected,
  }));
  const value = (name) => valueOf(now.all, `loadspan_server_${name}`);
  return html`
    <section class="section">
      <h2>What came, and what became of it</h2>
      <p class="quiet">Since the server started. Received is stored, rejected and what is on its way, added up.</p>
      <table class="plain">
        <thead>
          <tr><th>Signal</th><th>Received</th><th>Stored</th><th>Rejected</th><th>On its way</th><th>Now</th></tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`
              <tr>
                <th scope="row">${row.signal}</th>
                <td>${count(row.received)}</td>
                <td>${count(row.stored)}</td>
                <td class=${row.rejected > 0 ? "bad" : ""}>${row.rejected > 0 ? `✕ ${count(row.rejected)}` : "0"}</td>
                <td>${count(row.inFlight)}</td>
                <td>${row.rate === null ? NOTHING : `${number(row.rate)} /s`}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
    <section class="section">
      <h2>The server</h2>
      <dl class="figures-now">
        <${Fact} name="Waits for the database" value=${bytes(value("store_waiting_bytes"))} />
        <${Fact} name="Size of the database" value=${bytes(value("database_bytes"))} />
        <${Fact} name="Connections" value=${count(value("connections"))} />
        <${Fact} name="Requests in flight" value=${count(value("requests_in_flight"))} />
      </dl>
    </section>
    <section class="section">
      <h2>Requests</h2>
      <table class="plain">
        <thead><tr><th>Endpoint</th><th>Requests</th><th>Failed</th><th>Mean time</th></tr></thead>
        <tbody>
          ${routes(now.all).map(
            ({ id, method, route, requests, failed, seconds: spent }) => html`
              <tr key=${id}>
                <th scope="row" class="mono">${method} ${route}</th>
                <td>${count(requests)}</td>
                <td class=${failed > 0 ? "bad" : ""}>${failed > 0 ? `✕ ${count(failed)}` : "0"}</td>
                <td>${duration(spent / requests)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </section>
  `;
}

function Fact({ name, value }) {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
