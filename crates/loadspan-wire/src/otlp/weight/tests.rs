//! What was counted, against what decoded requests really take.

use prost::Message;

use super::super::metrics::exponential_histogram_data_point::Buckets;
use super::super::metrics::metric::Data;
use super::super::metrics::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric, ResourceMetrics,
    ScopeMetrics,
};
use super::super::trace::span::Event;
use super::super::trace::{ResourceSpans, ScopeSpans, Span};
use super::super::{
    AnyValue, ArrayValue, ExportMetricsServiceRequest, ExportTraceServiceRequest, KeyValue, any_value, attribute,
};
use super::*;

/// A field with a length.
fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut field);
    field.extend_from_slice(content);
    field
}

/// Bytes of an element of a list that has room for so many.
fn room<T>(list: &Vec<T>) -> usize {
    list.capacity() * size_of::<T>()
}

fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

#[test]
fn messages_of_two_bytes_weigh_what_they_take() {
    let events = vec![Event::default(); 10_000];
    let body = traces(vec![Span {
        events,
        ..Span::default()
    }])
    .encode_to_vec();
    let decoded = ExportTraceServiceRequest::decode(&body[..]).unwrap();
    let taken = room(&decoded.resource_spans[0].scope_spans[0].spans[0].events);
    let weight = of_traces(&body);
    assert!(weight >= taken && weight < 2 * taken, "{weight} for {taken}");
    // Each at a time, as list of its own.
    let spans = delimited(2, b"").repeat(10_000);
    let scopes = delimited(2, &delimited(2, b"")).repeat(10_000);
    let resources = delimited(1, b"").repeat(10_000);
    let resource = delimited(2, &spans);
    assert!(of_resource_spans(&resource) >= 10_000 * size_of::<Span>());
    assert!(of_resource_spans(&resource) < of_traces(&delimited(1, &resource)));
    for (body, least) in [
        (delimited(1, &delimited(2, &spans)), 10_000 * size_of::<Span>()),
        (
            delimited(1, &scopes),
            10_000 * (size_of::<ScopeSpans>() + 4 * size_of::<Span>()),
        ),
        (resources, 10_000 * size_of::<ResourceSpans>()),
    ] {
        assert!(ExportTraceServiceRequest::decode(&body[..]).is_ok());
        assert!(of_traces(&body) >= least, "{} for {least}", of_traces(&body));
    }
}

#[test]
fn ordinary_spans_weigh_a_few_times_their_size() {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "chat gpt".to_owned(),
        attributes: (0..6)
            .map(|number| attribute(format!("gen_ai.attribute.{number}"), "some value"))
            .collect(),
        ..Span::default()
    };
    let body = traces(vec![span; 512]).encode_to_vec();
    let weight = of_traces(&body);
    assert!(
        weight > 2 * body.len() && weight < 8 * body.len(),
        "{weight} of {}",
        body.len()
    );
}

#[test]
fn values_inside_values_are_counted() {
    let values = vec![AnyValue::default(); 1000];
    let list = any_value::Value::ArrayValue(ArrayValue { values });
    let attributes = vec![KeyValue {
        value: Some(AnyValue { value: Some(list) }),
        ..KeyValue::default()
    }];
    let body = traces(vec![Span {
        attributes,
        ..Span::default()
    }])
    .encode_to_vec();
    assert!(of_traces(&body) >= 1000 * size_of::<AnyValue>());
}

#[test]
fn packed_numbers_are_counted() {
    let exponential = ExponentialHistogramDataPoint {
        positive: Some(Buckets {
            bucket_counts: vec![0; 10_000],
            ..Buckets::default()
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    let plain = HistogramDataPoint {
        bucket_counts: vec![0; 10_000],
        ..HistogramDataPoint::default()
    };
    for data in [
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            ..ExponentialHistogram::default()
        }),
        Data::Histogram(Histogram {
            data_points: vec![plain],
            ..Histogram::default()
        }),
    ] {
        let metric = Metric {
            data: Some(data),
            ..Metric::default()
        };
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                scope_metrics: vec![ScopeMetrics {
                    metrics: vec![metric],
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        };
        assert!(of_metrics(&request.encode_to_vec()) >= 10_000 * size_of::<u64>());
    }
}

/// The decoder decodes a field that is longer than the message it is in, and only then says that it is.
#[test]
fn what_is_decoded_before_it_is_refused_is_counted() {
    let spans = delimited(2, &delimited(2, b"").repeat(10_000));
    // The message says to have three bytes, and begins with a field of 20,000.
    let mut body = vec![1 << 3 | 2, 3];
    body.extend_from_slice(&spans);
    assert!(ExportTraceServiceRequest::decode(&body[..]).is_err());
    assert!(of_traces(&body) >= 10_000 * size_of::<Span>());
}

#[test]
fn what_is_broken_weighs_something_and_ends() {
    let deep = (0..10_000).fold(Vec::new(), |inner, _| {
        let next = if inner.len() < 1 << 16 { inner } else { return inner };
        delimited(5, &delimited(1, &next))
    });
    for body in [
        b"garbage".to_vec(),
        vec![0; 1000],
        vec![0xff; 1000],
        vec![0x0a],
        vec![0x0b; 1000],
        delimited(1, &delimited(2, &delimited(2, &delimited(9, &delimited(2, &deep))))),
    ] {
        assert!(of_traces(&body) >= body.len());
        assert!(of_logs(&body) >= body.len());
    }
}
