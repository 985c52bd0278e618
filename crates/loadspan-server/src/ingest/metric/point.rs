//! Points of all kinds of metrics, each as it came and with what can be asked for.

use loadspan_wire::otlp::metrics::metric::Data;
use loadspan_wire::otlp::metrics::number_data_point::Value;
use loadspan_wire::otlp::metrics::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
};
use loadspan_wire::otlp::{KeyValue, Message};

use super::super::refusal::Reason;

/// A row of `otlp_points`.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) time_ns: i64,
    /// A number, or the sum of what was observed. `None`: there is none, or it is no number.
    pub(super) value: Option<f64>,
    pub(super) count: Option<i64>,
    pub(super) content: Vec<u8>,
}

/// A point, or why there is none, with the attributes that tell its series.
pub(super) type Taken = (Vec<KeyValue>, Result<Point, Reason>);

/// Takes all points out of a metric, which is then the description of its series.
pub(super) fn take(metric: &mut Metric) -> Vec<Taken> {
    match &mut metric.data {
        None => Vec::new(),
        Some(Data::Gauge(data)) => all(&mut data.data_points),
        Some(Data::Sum(data)) => all(&mut data.data_points),
        Some(Data::Histogram(data)) => all(&mut data.data_points),
        Some(Data::ExponentialHistogram(data)) => all(&mut data.data_points),
        Some(Data::Summary(data)) => all(&mut data.data_points),
    }
}

/// How many points a metric has.
pub(super) fn count(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
    }
}

fn all<P: AnyPoint>(points: &mut Vec<P>) -> Vec<Taken> {
    std::mem::take(points).into_iter().map(take_one).collect()
}

fn take_one<P: AnyPoint>(point: P) -> Taken {
    let told = i64::try_from(point.time()).map_err(|_| Reason::from("a time is out of range"));
    let row = told.map(|time_ns| Point {
        time_ns,
        value: point.value().filter(|value| !value.is_nan()),
        count: point.count().map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
        content: point.encode_to_vec(),
    });
    (point.into_attributes(), row)
}

trait AnyPoint: Message {
    fn time(&self) -> u64;
    fn value(&self) -> Option<f64>;
    fn count(&self) -> Option<u64>;
    fn into_attributes(self) -> Vec<KeyValue>;
}

impl AnyPoint for NumberDataPoint {
    fn time(&self) -> u64 {
        self.time_unix_nano
    }

    fn value(&self) -> Option<f64> {
        self.value.as_ref().map(|value| match *value {
            Value::AsDouble(value) => value,
            #[expect(clippy::cast_precision_loss, reason = "the whole number is in the content")]
            Value::AsInt(value) => value as f64,
        })
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn into_attributes(self) -> Vec<KeyValue> {
        self.attributes
    }
}

/// Those that count and add up what was observed.
macro_rules! observed {
    ($($kind:ty: $sum:expr;)*) => {$(
        impl AnyPoint for $kind {
            fn time(&self) -> u64 {
                self.time_unix_nano
            }

            fn value(&self) -> Option<f64> {
                $sum(self)
            }

            fn count(&self) -> Option<u64> {
                Some(self.count)
            }

            fn into_attributes(self) -> Vec<KeyValue> {
                self.attributes
            }
        }
    )*};
}

observed! {
    HistogramDataPoint: |point: &Self| point.sum;
    ExponentialHistogramDataPoint: |point: &Self| point.sum;
    SummaryDataPoint: |point: &Self| Some(point.sum);
}
