//! Exports as a backend sees them: decoded, a line for each point.

mod cardinality;
mod exemplars;
mod golden;
mod temporality;
mod vocabularies;

use loadspan_record::{Propagation, RunOffset, SampleRatio, TraceIds, TracePlan};
use loadspan_wire::otlp::metrics::{Exemplar, Metric, NumberDataPoint, metric::Data, number_data_point::Value};
use loadspan_wire::otlp::{ExportMetricsServiceRequest, KeyValue, Message, Resource, any_value, attribute};
use loadspan_wire::semconv::metrics as table;

use super::MetricsRecorder;
use super::testing::{START, config, naming, run};
use crate::config::{MetricsConfig, SemconvChoice};
use crate::identity::RunIdentity;

/// A recorder in the making.
struct Case {
    config: MetricsConfig,
    semconv: SemconvChoice,
    run: RunIdentity,
}

impl Case {
    fn new() -> Self {
        Self {
            config: config(),
            semconv: SemconvChoice::V1_41,
            run: run(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn only_requests(self) -> Self {
        self.with(|case| {
            case.config.groups.timing = false;
            case.config.groups.scraped = false;
        })
    }

    fn traced(self) -> Self {
        self.with(|case| {
            case.run.trace_plan = Some(TracePlan {
                trace_ids: TraceIds::PerRequest,
                sampling: SampleRatio::ALL,
                propagation: Propagation::Traceparent,
            });
        })
    }

    fn recorder(&self) -> MetricsRecorder {
        let resource = Resource {
            attributes: vec![attribute("service.name", "loadspan")],
            ..Resource::default()
        };
        let naming = naming(self.semconv);
        MetricsRecorder::new(&self.config, &naming, &self.run, "vllm".to_owned(), resource)
    }
}

/// An export, decoded.
struct Export(ExportMetricsServiceRequest);

impl Export {
    /// Collects, and sees that the payload counts its points right and holds nothing that the table does not allow.
    fn of(recorder: &mut MetricsRecorder, at: RunOffset) -> Self {
        let payload = recorder.collect(at).expect("there is something to export");
        let export = Self(ExportMetricsServiceRequest::decode(payload.body()).unwrap());
        assert_eq!(payload.items(), export.lines().len() as u64, "points of the payload");
        for (schema_url, metric) in export.scoped_metrics() {
            if let Some(instrument) = table::ALL.iter().find(|instrument| instrument.name == metric.name) {
                assert_eq!(metric.unit, instrument.unit, "{}", metric.name);
                assert_eq!(schema_url, instrument.vocabulary.schema_url(), "{}", metric.name);
                for attribute in keys(metric) {
                    let is_known = instrument.attributes.contains(&&*attribute) || attribute == "otel.metric.overflow";
                    assert!(is_known, "{} has no {attribute}", metric.name);
                }
            }
        }
        export
    }

    fn scoped_metrics(&self) -> impl Iterator<Item = (&str, &Metric)> {
        let scopes = self
            .0
            .resource_metrics
            .iter()
            .flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.iter().map(|metric| (&*scope.schema_url, metric)))
    }

    fn metric(&self, name: &str) -> Option<&Metric> {
        self.scoped_metrics()
            .map(|(_, metric)| metric)
            .find(|metric| metric.name == name)
    }

    fn names(&self) -> Vec<&str> {
        self.scoped_metrics().map(|(_, metric)| &*metric.name).collect()
    }

    /// `name{attributes} from..to value` of every point, times in milliseconds of the run.
    fn lines(&self) -> Vec<String> {
        self.scoped_metrics()
            .flat_map(|(_, metric)| {
                points(metric)
                    .into_iter()
                    .map(|point| format!("{}{point}", metric.name))
            })
            .collect()
    }

    /// The points of one metric, without its name.
    fn points(&self, name: &str) -> Vec<String> {
        self.metric(name).map(points).unwrap_or_default()
    }

    fn exemplars(&self, name: &str) -> Vec<Exemplar> {
        match self.metric(name).and_then(|metric| metric.data.as_ref()) {
            Some(Data::Histogram(data)) => data
                .data_points
                .iter()
                .flat_map(|point| point.exemplars.clone())
                .collect(),
            Some(Data::ExponentialHistogram(data)) => data
                .data_points
                .iter()
                .flat_map(|point| point.exemplars.clone())
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn points(metric: &Metric) -> Vec<String> {
    let span = |attributes: &[KeyValue], from: u64, to: u64| format!("{} {}", braces(attributes), times(from, to));
    match metric.data.as_ref().unwrap() {
        Data::Gauge(data) => data.data_points.iter().map(number).collect(),
        Data::Sum(data) => data.data_points.iter().map(number).collect(),
        Data::Histogram(data) => data
            .data_points
            .iter()
            .map(|point| {
                assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                let filled: Vec<_> = (0..)
                    .zip(&point.bucket_counts)
                    .filter(|(_, count)| **count > 0)
                    .map(|(place, count): (usize, _)| {
                        let bound = point.explicit_bounds.get(place);
                        format!("<={}:{count}", bound.map_or("inf".to_owned(), f64::to_string))
                    })
                    .collect();
                let span = span(&point.attributes, point.start_time_unix_nano, point.time_unix_nano);
                format!(
                    "{span} count={} sum={:.3} {}",
                    point.count,
                    point.sum.unwrap(),
                    filled.join(" ")
                )
                .trim_end()
                .to_owned()
            })
            .collect(),
        Data::ExponentialHistogram(data) => data
            .data_points
            .iter()
            .map(|point| {
                let in_buckets: u64 = point.positive.as_ref().unwrap().bucket_counts.iter().sum();
                assert_eq!(in_buckets + point.zero_count, point.count);
                let span = span(&point.attributes, point.start_time_unix_nano, point.time_unix_nano);
                format!(
                    "{span} count={} sum={:.3} scale={}",
                    point.count,
                    point.sum.unwrap(),
                    point.scale
                )
            })
            .collect(),
        Data::Summary(_) => panic!("no summaries are exported"),
    }
}

fn number(point: &NumberDataPoint) -> String {
    let value = match point.value.unwrap() {
        Value::AsInt(value) => value.to_string(),
        Value::AsDouble(value) => value.to_string(),
    };
    let times = times(point.start_time_unix_nano, point.time_unix_nano);
    format!("{} {times} {value}", braces(&point.attributes))
}

/// Gauges have no start.
fn times(from: u64, to: u64) -> String {
    let millis = |time: u64| (time - START) / 1_000_000;
    if from == 0 {
        return format!("at {}", millis(to));
    }
    format!("{}..{}", millis(from), millis(to))
}

/// Attributes by the last part of their names, without those that all requests of a test share.
fn braces(attributes: &[KeyValue]) -> String {
    let shared = [
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "server.address",
        "server.port",
    ];
    let shown = attributes
        .iter()
        .filter(|attribute| !shared.contains(&&*attribute.key))
        .map(|attribute| {
            let name = attribute
                .key
                .trim_start_matches("gen_ai.")
                .trim_start_matches("loadspan.");
            format!("{name}={}", text(attribute))
        });
    format!("{{{}}}", shown.collect::<Vec<_>>().join(","))
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        any_value::Value::BoolValue(flag) => flag.to_string(),
        other => panic!("no attribute of a metric is {other:?}"),
    }
}

/// The attributes of a metric's first point, whole.
fn attributes(metric: &Metric) -> Vec<String> {
    let of = |attributes: &[KeyValue]| {
        attributes
            .iter()
            .map(|attribute| format!("{}={}", attribute.key, text(attribute)))
            .collect()
    };
    match metric.data.as_ref().unwrap() {
        Data::Gauge(data) => of(&data.data_points[0].attributes),
        Data::Sum(data) => of(&data.data_points[0].attributes),
        Data::Histogram(data) => of(&data.data_points[0].attributes),
        Data::ExponentialHistogram(data) => of(&data.data_points[0].attributes),
        Data::Summary(_) => panic!("no summaries are exported"),
    }
}

/// The names of all attributes of a metric.
fn keys(metric: &Metric) -> Vec<String> {
    let of = |attributes: &[KeyValue]| {
        attributes
            .iter()
            .map(|attribute| attribute.key.clone())
            .collect::<Vec<_>>()
    };
    match metric.data.as_ref().unwrap() {
        Data::Gauge(data) => data
            .data_points
            .iter()
            .flat_map(|point| of(&point.attributes))
            .collect(),
        Data::Sum(data) => data
            .data_points
            .iter()
            .flat_map(|point| of(&point.attributes))
            .collect(),
        Data::Histogram(data) => data
            .data_points
            .iter()
            .flat_map(|point| of(&point.attributes))
            .collect(),
        Data::ExponentialHistogram(data) => data
            .data_points
            .iter()
            .flat_map(|point| of(&point.attributes))
            .collect(),
        Data::Summary(_) => Vec::new(),
    }
}
