//! Flags of telemetry, and the `OTEL_*` and `MLFLOW_*` variables.

use loadspan_record::{Propagation, Secret};
use loadspan_telemetry::config::{
    ContentCapture, Environment, MlflowOptions, OtlpOptions, Requirement, TelemetryConfig, TelemetryOptions, TraceStore,
};

use crate::cli::{MlflowArgs, OtlpArgs, OutputFormat, TelemetryArgs};
use crate::exit::UsageError;
use crate::terminal;

/// What is exported, or `None`. Warns of variables that make no sense.
///
/// # Errors
///
/// Flags that make no sense or would have no effect.
pub(super) fn resolve(
    (args, mlflow): (TelemetryArgs, MlflowArgs),
    print: OutputFormat,
    environment: &Environment,
) -> Result<Option<TelemetryConfig>, UsageError> {
    let resolved = options(args, mlflow).resolve(environment).map_err(telemetry_usage)?;
    resolved.warnings.iter().for_each(terminal::print_notice);
    let config = resolved.config;
    if print == OutputFormat::Json && config.as_ref().is_some_and(TelemetryConfig::writes_to_console) {
        return Err(UsageError::with_hint(
            "--output-format json: telemetry goes to stdout too, and the two would mix",
            "name an endpoint with --otel-url, or leave --output-format out and read summary.json",
        ));
    }
    Ok(config)
}

fn options(args: TelemetryArgs, mlflow: MlflowArgs) -> TelemetryOptions {
    TelemetryOptions {
        otlp: otlp_options(args.otlp),
        stream: args.stream,
        otel_resource_attributes: args.otel_resource_attributes,
        gen_ai_provider: args.gen_ai_provider,
        otel_semconv: args.otel_semconv.map(Into::into),
        otel_attributes: args.otel_attributes.map(Into::into),
        otel_export_interval: args.otel_export_interval.map(|seconds| seconds.0),
        trace_sample_ratio: args.trace_sample_ratio,
        trace_scope: args.trace_scope.map(Into::into),
        trace_keep: args.trace_keep,
        propagation: args.no_propagate.then_some(Propagation::Off),
        capture_content: args.capture_content.then_some(ContentCapture::On),
        requirement: args.telemetry_required.then_some(Requirement::Required),
        otel_flush_timeout: args.otel_flush_timeout.map(|seconds| seconds.0),
        spool_max_bytes: args.spool_max_bytes,
        mlflow: mlflow_options(mlflow),
    }
}

fn mlflow_options(args: MlflowArgs) -> MlflowOptions {
    MlflowOptions {
        tracking_uri: args.mlflow_tracking_uri.map(Secret::new),
        experiment: args.mlflow_experiment,
        run_name: args.mlflow_run_name,
        tags: args.mlflow_tag,
        parent_run_id: args.mlflow_parent_run_id,
        parent_run_name: args.mlflow_parent_run_name,
        artifact_globs: args.mlflow_artifact_glob,
        live: args.mlflow_live.map(Into::into),
        stages: args.mlflow_stages.map(Into::into),
        traces: args.mlflow_traces.then_some(TraceStore::On),
        flush_timeout: args.mlflow_flush_timeout.map(|seconds| seconds.0),
    }
}

/// The flags that say where telemetry goes.
pub(crate) fn otlp_options(args: OtlpArgs) -> OtlpOptions {
    OtlpOptions {
        url: args.otel_url.map(Secret::new),
        protocol: args.otel_protocol.map(Into::into),
        headers: args.otel_header.into_iter().map(Secret::new).collect(),
    }
}

/// A mistake in the configuration of telemetry, as the user is told of it.
pub(crate) fn telemetry_usage(error: loadspan_telemetry::config::ConfigError) -> UsageError {
    UsageError::with_hint(error.message, error.advice)
}
