//! OTLP/JSON, as the Collector's file exporter writes it, read without any code of loadspan's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// A span, as far as checks look at it.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) is_error: bool,
    pub(crate) start: u128,
    pub(crate) end: u128,
}

/// A point of a metric.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) metric: String,
    pub(crate) attributes: BTreeMap<String, Value>,
    /// The whole point.
    pub(crate) value: Value,
}

/// Every payload of a file. None when there is no such file.
pub(crate) fn read_lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(Vec::new());
    };
    let payloads = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str);
    payloads
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} has a line that is no JSON", path.display()))
}

/// Every span of some payloads.
pub(crate) fn spans(payloads: &[Value]) -> Vec<Span> {
    let scopes = payloads
        .iter()
        .flat_map(|payload| children(payload, "resourceSpans"))
        .flat_map(|resource| children(resource, "scopeSpans"));
    scopes.flat_map(|scope| children(scope, "spans")).map(span).collect()
}

/// Every point of some payloads, in the order in which they came.
pub(crate) fn points(payloads: &[Value]) -> Vec<Point> {
    let scopes = payloads
        .iter()
        .flat_map(|payload| children(payload, "resourceMetrics"))
        .flat_map(|resource| children(resource, "scopeMetrics"));
    scopes
        .flat_map(|scope| children(scope, "metrics"))
        .flat_map(|metric| {
            let name = text(&metric["name"]);
            let kinds = ["sum", "gauge", "histogram", "exponentialHistogram"];
            let points = kinds.into_iter().flat_map(|kind| children(&metric[kind], "dataPoints"));
            points.map(move |point| Point {
                metric: name.clone(),
                attributes: attributes(point),
                value: point.clone(),
            })
        })
        .collect()
}

/// The count that a histogram ended with: the last point of each series, summed over the series that `chosen` takes.
pub(crate) fn final_count(points: &[Point], metric: &str, chosen: impl Fn(&BTreeMap<String, Value>) -> bool) -> u64 {
    final_sum(points, metric, chosen, |point| number(&point["count"]))
}

/// The value that a counter ended with.
pub(crate) fn final_value(points: &[Point], metric: &str, chosen: impl Fn(&BTreeMap<String, Value>) -> bool) -> u64 {
    final_sum(points, metric, chosen, |point| number(&point["asInt"]))
}

fn final_sum(
    points: &[Point],
    metric: &str,
    chosen: impl Fn(&BTreeMap<String, Value>) -> bool,
    of: impl Fn(&Value) -> u64,
) -> u64 {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for point in points
        .iter()
        .filter(|point| point.metric == metric && chosen(&point.attributes))
    {
        last.insert(format!("{:?}", point.attributes), of(&point.value));
    }
    last.values().sum()
}

fn span(span: &Value) -> Span {
    Span {
        trace_id: text(&span["traceId"]),
        span_id: text(&span["spanId"]),
        parent: text(&span["parentSpanId"]),
        name: text(&span["name"]),
        kind: number(&span["kind"]),
        attributes: attributes(span),
        links: children(span, "links")
            .map(|link| (text(&link["traceId"]), text(&link["spanId"])))
            .collect(),
        is_error: number(&span["status"]["code"]) == 2,
        start: u128::from(number(&span["startTimeUnixNano"])),
        end: u128::from(number(&span["endTimeUnixNano"])),
    }
}

/// The attributes of a span, a point or a resource, each as the one value that it holds.
pub(crate) fn attributes(of: &Value) -> BTreeMap<String, Value> {
    let value = |attribute: &Value| {
        attribute["value"]
            .as_object()
            .and_then(|one| one.values().next().cloned())
    };
    children(of, "attributes")
        .filter_map(|attribute| Some((text(&attribute["key"]), value(attribute)?)))
        .collect()
}

fn children<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of[name].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// 64-bit integers are strings in OTLP/JSON, smaller ones numbers.
fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_default()
}
