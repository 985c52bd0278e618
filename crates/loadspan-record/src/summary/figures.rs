//! Figures by their tags.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::distribution::to_seven_digits;
use crate::{Distribution, Metric, RunMetric, Unit};

/// The figures of a run, or of a part of it. In files an object with one entry per tag; figures that do not exist are left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    distributions: Vec<(Metric, Distribution)>,
    scalars: Vec<(RunMetric, f64)>,
}

/// One number with its unit: a scalar's entry in files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The unit of `value`.
    pub unit: Unit,
    /// The number.
    pub value: f64,
}

impl Figures {
    /// The statistics of a metric. `None` when no request has a value.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<&Distribution> {
        self.distributions
            .iter()
            .find_map(|(other, distribution)| (*other == metric).then_some(distribution))
    }

    /// The value of a run's metric. `None` when it is not defined for this run.
    #[must_use]
    pub fn scalar(&self, metric: RunMetric) -> Option<f64> {
        self.scalars
            .iter()
            .find_map(|(other, value)| (*other == metric).then_some(*value))
    }

    /// Every distribution, in the order of reports.
    pub fn distributions(&self) -> impl Iterator<Item = (Metric, &Distribution)> {
        self.distributions
            .iter()
            .map(|(metric, distribution)| (*metric, distribution))
    }

    /// Every scalar, in the order of reports.
    pub fn scalars(&self) -> impl Iterator<Item = (RunMetric, f64)> {
        self.scalars.iter().copied()
    }

    pub(crate) fn add(&mut self, metric: Metric, distribution: Option<Distribution>) {
        self.distributions
            .extend(distribution.map(|distribution| (metric, distribution)));
    }

    pub(crate) fn add_scalar(&mut self, metric: RunMetric, value: Option<f64>) {
        self.scalars.extend(
            value
                .filter(|value| value.is_finite())
                .map(|value| (metric, to_seven_digits(value))),
        );
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.distributions.len() + self.scalars.len()))?;
        for (metric, distribution) in &self.distributions {
            map.serialize_entry(metric.tag(), distribution)?;
        }
        for (metric, value) in &self.scalars {
            map.serialize_entry(
                metric.tag(),
                &Figure {
                    unit: metric.unit(),
                    value: *value,
                },
            )?;
        }
        map.end()
    }
}

/// Tags that this version does not know are skipped: a newer one may have written them.
impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagVisitor;

        impl<'de> Visitor<'de> for TagVisitor {
            type Value = Figures;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one entry per metric")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Figures, A::Error> {
                let mut figures = Figures::default();
                while let Some(tag) = map.next_key::<String>()? {
                    if let Some(metric) = Metric::from_tag(&tag) {
                        figures.distributions.push((metric, map.next_value()?));
                    } else if let Some(metric) = RunMetric::from_tag(&tag) {
                        figures.scalars.push((metric, map.next_value::<Figure>()?.value));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(figures)
            }
        }

        deserializer.deserialize_map(TagVisitor)
    }
}
