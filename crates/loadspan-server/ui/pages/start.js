// How to get something in here: lines for each way, with the addresses of this server, and whether something has come.

import { html, useEffect } from "../lib.js";
import { get, useLoad } from "../api.js";
import { Link, setQuery, useQuery } from "../router.js";
import { PageHead } from "../shell.js";
import { Copy } from "../parts/copy.js";
import { First } from "../start/first.js";
import { portOf, reach } from "../start/reach.js";
import { ways } from "../start/ways.js";

export function Start() {
  const chosen = useQuery().get("lang");
  const load = useLoad("receivers", (signal) => get("/api/3.0/loadspan/ingest", { signal }));
  const address = (name) => load.data?.receivers.find((receiver) => receiver.name === name)?.address ?? null;
  const [grpc, http] = [address("otlp_grpc"), address("otlp_http")];
  // Until the ports are known, or where they cannot be asked for, the page's own has to do.
  if (load.data === undefined && !load.error) return html`<${PageHead} title="Start" />`;
  const all = ways({ web: location.origin, grpc: reach(grpc), http: reach(http) });
  return html`
    <${PageHead} title="Start" />
    <div class="section ways">
      <${First} ports=${portsOf([grpc, http])} />
      <nav class="ways-list" aria-label="Ways">
        ${all.map(({ key, title }) => html`<a href=${`#${key}`} aria-current=${chosen === key ? "true" : undefined} onClick=${(event) => (event.preventDefault(), setQuery({ lang: key }))}>${title}</a>`)}
      </nav>
      ${all.map((way) => html`<${Way} key=${way.key} way=${way} isChosen=${chosen === way.key} />`)}
      <section>
        <h2>Nothing arrives?</h2>
        <p><${Link} to="/ingest">Ingest<//> says what came, from whom, and why something was not taken.</p>
      </section>
    </div>
  `;
}

/** `127.0.0.1:4317, :4318 and :5000`. */
function portsOf(addresses) {
  const own = location.port || (location.protocol === "https:" ? "443" : "80");
  const ports = [...new Set([...addresses.map(portOf).filter(Boolean), own])];
  const [first, ...others] = ports;
  const last = others.pop();
  return `${location.hostname}:${first}${others.map((port) => `, :${port}`).join("")}${last ? ` and :${last}` : ""}`;
}

function Way({ way: { key, title, says, steps }, isChosen }) {
  useEffect(() => {
    if (isChosen) document.getElementById(key)?.scrollIntoView({ block: "start" });
  }, [isChosen]);
  return html`
    <section id=${key} class=${isChosen ? "chosen" : ""} data-way=${key}>
      <h2>${title}</h2>
      <p class="quiet">${says}</p>
      ${steps.map(({ says: words, text }) => html`${words && html`<p class="step">${words}</p>`}<${Copy} text=${text} />`)}
    </section>
  `;
}
