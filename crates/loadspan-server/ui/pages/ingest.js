// What the server takes in: whether it arrives, what becomes of it, who sends it, and what is wrong with the rest.

import { html } from "../lib.js";
import { PageHead } from "../shell.js";
import { Loaded } from "../parts/state.js";
import { useQuery } from "../router.js";
import { useUtc } from "../settings.js";
import { ledger, routes, valueOf } from "../ingest/exposition.js";
import { Fact } from "../ingest/fact.js";
import { ratesOf } from "../ingest/rates.js";
import { Receivers } from "../ingest/receivers.js";
import { Rejects } from "../ingest/rejects.js";
import { Senders } from "../ingest/senders.js";
import { useIngest } from "../ingest/watch.js";
import { NOTHING, bytes, count, duration, number, time } from "../format.js";

export function Ingest() {
  const load = useIngest();
  return html`
    <${PageHead} title="Ingest" />
    <${Loaded} load=${load} what="the figures of the server">${(data) => html`<${Health} ...${data} />`}<//>
  `;
}

function Health({ found, all, history }) {
  const chosen = useQuery().get("recv");
  return html`
    <section class="section" aria-label="Receivers"><${Receivers} receivers=${found.receivers} history=${history} chosen=${chosen} /></section>
    <section class="section">
      <h2>Rejected</h2>
      <${Rejects} rejects=${found.rejects} />
    </section>
    <section class="section">
      <h2>What came over OTLP, and what became of it</h2>
      <p class="quiet">Since the server started. Received is stored, rejected and what is on its way, added up.</p>
      <${Ledger} all=${all} history=${history} />
    </section>
    <section class="section">
      <h2>Senders</h2>
      <${Senders} senders=${found.senders} />
    </section>
    <section class="section">
      <h2>Storage</h2>
      <${Storage} storage=${found.storage} all=${all} />
    </section>
    <section class="section">
      <details>
        <summary><h2>Requests by endpoint</h2></summary>
        <${Requests} all=${all} />
      </details>
    </section>
  `;
}

function Ledger({ all, history }) {
  return html`
    <div class="wide" tabindex="0" role="region" aria-label="Ledger">
    <table class="ledger">
      <thead>
        <tr><th scope="col">Signal</th><th scope="col">Received</th><th scope="col">Stored</th><th scope="col">Rejected</th><th scope="col">On its way</th><th scope="col">Now</th></tr>
      </thead>
      <tbody>
        ${ledger(all).map(({ signal, received, stored, rejected }) => {
          const rate = ratesOf(history, signal).at(-1);
          return html`
            <tr>
              <th scope="row">${signal}</th>
              <td>${count(received)}</td>
              <td>${count(stored)}</td>
              <td class=${rejected > 0 ? "bad" : ""}>${rejected > 0 ? `✕ ${count(rejected)}` : "0"}</td>
              <td>${count(received - stored - rejected)}</td>
              <td>${rate === undefined || rate === null ? NOTHING : `${number(rate)} /s`}</td>
            </tr>
          `;
        })}
      </tbody>
    </table>
    </div>
  `;
}

function Storage({ storage, all }) {
  const [utc] = useUtc();
  const value = (name) => valueOf(all, `loadspan_server_${name}`);
  const waits = value("store_waiting_bytes");
  return html`
    <dl class="figures-now">
      <${Fact} name="Size of the database" value=${bytes(storage.bytes)} more=${value("database_log_bytes") > 0 ? `and ${bytes(value("database_log_bytes"))} of its log` : ""} />
      <${Fact} name="Oldest trace or run" value=${storage.oldest_ms ? time(storage.oldest_ms, { utc }) : NOTHING} />
      <${Fact} name="Kept" value=${storage.retention ? `for ${storage.retention}` : "for ever"} more=${storage.retention ? "--retention" : "--retention 30d would delete what is older"} />
      <${Fact} name="Waits for the database" value=${bytes(waits)} />
      <${Fact} name="Connections" value=${count(value("connections"))} />
      <${Fact} name="Turned away" value=${count(value("store_turned_away_total"))} more="reads and writes without room, told to come back" />
    </dl>
  `;
}

function Requests({ all }) {
  return html`
    <div class="wide" tabindex="0" role="region" aria-label="Requests by endpoint">
      <table class="ledger">
        <thead><tr><th scope="col">Endpoint</th><th scope="col">Requests</th><th scope="col">Failed</th><th scope="col">Mean time</th></tr></thead>
        <tbody>
          ${routes(all).map(
            ({ id, method, route, requests, failed, seconds }) => html`
              <tr key=${id}>
                <th scope="row" class="mono">${method} ${route}</th>
                <td>${count(requests)}</td>
                <td class=${failed > 0 ? "bad" : ""}>${failed > 0 ? `✕ ${count(failed)}` : "0"}</td>
                <td>${duration(seconds / requests)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
