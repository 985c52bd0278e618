// The ways in, each with what came through it: a block for each.

import { html } from "../lib.js";
import { setQuery } from "../router.js";
import { Copy } from "../parts/copy.js";
import { useUtc } from "../settings.js";
import { NOTHING, ago, bytes, count, number, time } from "../format.js";
import { Spark } from "../runs/course.js";
import { portOf, reach } from "../start/reach.js";
import { Fact } from "./fact.js";
import { ratesOf } from "./rates.js";

const RECEIVERS = {
  otlp_grpc: { key: "grpc", title: "OTLP over gRPC", things: "spans, points, records", line: (url) => `export OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=${url}`, off: "--otlp-grpc-port says on which port" },
  otlp_http: { key: "http", title: "OTLP over HTTP", things: "spans, points, records", line: (url) => `export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=${url}`, off: "" },
  mlflow: { key: "mlflow", title: "MLflow API", things: "calls that write", line: (url) => `export MLFLOW_TRACKING_URI=${url}`, off: "" },
};

/** `chosen` is the receiver of which the line to send to it is shown. */
export function Receivers({ receivers, history, chosen }) {
  return html`
    <div class="receivers">
      ${receivers.map((receiver) => html`<${Receiver} key=${receiver.name} receiver=${receiver} history=${history} chosen=${chosen} />`)}
    </div>
  `;
}

function Receiver({ receiver, history, chosen }) {
  const [utc] = useUtc();
  const { key, title, things, line, off } = RECEIVERS[receiver.name] ?? { key: receiver.name, title: receiver.name, things: "items", line: null };
  const rates = ratesOf(history, receiver.name);
  const volume = ratesOf(history, `${receiver.name} bytes`).at(-1);
  const seen = receiver.last_seen_ms;
  const open = chosen === key;
  return html`
    <section class=${`receiver ${receiver.address ? "" : "off"}`} aria-labelledby=${`receiver-${key}`}>
      <header>
        <h2 id=${`receiver-${key}`}>${title}</h2>
        <span class="quiet mono">${receiver.address ? `port ${portOf(receiver.address)}` : "off"}</span>
        <${State} receiver=${receiver} />
      </header>
      ${receiver.address
        ? html`
            <div class="now">
              <b>${rates.at(-1) === undefined || rates.at(-1) === null ? NOTHING : number(rates.at(-1))}</b><span class="quiet">/s</span>
              ${rates.length > 1 && html`<${Spark} values=${rates} label=${`${things} per second`} width=${160} height=${28} />`}
            </div>
            <dl>
              <${Fact} name="accepted" value=${count(receiver.accepted)} more=${things} />
              <${Fact} name="rejected" value=${count(receiver.rejected + receiver.refused_requests)} more=${rejectedWords(receiver)} bad=${receiver.rejected + receiver.refused_requests > 0} />
              <${Fact} name="received" value=${bytes(receiver.bytes)} more=${volume > 0 ? `${bytes(volume)}/s` : ""} />
              <${Fact} name="in work" value=${count(receiver.queue_depth)} more="requests not yet answered" />
              <${Fact} name="last seen" value=${seen ? ago(seen) : "never"} more=${seen ? time(seen, { utc }).slice(11) : ""} />
            </dl>
            ${line && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setQuery({ recv: open ? null : key })}>How to send here</button>`}
            ${open && line && html`<${Copy} text=${line(reach(receiver.address))} />`}
          `
        : html`<p class="quiet">The server was started without it${off && `: ${off}`}.</p>`}
    </section>
  `;
}

function rejectedWords({ rejected, refused_requests: refused }) {
  if (refused === 0) return rejected > 0 ? "items of requests that were taken" : "";
  const whole = `${count(refused)} whole ${refused === 1 ? "request" : "requests"}`;
  return rejected > 0 ? `${count(rejected)} items, ${whole}` : whole;
}

function State({ receiver }) {
  if (!receiver.address) return null;
  if (!receiver.last_seen_ms) return html`<span class="verdict none">○ nothing yet</span>`;
  if (receiver.rejected + receiver.refused_requests > 0) return html`<span class="verdict degraded">▲ rejects some</span>`;
  return html`<span class="verdict ok">● takes all</span>`;
}
