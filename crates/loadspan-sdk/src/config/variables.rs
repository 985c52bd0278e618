//! The variables that are read: the one table, which the documentation and the tests are held to.

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// What it does, for people.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "rendered by the test that holds the documentation to this table"
        )
    )]
    pub(crate) effect: &'static str,
}

macro_rules! table {
    ($($name:literal $effect:literal)*) => {
        &[$(Variable { name: $name, effect: $effect }),*]
    };
}

/// All of them.
pub(crate) const TABLE: &[Variable] = table! {
    "MLFLOW_TRACKING_URI" "The MLflow server: `http://` or `https://`, user and password allowed"
    "MLFLOW_TRACKING_USERNAME" "User for Basic authentication, with the password; wins over the token"
    "MLFLOW_TRACKING_PASSWORD" "Password for Basic authentication"
    "MLFLOW_TRACKING_TOKEN" "Token for Bearer authentication"
    "MLFLOW_TRACKING_INSECURE_TLS" "`true`: the server's certificate is not looked at"
    "MLFLOW_TRACKING_SERVER_CERT_PATH" "PEM file of the authority of the server's certificate"
    "MLFLOW_TRACKING_CLIENT_CERT_PATH" "PEM file with client certificate and key"
    "MLFLOW_HTTP_REQUEST_TIMEOUT" "Seconds that one request to the MLflow server may take; default 120, 0: no limit"
    "MLFLOW_EXPERIMENT_ID" "Experiment, by id; wins over the name; default 0"
    "MLFLOW_EXPERIMENT_NAME" "Experiment, by name; made if there is none"
    "MLFLOW_RUN_ID" "Run that traces are linked with"
    "MLFLOW_TRACE_SAMPLING_RATIO" "Share of traces that are recorded, 0 to 1; default 1"
    "OTEL_TRACES_SAMPLER" "Where that is not set: `always_on`, `always_off`, `traceidratio`, alone or behind `parentbased_`"
    "OTEL_TRACES_SAMPLER_ARG" "Share of traces for `traceidratio`, 0 to 1; default 1"
    "MLFLOW_ENABLE_OTLP_EXPORTER" "`false`: no traces to the OTLP endpoint; metrics are still sent"
    "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT" "`true`: traces to the MLflow server as well as to the OTLP endpoint"
    "MLFLOW_ENABLE_OTEL_GENAI_SEMCONV" "`true`: the OTLP endpoint gets the names of the GenAI conventions"
    "OTEL_SDK_DISABLED" "`true`: everything is a no-op"
    "OTEL_CONFIG_FILE" "Is not read; one warning says so"
    "OTEL_LOG_LEVEL" "`error` or `none`: this crate says nothing on standard error; others: its warnings, the default"
    "OTEL_PROPAGATORS" "`tracecontext,baggage` (default), one of them, or `none`; others are left to the application, with one warning"
    "OTEL_TRACES_EXPORTER" "`otlp` (default), alone or in a list; otherwise no traces to the OTLP endpoint"
    "OTEL_METRICS_EXPORTER" "`otlp` (default), alone or in a list; otherwise no metrics"
    "OTEL_EXPORTER_OTLP_ENDPOINT" "Base of the OTLP endpoints: `/v1/traces` and `/v1/metrics` are added for HTTP"
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" "Endpoint of traces, taken as written"
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" "Endpoint of metrics, taken as written"
    "OTEL_EXPORTER_OTLP_PROTOCOL" "`grpc` (default, as MLflow has it), `http/protobuf` or `http/json`"
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL" "The same for metrics"
    "OTEL_EXPORTER_OTLP_HEADERS" "`name=value,name=value`, values percent-encoded"
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS" "The same for traces, in place of the general ones"
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS" "The same for metrics, in place of the general ones"
    "OTEL_EXPORTER_OTLP_TIMEOUT" "Milliseconds that one request may take; default 10000, 0: no limit"
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT" "The same for metrics"
    "OTEL_EXPORTER_OTLP_COMPRESSION" "`none` (default) or `gzip`"
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION" "The same for metrics"
    "OTEL_EXPORTER_OTLP_INSECURE" "`true`: no TLS, for a gRPC endpoint without scheme"
    "OTEL_EXPORTER_OTLP_TRACES_INSECURE" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_INSECURE" "The same for metrics"
    "OTEL_EXPORTER_OTLP_CERTIFICATE" "PEM file of the authority of the server's certificate"
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE" "The same for metrics"
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE" "PEM file of the client's certificate"
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE" "The same for metrics"
    "OTEL_EXPORTER_OTLP_CLIENT_KEY" "PEM file of the key of that certificate"
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY" "The same for traces"
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY" "The same for metrics"
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE" "`cumulative` (default), `delta` or `lowmemory` (as `delta` here)"
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION" "`explicit_bucket_histogram`; exponential ones are not made, with one warning"
    "OTEL_METRICS_EXEMPLAR_FILTER" "There are no exemplars; one warning where they are asked for"
    "OTEL_METRIC_EXPORT_TIMEOUT" "Milliseconds that a report is tried for, retries included; default 30000, 0: no limit"
    "OTEL_METRIC_EXPORT_INTERVAL" "Milliseconds between exports of metrics; default 60000"
    "OTEL_SERVICE_NAME" "`service.name`; default `unknown_service:` and the name of the executable"
    "OTEL_RESOURCE_ATTRIBUTES" "`name=value,name=value`, percent-encoded"
    "OTEL_BSP_SCHEDULE_DELAY" "Milliseconds that spans are gathered for at most; default 1000"
    "OTEL_BSP_EXPORT_TIMEOUT" "Milliseconds that a batch is tried for, retries included; default 30000, 0: no limit"
    "OTEL_BSP_MAX_QUEUE_SIZE" "Spans that may be on their way to each destination; default 131072, at most 4194304"
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" "Spans in a request; default 512"
    "OTEL_BSP_MAX_CONCURRENT_EXPORTS" "Requests in flight to each destination; default 4"
    "OTEL_ATTRIBUTE_COUNT_LIMIT" "Attributes of a span, an event and a link; default 128"
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT" "Characters of a string attribute, but for MLflow's own; default: no limit"
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT" "Attributes of a span"
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT" "Characters of a string attribute, but for MLflow's own"
    "OTEL_SPAN_EVENT_COUNT_LIMIT" "Events of a span, chunks of streams among them; default 1024"
    "OTEL_SPAN_LINK_COUNT_LIMIT" "Links of a span; default 128"
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT" "Attributes of an event"
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT" "Attributes of a link"
    "LOADSPAN_SDK_METRIC_ATTRIBUTES" "Further attributes of the metric: `tags.team,metadata.region`"
    "LOADSPAN_SDK_METRIC_SERIES_LIMIT" "Series of the metric; what comes on top is one series; default 2000"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_is_there_twice() {
        let mut names: Vec<_> = TABLE.iter().map(|variable| variable.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
