//! The value of a metric.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The value of a metric. What JSON has no number for is a string: `NaN`, `Infinity`, `-Infinity`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MetricValue(pub f64);

impl Serialize for MetricValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("NaN"),
            value if value > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for MetricValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl Visitor<'_> for ValueVisitor {
            type Value = MetricValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a string that stands for one")
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<MetricValue, E> {
                Ok(MetricValue(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<MetricValue, E> {
                Ok(MetricValue(value as f64))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<MetricValue, E> {
                Ok(MetricValue(value as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MetricValue, E> {
                match text {
                    "NaN" => Ok(MetricValue(f64::NAN)),
                    "Infinity" => Ok(MetricValue(f64::INFINITY)),
                    "-Infinity" => Ok(MetricValue(f64::NEG_INFINITY)),
                    text => text
                        .parse()
                        .map(MetricValue)
                        .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}
