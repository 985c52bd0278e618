//! Values that the server and its GPUs give of themselves.

use std::collections::BTreeMap;

use loadspan_record::ObservedGauge;
use loadspan_wire::otlp::metrics::{Gauge, Metric, metric::Data, number_data_point::Value};
use loadspan_wire::otlp::{KeyValue, attribute};
use loadspan_wire::semconv::metrics::attribute::OVERFLOW;

use super::collection::{Collection, gauge_point};
use super::series::MAX_SERIES;

/// Which of a gauge's series a value is of.
type SeriesAttributes = Vec<(&'static str, String)>;

/// The gauges since the last export. A value that is not scraped again is not exported again: it would say that a server still
/// is as it was when it last answered.
#[derive(Debug, Default)]
pub(super) struct ScrapedGauges {
    gauges: BTreeMap<&'static str, ScrapedGauge>,
}

#[derive(Debug, Default)]
struct ScrapedGauge {
    unit: &'static str,
    description: &'static str,
    values: BTreeMap<SeriesAttributes, f64>,
    overflow: Option<f64>,
}

impl ScrapedGauges {
    /// A value that is no number or infinite is not exported.
    pub(super) fn record(&mut self, point: ObservedGauge) {
        if !point.value.is_finite() {
            return;
        }
        let gauge = self.gauges.entry(point.name).or_insert_with(|| ScrapedGauge {
            unit: point.unit,
            description: point.description,
            ..ScrapedGauge::default()
        });
        if gauge.values.len() < MAX_SERIES - 1 || gauge.values.contains_key(&point.attributes) {
            gauge.values.insert(point.attributes, point.value);
        } else {
            gauge.overflow = Some(point.value);
        }
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        let now = collection.times.now;
        for (name, gauge) in std::mem::take(&mut self.gauges) {
            let overflow = gauge.overflow.map(|value| (vec![attribute(OVERFLOW, true)], value));
            let values = gauge
                .values
                .into_iter()
                .map(|(attributes, value)| (encode(attributes), value));
            let data_points: Vec<_> = values
                .chain(overflow)
                .map(|(attributes, value)| gauge_point(attributes, now, Value::AsDouble(value)))
                .collect();
            let count = data_points.len();
            let metric = Metric {
                name: name.to_owned(),
                description: gauge.description.to_owned(),
                unit: gauge.unit.to_owned(),
                data: Some(Data::Gauge(Gauge { data_points })),
                ..Metric::default()
            };
            collection.push_scraped(metric, count);
        }
    }
}

fn encode(attributes: SeriesAttributes) -> Vec<KeyValue> {
    attributes
        .into_iter()
        .map(|(name, value)| attribute(name, value))
        .collect()
}
