//! One encoded request made into two, for backends that take no large ones.

use super::metrics::metric::Data;
use super::metrics::{Metric, ResourceMetrics, ScopeMetrics};
use super::trace::{ResourceSpans, ScopeSpans};
use super::{DecodeError, ExportMetricsServiceRequest, ExportTraceServiceRequest, Message};

/// A part of a request that was split: a request of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// The encoded request.
    pub body: Vec<u8>,
    /// How many spans or data points it holds.
    pub items: u64,
}

/// An encoded `ExportTraceServiceRequest` as two of about half the spans each, resource and scope kept. `None` when it has less
/// than two spans.
///
/// # Errors
///
/// `request` is no such message.
pub fn traces(request: &[u8]) -> Result<Option<[Half; 2]>, DecodeError> {
    let request = ExportTraceServiceRequest::decode(request)?;
    let spans = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans)
        .map(|scope| scope.spans.len())
        .sum();
    Ok(halve(spans, |room| {
        let (first, second) = divide_all(request.resource_spans, room, divide_resource_spans);
        [first, second].map(|resource_spans| ExportTraceServiceRequest { resource_spans }.encode_to_vec())
    }))
}

/// As [`traces`], for an `ExportMetricsServiceRequest` and data points. A metric may come to lie in both halves.
///
/// # Errors
///
/// `request` is no such message.
pub fn metrics(request: &[u8]) -> Result<Option<[Half; 2]>, DecodeError> {
    let request = ExportMetricsServiceRequest::decode(request)?;
    let points = request
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics)
        .flat_map(|scope| &scope.metrics)
        .map(points)
        .sum();
    Ok(halve(points, |room| {
        let (first, second) = divide_all(request.resource_metrics, room, divide_resource_metrics);
        [first, second].map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics }.encode_to_vec())
    }))
}

fn halve(items: usize, divide: impl FnOnce(&mut usize) -> [Vec<u8>; 2]) -> Option<[Half; 2]> {
    if items < 2 {
        return None;
    }
    let first = items / 2;
    let mut room = first;
    let [first_body, second_body] = divide(&mut room);
    let half = |body, items| Half {
        body,
        items: items as u64,
    };
    Some([half(first_body, first), half(second_body, items - first)])
}

/// One thing as two; a part with nothing in it is `None`.
type Divided<T> = (Option<T>, Option<T>);

/// What has room goes into the first part, the rest into the second. `room` shrinks by what went into the first.
fn divide_all<T>(wholes: Vec<T>, room: &mut usize, divide: impl Fn(T, &mut usize) -> Divided<T>) -> (Vec<T>, Vec<T>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for whole in wholes {
        let (one, other) = divide(whole, room);
        first.extend(one);
        second.extend(other);
    }
    (first, second)
}

/// As [`divide_all`], for things that cannot be divided themselves.
fn divide_items<T>(mut items: Vec<T>, room: &mut usize) -> (Vec<T>, Vec<T>) {
    let rest = items.split_off(items.len().min(*room));
    *room -= items.len();
    (items, rest)
}

/// Puts what was divided back into what it lay in.
fn wrap<T, I>((first, second): (Vec<I>, Vec<I>), wrap: impl Fn(Vec<I>) -> T) -> Divided<T> {
    let some = |items: Vec<I>| (!items.is_empty()).then(|| wrap(items));
    (some(first), some(second))
}

fn divide_resource_spans(mut whole: ResourceSpans, room: &mut usize) -> Divided<ResourceSpans> {
    let parts = divide_all(std::mem::take(&mut whole.scope_spans), room, divide_scope_spans);
    wrap(parts, |scope_spans| ResourceSpans {
        scope_spans,
        ..whole.clone()
    })
}

fn divide_scope_spans(mut whole: ScopeSpans, room: &mut usize) -> Divided<ScopeSpans> {
    let parts = divide_items(std::mem::take(&mut whole.spans), room);
    wrap(parts, |spans| ScopeSpans { spans, ..whole.clone() })
}

fn divide_resource_metrics(mut whole: ResourceMetrics, room: &mut usize) -> Divided<ResourceMetrics> {
    let parts = divide_all(std::mem::take(&mut whole.scope_metrics), room, divide_scope_metrics);
    wrap(parts, |scope_metrics| ResourceMetrics {
        scope_metrics,
        ..whole.clone()
    })
}

fn divide_scope_metrics(mut whole: ScopeMetrics, room: &mut usize) -> Divided<ScopeMetrics> {
    let parts = divide_all(std::mem::take(&mut whole.metrics), room, divide_metric);
    wrap(parts, |metrics| ScopeMetrics {
        metrics,
        ..whole.clone()
    })
}

fn divide_metric(mut whole: Metric, room: &mut usize) -> Divided<Metric> {
    let (first, second) = match whole.data.take() {
        None => (None, None),
        Some(data) => divide_data(data, room),
    };
    let with = |data: Data| Metric {
        data: Some(data),
        ..whole.clone()
    };
    (first.map(with), second.map(with))
}

fn divide_data(data: Data, room: &mut usize) -> Divided<Data> {
    /// The points of each kind of metric are of their own type, and everything else about it is to be kept.
    macro_rules! divide {
        ($variant:ident, $metric:expr) => {{
            let mut metric = $metric;
            let parts = divide_items(std::mem::take(&mut metric.data_points), room);
            wrap(parts, |data_points| {
                let mut part = metric.clone();
                part.data_points = data_points;
                Data::$variant(part)
            })
        }};
    }
    match data {
        Data::Gauge(gauge) => divide!(Gauge, gauge),
        Data::Sum(sum) => divide!(Sum, sum),
        Data::Histogram(histogram) => divide!(Histogram, histogram),
        Data::ExponentialHistogram(histogram) => divide!(ExponentialHistogram, histogram),
        Data::Summary(summary) => divide!(Summary, summary),
    }
}

fn points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::{Gauge, Histogram, HistogramDataPoint, NumberDataPoint};
    use super::super::trace::Span;
    use super::super::{InstrumentationScope, Resource, attribute};
    use super::*;

    fn resource() -> Option<Resource> {
        Some(Resource {
            attributes: vec![attribute("service.name", "loadspan")],
            ..Resource::default()
        })
    }

    fn scope(spans: usize) -> ScopeSpans {
        ScopeSpans {
            scope: Some(InstrumentationScope {
                name: format!("scope of {spans}"),
                ..InstrumentationScope::default()
            }),
            spans: (0..spans)
                .map(|number| Span {
                    name: number.to_string(),
                    ..Span::default()
                })
                .collect(),
            schema_url: "schema".to_owned(),
        }
    }

    fn spans(scopes: &[usize]) -> Vec<u8> {
        let scope_spans = scopes.iter().map(|&spans| scope(spans)).collect();
        let resource_spans = vec![ResourceSpans {
            resource: resource(),
            scope_spans,
            ..ResourceSpans::default()
        }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    #[test]
    fn halves_keep_resource_and_scope_and_every_span_once() {
        let halves = traces(&spans(&[3, 2])).unwrap().unwrap();
        assert_eq!(halves.each_ref().map(|half| half.items), [2, 3]);
        let decoded = halves.map(|half| ExportTraceServiceRequest::decode(&half.body[..]).unwrap());
        let seen: Vec<_> = decoded
            .iter()
            .flat_map(|half| &half.resource_spans)
            .inspect(|whole| assert_eq!(whole.resource, resource()))
            .flat_map(|whole| &whole.scope_spans)
            .map(|scope| {
                let names: Vec<_> = scope.spans.iter().map(|span| span.name.as_str()).collect();
                (scope.scope.as_ref().unwrap().name.as_str(), names.join(","))
            })
            .collect();
        let expected = [("scope of 3", "0,1"), ("scope of 3", "2"), ("scope of 2", "0,1")];
        assert_eq!(seen, expected.map(|(scope, names)| (scope, names.to_owned())));
        assert!(
            decoded
                .iter()
                .all(|half| half.resource_spans[0].scope_spans[0].schema_url == "schema")
        );
    }

    #[test]
    fn one_item_cannot_be_split() {
        assert_eq!(traces(&spans(&[1])).unwrap(), None);
        assert_eq!(traces(&spans(&[0, 0])).unwrap(), None);
        assert_eq!(metrics(&[]).unwrap(), None);
    }

    #[test]
    fn a_metric_is_split_between_its_points() {
        let gauge = Metric {
            name: "gauge".to_owned(),
            data: Some(Data::Gauge(Gauge {
                data_points: vec![NumberDataPoint::default(); 3],
            })),
            ..Metric::default()
        };
        let histogram = Metric {
            name: "histogram".to_owned(),
            data: Some(Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint::default(); 5],
                aggregation_temporality: 2,
            })),
            ..Metric::default()
        };
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: resource(),
                scope_metrics: vec![ScopeMetrics {
                    metrics: vec![gauge, histogram],
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        };
        let halves = metrics(&request.encode_to_vec()).unwrap().unwrap();
        let seen = halves.map(|half| {
            let request = ExportMetricsServiceRequest::decode(&half.body[..]).unwrap();
            let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
            let counted = metrics.iter().map(|metric| (metric.name.clone(), points(metric)));
            (half.items, counted.collect::<Vec<_>>())
        });
        let named = |name: &str, points| (name.to_owned(), points);
        assert_eq!(
            seen,
            [
                (4, vec![named("gauge", 3), named("histogram", 1)]),
                (4, vec![named("histogram", 4)])
            ]
        );
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        assert!(traces(b"\xff\xff").is_err());
        assert!(metrics(b"\x0a\x05x").is_err());
    }
}
