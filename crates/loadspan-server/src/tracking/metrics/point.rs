//! A point of a metric, in its two orders.

use std::cmp::Ordering;

use loadspan_wire::mlflow::MetricValue;
use loadspan_wire::mlflow::runs::Metric;

use crate::database::{Row, Value};
use crate::error::ApiError;

/// A point as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) timestamp: i64,
    pub(super) step: i64,
    /// 0 if it is no number: databases differ in what they do with those.
    pub(super) value: f64,
    pub(super) is_nan: bool,
}

impl Point {
    pub(super) fn of(metric: &Metric) -> Self {
        let MetricValue(value) = metric.value;
        Self {
            timestamp: metric.timestamp,
            step: metric.step,
            value: if value.is_nan() { 0.0 } else { value },
            is_nan: value.is_nan(),
        }
    }

    /// Before every point of a time.
    pub(super) fn before_all(time_ms: i64) -> Self {
        Self {
            timestamp: time_ms,
            step: i64::MIN,
            value: f64::NEG_INFINITY,
            is_nan: false,
        }
    }

    /// From four columns: time stamp, step, value, and whether it is no number.
    pub(super) fn of_row(row: &Row, first: usize) -> Result<Self, ApiError> {
        Ok(Self {
            timestamp: row.int(first)?,
            step: row.int(first + 1)?,
            value: row.real(first + 2)?,
            is_nan: row.flag(first + 3)?,
        })
    }

    /// The same four.
    pub(super) fn values(&self) -> [Value<'static>; 4] {
        [
            self.timestamp.into(),
            self.step.into(),
            self.value.into(),
            self.is_nan.into(),
        ]
    }

    pub(super) fn metric(&self, key: &str) -> Metric {
        Metric {
            key: key.to_owned(),
            value: MetricValue(if self.is_nan { f64::NAN } else { self.value }),
            timestamp: self.timestamp,
            step: self.step,
        }
    }

    /// The order of histories: by time. Two points that are equal in it are the same point.
    pub(super) fn by_time(&self, other: &Self) -> Ordering {
        let places = (self.timestamp, self.step).cmp(&(other.timestamp, other.step));
        places.then_with(|| self.by_value(other))
    }

    /// The order in which the last point is the latest: by step.
    pub(super) fn by_step(&self, other: &Self) -> Ordering {
        let places = (self.step, self.timestamp).cmp(&(other.step, other.timestamp));
        places.then_with(|| self.by_value(other))
    }

    fn by_value(&self, other: &Self) -> Ordering {
        // Numbers all of them: the order is total, and that of the database, to which 0 and -0 are the same.
        let values = self.value.partial_cmp(&other.value).unwrap_or(Ordering::Equal);
        values.then(self.is_nan.cmp(&other.is_nan))
    }
}
