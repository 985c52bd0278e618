// The ways to get something in here, with the addresses of this server: lines to be copied as they are. No DOM.

/** Ways: `{ key, title, says, steps: [{ says, text }] }`; `web` is the address of the page, `grpc` and `http` of the OTLP ports, or null. */
export function ways({ web, grpc, http }) {
  return [
    {
      key: "profile",
      title: "Benchmark a server",
      says: "Any OpenAI-compatible one. The run is here while it goes on, with its verdict, its figures and each request as a trace.",
      steps: [
        { text: `loadspan profile --url http://localhost:8000 --streaming --concurrency 8 --request-count 1000 \\\n    --mlflow-tracking-uri ${web} --mlflow-traces --otel-url ${web}` },
        { says: "No server at hand? This one answers as it is told, on port 8000:", text: "loadspan mock" },
      ],
    },
    {
      key: "python",
      title: "Python with OpenTelemetry",
      says: "Traces of any application. Each service has an experiment of its own.",
      steps: [
        { text: "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http" },
        { text: pythonOf(web) },
      ],
    },
    {
      key: "mlflow",
      title: "MLflow client",
      says: "Runs and traces of MLflow's own client, unchanged.",
      steps: [{ text: "pip install mlflow" }, { text: mlflowOf(web) }],
    },
    {
      key: "rust",
      title: "Rust with loadspan-sdk",
      says: "MLflow tracing for Rust applications. Nothing else is set up: the addresses come from the environment.",
      steps: [
        { says: "With a clone of loadspan beside your crate:", text: "cargo add serde_json && cargo add --path ../loadspan/crates/loadspan-sdk" },
        { says: "In src/main.rs:", text: RUST },
        { text: `MLFLOW_TRACKING_URI=${web} MLFLOW_EXPERIMENT_NAME=my-application cargo run` },
      ],
    },
    {
      key: "otel",
      title: "OpenTelemetry, from any language",
      says: "Variables that all SDKs and agents read. Traces, metrics and logs.",
      steps: [
        { says: "Over HTTP:", text: `export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=${http ?? web}` },
        ...(grpc ? [{ says: "Over gRPC:", text: `export OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}` }] : []),
      ],
    },
  ];
}

function pythonOf(web) {
  return `from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "my-application"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter("${web}/v1/traces")))
trace.set_tracer_provider(provider)

with trace.get_tracer("start").start_as_current_span("hello"):
    print("in a span")
provider.shutdown()`;
}

function mlflowOf(web) {
  return `import mlflow

mlflow.set_tracking_uri("${web}")
mlflow.set_experiment("my-application")

with mlflow.start_run(run_name="hello"):
    mlflow.log_metric("answer", 42)

with mlflow.start_span("hello") as span:
    span.set_inputs({"question": "what is it?"})
    span.set_outputs({"answer": 42})`;
}

const RUST = `fn main() -> Result<(), loadspan_sdk::InitError> {
    let _mlflow = loadspan_sdk::init()?;
    let span = loadspan_sdk::start_span("hello");
    span.set_inputs(serde_json::json!({"question": "what is it?"}));
    span.set_outputs("42");
    Ok(())
}`;
