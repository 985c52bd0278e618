//! The messages of OTLP, as far as their weight is concerned: which fields are lists, and what an element of each takes.
//!
//! A message that is there once is part of the one that it is in, and takes nothing beyond it. Fields that are not named are single
//! numbers or texts.

use opentelemetry_proto::tonic::common::v1::EntityRef;

use super::super::logs::{LogRecord, ResourceLogs, ScopeLogs};
use super::super::metrics::summary_data_point::ValueAtQuantile;
use super::super::metrics::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, SummaryDataPoint,
};
use super::super::trace::span::{Event, Link};
use super::super::trace::{ResourceSpans, ScopeSpans, Span};
use super::super::{AnyValue, KeyValue};

/// A message.
pub(super) struct Shape(&'static [Field]);

/// A field that takes memory of its own, or has fields that do.
pub(super) struct Field {
    pub(super) number: u64,
    /// What an element of a list takes in it. 0: it is no list.
    pub(super) bytes: usize,
    pub(super) content: Content,
}

pub(super) enum Content {
    Message(&'static Shape),
    Text,
    /// Numbers one after the other, of so many bytes at least.
    Numbers {
        shortest: usize,
    },
}

impl Shape {
    pub(super) fn field(&self, number: u64) -> Option<&Field> {
        self.0.iter().find(|field| field.number == number)
    }
}

impl Field {
    const fn list<T>(number: u64, shape: &'static Shape) -> Self {
        Self {
            number,
            bytes: size_of::<T>(),
            content: Content::Message(shape),
        }
    }

    const fn one(number: u64, shape: &'static Shape) -> Self {
        Self {
            number,
            bytes: 0,
            content: Content::Message(shape),
        }
    }

    const fn texts(number: u64) -> Self {
        Self {
            number,
            bytes: size_of::<String>(),
            content: Content::Text,
        }
    }

    /// Numbers of 64 bits, in a list that doubles when it is full.
    const fn numbers(number: u64, shortest: usize) -> Self {
        Self {
            number,
            bytes: 2 * size_of::<u64>(),
            content: Content::Numbers { shortest },
        }
    }
}

pub(super) static TRACES: Shape = Shape(&[Field::list::<ResourceSpans>(1, &RESOURCE_SPANS)]);
pub(super) static METRICS: Shape = Shape(&[Field::list::<ResourceMetrics>(1, &RESOURCE_METRICS)]);
pub(super) static LOGS: Shape = Shape(&[Field::list::<ResourceLogs>(1, &RESOURCE_LOGS)]);

pub(super) static RESOURCE_SPANS: Shape =
    Shape(&[Field::one(1, &RESOURCE), Field::list::<ScopeSpans>(2, &SCOPE_SPANS)]);
static SCOPE_SPANS: Shape = Shape(&[Field::one(1, &SCOPE), Field::list::<Span>(2, &SPAN)]);
pub(super) static SPAN: Shape = Shape(&[
    Field::list::<KeyValue>(9, &KEY_VALUE),
    Field::list::<Event>(11, &EVENT),
    Field::list::<Link>(13, &LINK),
    Field::one(15, &PLAIN),
]);
static EVENT: Shape = Shape(&[Field::list::<KeyValue>(3, &KEY_VALUE)]);
static LINK: Shape = Shape(&[Field::list::<KeyValue>(4, &KEY_VALUE)]);

static RESOURCE_LOGS: Shape = Shape(&[Field::one(1, &RESOURCE), Field::list::<ScopeLogs>(2, &SCOPE_LOGS)]);
static SCOPE_LOGS: Shape = Shape(&[Field::one(1, &SCOPE), Field::list::<LogRecord>(2, &LOG_RECORD)]);
pub(super) static LOG_RECORD: Shape = Shape(&[Field::one(5, &ANY_VALUE), Field::list::<KeyValue>(6, &KEY_VALUE)]);

static RESOURCE_METRICS: Shape = Shape(&[Field::one(1, &RESOURCE), Field::list::<ScopeMetrics>(2, &SCOPE_METRICS)]);
static SCOPE_METRICS: Shape = Shape(&[Field::one(1, &SCOPE), Field::list::<Metric>(2, &METRIC)]);
static METRIC: Shape = Shape(&[
    Field::one(5, &NUMBER_POINTS),
    Field::one(7, &NUMBER_POINTS),
    Field::one(9, &HISTOGRAM_POINTS),
    Field::one(10, &EXPONENTIAL_POINTS),
    Field::one(11, &SUMMARY_POINTS),
    Field::list::<KeyValue>(12, &KEY_VALUE),
]);
static NUMBER_POINTS: Shape = Shape(&[Field::list::<NumberDataPoint>(1, &NUMBER_POINT)]);
static HISTOGRAM_POINTS: Shape = Shape(&[Field::list::<HistogramDataPoint>(1, &HISTOGRAM_POINT)]);
static EXPONENTIAL_POINTS: Shape = Shape(&[Field::list::<ExponentialHistogramDataPoint>(1, &EXPONENTIAL_POINT)]);
static SUMMARY_POINTS: Shape = Shape(&[Field::list::<SummaryDataPoint>(1, &SUMMARY_POINT)]);
static NUMBER_POINT: Shape = Shape(&[
    Field::list::<Exemplar>(5, &EXEMPLAR),
    Field::list::<KeyValue>(7, &KEY_VALUE),
]);
static HISTOGRAM_POINT: Shape = Shape(&[
    Field::numbers(6, 8),
    Field::numbers(7, 8),
    Field::list::<Exemplar>(8, &EXEMPLAR),
    Field::list::<KeyValue>(9, &KEY_VALUE),
]);
static EXPONENTIAL_POINT: Shape = Shape(&[
    Field::list::<KeyValue>(1, &KEY_VALUE),
    Field::one(8, &BUCKETS),
    Field::one(9, &BUCKETS),
    Field::list::<Exemplar>(11, &EXEMPLAR),
]);
static BUCKETS: Shape = Shape(&[Field::numbers(2, 1)]);
static SUMMARY_POINT: Shape = Shape(&[
    Field::list::<ValueAtQuantile>(6, &PLAIN),
    Field::list::<KeyValue>(7, &KEY_VALUE),
]);
static EXEMPLAR: Shape = Shape(&[Field::list::<KeyValue>(7, &KEY_VALUE)]);

static RESOURCE: Shape = Shape(&[
    Field::list::<KeyValue>(1, &KEY_VALUE),
    Field::list::<EntityRef>(3, &ENTITY),
]);
static ENTITY: Shape = Shape(&[Field::texts(3), Field::texts(4)]);
static SCOPE: Shape = Shape(&[Field::list::<KeyValue>(3, &KEY_VALUE)]);
static KEY_VALUE: Shape = Shape(&[Field::one(2, &ANY_VALUE)]);
static ANY_VALUE: Shape = Shape(&[Field::one(5, &ARRAY), Field::one(6, &KEY_VALUES)]);
static ARRAY: Shape = Shape(&[Field::list::<AnyValue>(1, &ANY_VALUE)]);
static KEY_VALUES: Shape = Shape(&[Field::list::<KeyValue>(1, &KEY_VALUE)]);
/// Single numbers and texts only.
static PLAIN: Shape = Shape(&[]);
