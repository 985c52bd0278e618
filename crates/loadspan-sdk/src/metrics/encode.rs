//! A report as OTLP.

use loadspan_wire::otlp::metrics::metric::Data;
use loadspan_wire::otlp::metrics::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics,
};
use loadspan_wire::otlp::{ExportMetricsServiceRequest, InstrumentationScope, KeyValue, Resource, attribute};

use super::series::{BOUNDS, Report, Series};
use crate::config::Temporality;
use crate::export::nanos;

/// What is the same in all reports.
pub(super) struct Frame<'a> {
    pub(super) resource: Resource,
    pub(super) temporality: Temporality,
    pub(super) experiment_id: Option<&'a str>,
}

/// The request with this report.
pub(super) fn request(report: &Report<'_>, frame: Frame<'_>) -> ExportMetricsServiceRequest {
    let temporality = match frame.temporality {
        Temporality::Cumulative => AggregationTemporality::Cumulative,
        Temporality::Delta => AggregationTemporality::Delta,
    };
    let point = |series: &&Series| point(series, report, frame.experiment_id);
    let metric = Metric {
        name: "mlflow.trace.span.duration".to_owned(),
        description: "Duration of spans in milliseconds".to_owned(),
        unit: "ms".to_owned(),
        data: Some(Data::Histogram(Histogram {
            data_points: report.series.iter().map(point).collect(),
            aggregation_temporality: temporality as i32,
        })),
        ..Metric::default()
    };
    let scope = InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(frame.resource),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope),
                metrics: vec![metric],
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

fn point(series: &Series, report: &Report<'_>, experiment_id: Option<&str>) -> HistogramDataPoint {
    let values = &series.values;
    HistogramDataPoint {
        attributes: attributes(series, experiment_id),
        start_time_unix_nano: nanos(report.start),
        time_unix_nano: nanos(report.end),
        count: values.count,
        sum: Some(values.sum),
        bucket_counts: values.counts.to_vec(),
        explicit_bounds: BOUNDS.to_vec(),
        min: Some(values.min),
        max: Some(values.max),
        ..HistogramDataPoint::default()
    }
}

fn attributes(series: &Series, experiment_id: Option<&str>) -> Vec<KeyValue> {
    if series.attributes.is_empty() {
        return vec![attribute("otel.metric.overflow", true)];
    }
    let own = series
        .attributes
        .iter()
        .map(|(key, value)| attribute(key.clone(), value.clone()));
    own.chain(experiment_id.map(|id| attribute("experiment_id", id)))
        .collect()
}
