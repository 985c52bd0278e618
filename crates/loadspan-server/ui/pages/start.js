// How to get something in here: a line for each way, with the address that this page was loaded from.

import { html } from "../lib.js";
import { PageHead } from "../shell.js";
import { Copy } from "../parts/copy.js";

function ways(origin) {
  return [
    {
      title: "Benchmark a server",
      says: "Any OpenAI-compatible one. The run is here while it goes on, each request as a trace.",
      line: `loadspan profile --url http://localhost:8000 --streaming --concurrency 8 --request-count 1000 \\
    --mlflow-tracking-uri ${origin} --mlflow-traces --otel-url ${origin}`,
    },
    {
      title: "Have no server at hand",
      says: "This one answers as it is told, on port 8000.",
      line: "loadspan mock",
    },
    {
      title: "MLflow, from Python",
      says: "Runs and traces of MLflow's own client, unchanged.",
      line: `export MLFLOW_TRACKING_URI=${origin}`,
    },
    {
      title: "OpenTelemetry, from any language",
      says: "Traces, metrics and logs. Each service has an experiment of its own.",
      line: `export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`,
    },
    {
      title: "A Rust application with loadspan-sdk",
      says: "MLflow tracing; its traces are in the experiment that is named here.",
      line: `export MLFLOW_TRACKING_URI=${origin} MLFLOW_EXPERIMENT_NAME=my-application`,
    },
  ];
}

export function Start() {
  return html`
    <${PageHead} title="Start" />
    <div class="section ways">
      ${ways(location.origin).map(
        ({ title, says, line }) => html`
          <section>
            <h2>${title}</h2>
            <p class="quiet">${says}</p>
            <${Copy} text=${line} />
          </section>
        `,
      )}
    </div>
  `;
}
