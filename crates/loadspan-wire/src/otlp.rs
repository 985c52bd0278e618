//! OTLP: its messages, their encodings, and how attributes are made.

pub mod json;
pub mod response;
pub mod salvage;
pub mod split;
pub mod weight;

pub use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
pub use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
pub use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
pub use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
pub use opentelemetry_proto::tonic::resource::v1::Resource;
pub use opentelemetry_proto::tonic::{logs::v1 as logs, metrics::v1 as metrics, trace::v1 as trace};
pub use prost::{DecodeError, Message};

/// An attribute.
#[must_use]
pub fn attribute(key: impl Into<String>, value: impl Into<Value>) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue {
            value: Some(value.into().0),
        }),
        ..KeyValue::default()
    }
}

/// The value of an attribute, made from what Rust has.
#[derive(Debug, Clone, PartialEq)]
pub struct Value(any_value::Value);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(any_value::Value::StringValue(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(any_value::Value::StringValue(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(any_value::Value::BoolValue(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self(any_value::Value::IntValue(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self(any_value::Value::IntValue(i64::from(value)))
    }
}

impl From<u16> for Value {
    fn from(value: u16) -> Self {
        Self(any_value::Value::IntValue(i64::from(value)))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self(any_value::Value::DoubleValue(value))
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        let values = texts.into_iter().map(|text| AnyValue {
            value: Some(any_value::Value::StringValue(text)),
        });
        Self(any_value::Value::ArrayValue(ArrayValue {
            values: values.collect(),
        }))
    }
}
