//! The environment variables that are read, with their defaults and effects: the tables of `docs/telemetry.md` and `docs/mlflow.md`.
//!
//! A test proves the effect of each row, and another that the pages have what stands here.

mod mlflow;

pub use self::mlflow::MLFLOW_VARIABLES;

/// An environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// What it concerns: the heading above it.
    pub topic: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What holds while it is unset, in Markdown.
    pub default: &'static str,
    /// What it does, in Markdown.
    pub effect: &'static str,
}

/// Every `OTEL_*` variable that is read, by topic.
pub const VARIABLES: &[Variable] = &[
    variable(
        SIGNALS,
        "OTEL_TRACES_ENABLED",
        "false",
        "`true`: traces are exported, to the console where there is no endpoint. inference-perf's variable",
    ),
    variable(
        SIGNALS,
        "OTEL_TRACES_EXPORTER",
        "unset",
        "`otlp` or `console`: traces are exported there; `none`: they are not. Of a list, the first of otlp, console, \
         none counts",
    ),
    variable(
        SIGNALS,
        "OTEL_METRICS_EXPORTER",
        "unset",
        "`otlp` or `console`: metrics are exported there; `none`: they are not. Unset: they are exported where they \
         have an endpoint. Of a list, the first of otlp, console, none counts",
    ),
    variable(
        SIGNALS,
        "OTEL_SDK_DISABLED",
        "false",
        "`true`: nothing is exported, and a flag that asks for it is an error. MLflow has its run all the same, without traces",
    ),
    variable(
        SIGNALS,
        "OTEL_SERVICE_NAME",
        "`loadspan`",
        "`service.name` of everything exported",
    ),
    variable(
        SIGNALS,
        "OTEL_RESOURCE_ATTRIBUTES",
        "none",
        "`name=value,name=value`, percent-encoded: attributes of everything exported. `--otel-resource-attributes` \
         beats them one by one",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "unset; `http://localhost:4318`, or `:4317` for gRPC, where an exporter is named without it",
        "The base of the endpoint: over HTTP, `/v1/traces` and `/v1/metrics` are added. `--otel-url` beats it",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "`OTEL_EXPORTER_OTLP_ENDPOINT`",
        "The endpoint of traces: over HTTP, the URL as it stands",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "`OTEL_EXPORTER_OTLP_ENDPOINT`",
        "The endpoint of metrics: over HTTP, the URL as it stands",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "`grpc` for `grpc://` and for port 4317 without a path, else `http/protobuf`",
        "`grpc`, `http/protobuf` or `http/json`. `--otel-protocol` beats it, and so does a `grpc://` URL",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "`OTEL_EXPORTER_OTLP_PROTOCOL`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "`OTEL_EXPORTER_OTLP_PROTOCOL`",
        "The same, for metrics",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_HEADERS",
        "none",
        "`name=value,name=value`, values percent-encoded: headers, or gRPC metadata. `--otel-header` beats them one \
         by one",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "`OTEL_EXPORTER_OTLP_HEADERS`",
        "The same, for traces, in place of the generic list",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
        "`OTEL_EXPORTER_OTLP_HEADERS`",
        "The same, for metrics, in place of the generic list",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "`10000`",
        "Longest time of one attempt, in milliseconds; 0: no limit",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "`OTEL_EXPORTER_OTLP_TIMEOUT`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "`OTEL_EXPORTER_OTLP_TIMEOUT`",
        "The same, for metrics",
    ),
    variable(OTLP, "OTEL_EXPORTER_OTLP_COMPRESSION", "`none`", "`gzip` or `none`"),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "`OTEL_EXPORTER_OTLP_COMPRESSION`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
        "`OTEL_EXPORTER_OTLP_COMPRESSION`",
        "The same, for metrics",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "the system's",
        "PEM file with the authorities to trust",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
        "`OTEL_EXPORTER_OTLP_CERTIFICATE`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
        "`OTEL_EXPORTER_OTLP_CERTIFICATE`",
        "The same, for metrics",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "none",
        "PEM file with the client's certificate chain",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        "`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
        "`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`",
        "The same, for metrics",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "none",
        "PEM file with the client's key",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
        "`OTEL_EXPORTER_OTLP_CLIENT_KEY`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
        "`OTEL_EXPORTER_OTLP_CLIENT_KEY`",
        "The same, for metrics",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_INSECURE",
        "false",
        "`true`: plain text, for gRPC to an endpoint that is written without a scheme",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
        "`OTEL_EXPORTER_OTLP_INSECURE`",
        "The same, for traces",
    ),
    variable(
        OTLP,
        "OTEL_EXPORTER_OTLP_METRICS_INSECURE",
        "`OTEL_EXPORTER_OTLP_INSECURE`",
        "The same, for metrics",
    ),
    variable(
        TRACES,
        "OTEL_TRACE_PER_STAGE",
        "false",
        "`true`: the requests of a stage share a trace. `--trace-scope` beats it. inference-perf's variable",
    ),
    variable(
        TRACES,
        "OTEL_TRACES_SAMPLER",
        "`always_on`",
        "`always_on`, `always_off`, `traceidratio`, or `parentbased_` before one of them, which is the same: requests \
         have no parent. `--trace-sample-ratio` beats it",
    ),
    variable(
        TRACES,
        "OTEL_TRACES_SAMPLER_ARG",
        "`1`",
        "The ratio of `traceidratio`, 0 to 1",
    ),
    variable(
        TRACES,
        "OTEL_PROPAGATORS",
        "`tracecontext`",
        "Without `tracecontext` in the list, or with `none`, requests carry no `traceparent`. `--no-propagate` beats \
         it",
    ),
    variable(
        TRACES,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        "`NO_CONTENT`",
        "`SPAN_ONLY`, `SPAN_AND_EVENT` or `true`: prompts and answers are exported, on spans. `NO_CONTENT`, \
         `EVENT_ONLY` or `false`: they are not. `--capture-content` beats it",
    ),
    variable(
        TRACES,
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "none",
        "Longest text of an attribute, in characters",
    ),
    variable(
        TRACES,
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "`OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`",
        "The same, for spans",
    ),
    variable(
        TRACES,
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "`128`",
        "Most attributes of a span",
    ),
    variable(
        TRACES,
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "`OTEL_ATTRIBUTE_COUNT_LIMIT`",
        "The same, for spans",
    ),
    variable(TRACES, "OTEL_SPAN_EVENT_COUNT_LIMIT", "`128`", "Most events of a span"),
    variable(TRACES, "OTEL_SPAN_LINK_COUNT_LIMIT", "`128`", "Most links of a span"),
    variable(
        TRACES,
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "`128`",
        "Most attributes of an event",
    ),
    variable(
        TRACES,
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "`128`",
        "Most attributes of a link",
    ),
    variable(
        TRACES,
        "OTEL_BSP_SCHEDULE_DELAY",
        "`1000` (specification: 5000)",
        "A span waits no longer than this for others, in milliseconds",
    ),
    variable(
        TRACES,
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "`2048` (specification: 512)",
        "Most spans of a payload",
    ),
    variable(
        TRACES,
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "`131072` (specification: 2048)",
        "Most spans that wait in memory; older ones go to the spool",
    ),
    variable(
        TRACES,
        "OTEL_BSP_EXPORT_TIMEOUT",
        "`30000`",
        "Longest time that a payload is tried for, retries included, in milliseconds; 0: no limit",
    ),
    variable(
        METRICS,
        "OTEL_METRIC_EXPORT_INTERVAL",
        "`2000` (specification: 60000)",
        "Time between two exports, 100 to 3600000 milliseconds. `--otel-export-interval` beats it",
    ),
    variable(
        METRICS,
        "OTEL_METRIC_EXPORT_TIMEOUT",
        "`30000`",
        "Longest time that a payload is tried for, retries included, in milliseconds; 0: no limit",
    ),
    variable(
        METRICS,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "`cumulative`",
        "`cumulative`, `delta` or `lowmemory`",
    ),
    variable(
        METRICS,
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "`explicit_bucket_histogram`",
        "`explicit_bucket_histogram` or `base2_exponential_bucket_histogram`",
    ),
    variable(
        METRICS,
        "OTEL_METRICS_EXEMPLAR_FILTER",
        "`trace_based`",
        "`trace_based`: sampled requests may be exemplars; `always_on`: all may; `always_off`: none",
    ),
    variable(
        NO_EFFECT,
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        "unset",
        "Accepted: `--otel-semconv` chooses the vocabulary of metrics, and spans have the newest one",
    ),
    variable(
        NO_EFFECT,
        "OTEL_LOG_LEVEL",
        "unset",
        "Accepted: there is no log of an SDK",
    ),
    variable(
        NO_EFFECT,
        "OTEL_CONFIG_FILE",
        "unset",
        "Not supported: a warning. The other variables hold nevertheless",
    ),
    variable(
        NO_EFFECT,
        "OTEL_EXPERIMENTAL_CONFIG_FILE",
        "unset",
        "The same, under its former name",
    ),
    variable(NO_EFFECT, "OTEL_ENTITIES", "unset", "Not supported: a warning"),
];

const SIGNALS: &str = "What is exported";
const OTLP: &str = "Where to, over OTLP";
const TRACES: &str = "Traces";
const METRICS: &str = "Metrics";
const NO_EFFECT: &str = "Without effect";

const fn variable(topic: &'static str, name: &'static str, default: &'static str, effect: &'static str) -> Variable {
    Variable {
        topic,
        name,
        default,
        effect,
    }
}

#[cfg(test)]
mod proof;
