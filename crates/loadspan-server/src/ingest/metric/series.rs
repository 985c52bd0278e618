//! Metrics without their points, and their series: the points with the same attributes. Each is stored once.

use std::collections::HashMap;

use loadspan_wire::otlp::metrics::Metric;
use loadspan_wire::otlp::metrics::metric::Data;
use loadspan_wire::otlp::{KeyValue, Message};

use super::super::attribute::{cut, object};
use super::super::once::{Digest, Once, Table, digest};
use crate::database::{Connection, DatabaseError, Value};

/// More is nobody's name of a metric, or of a service, or a unit.
const NAME_CHARACTERS: usize = 500;

const METRICS: Table = Table {
    select: "SELECT digest, otlp_metric_key, seen_day FROM otlp_metrics WHERE digest IN",
    into: "otlp_metrics (digest, name, unit, kind, service, resource_key, scope_key, content, seen_day)",
    columns: 9,
    see: "UPDATE otlp_metrics SET seen_day = $1 WHERE otlp_metric_key IN",
};
const SERIES: Table = Table {
    select: "SELECT digest, series_key, seen_day FROM otlp_series WHERE digest IN",
    into: "otlp_series (digest, otlp_metric_key, attributes, seen_day)",
    columns: 4,
    see: "UPDATE otlp_series SET seen_day = $1 WHERE series_key IN",
};

/// Where a metric comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// Places in the request's pools.
    pub(super) resource: usize,
    pub(super) scope: usize,
    pub(super) service: Option<&'a str>,
}

/// A row of `otlp_metrics`.
#[derive(Debug)]
struct Described {
    digest: Digest,
    name: String,
    unit: String,
    kind: &'static str,
    service: Option<String>,
    resource: usize,
    scope: usize,
    content: Vec<u8>,
}

/// A row of `otlp_series`.
#[derive(Debug)]
struct Series {
    digest: Digest,
    /// Its place among the metrics.
    metric: usize,
    attributes: String,
}

impl Described {
    /// What is described in other words is the same metric: the description and the metadata are not part of what tells metrics apart.
    fn of(metric: &Metric, origin: Origin<'_>, shared: [&Digest; 2]) -> Self {
        let (kind, temporality, monotonic) = match &metric.data {
            None => ("", 0, false),
            Some(Data::Gauge(_)) => ("gauge", 0, false),
            Some(Data::Sum(data)) => ("sum", data.aggregation_temporality, data.is_monotonic),
            Some(Data::Histogram(data)) => ("histogram", data.aggregation_temporality, false),
            Some(Data::ExponentialHistogram(data)) => ("exponential_histogram", data.aggregation_temporality, false),
            Some(Data::Summary(_)) => ("summary", 0, false),
        };
        let parts = [
            &shared[0][..],
            &shared[1][..],
            metric.name.as_bytes(),
            metric.unit.as_bytes(),
            kind.as_bytes(),
            &temporality.to_le_bytes(),
            &[u8::from(monotonic)],
        ];
        let short = |text: &str| cut(text, NAME_CHARACTERS).to_owned();
        Self {
            digest: digest(&parts),
            name: short(&metric.name),
            unit: short(&metric.unit),
            kind,
            service: origin.service.map(short),
            resource: origin.resource,
            scope: origin.scope,
            content: metric.encode_to_vec(),
        }
    }
}

/// The metrics and series of a request, each once.
#[derive(Debug, Default)]
pub(super) struct SeriesPool {
    metrics: Vec<Described>,
    metric_places: HashMap<Digest, usize>,
    series: Vec<Series>,
    series_places: HashMap<Digest, usize>,
}

impl SeriesPool {
    /// The place of a metric, of which the points were taken out. `shared` are the digests of resource and scope.
    pub(super) fn metric(&mut self, metric: &Metric, origin: Origin<'_>, shared: [&Digest; 2]) -> usize {
        let described = Described::of(metric, origin, shared);
        *self.metric_places.entry(described.digest).or_insert_with(|| {
            self.metrics.push(described);
            self.metrics.len() - 1
        })
    }

    /// The place of the series of a metric that has these attributes, in whatever order.
    pub(super) fn series(&mut self, metric: usize, attributes: &[KeyValue]) -> usize {
        let mut encoded: Vec<_> = attributes.iter().map(Message::encode_to_vec).collect();
        encoded.sort_unstable();
        let parts: Vec<_> = std::iter::once(&self.metrics[metric].digest[..])
            .chain(encoded.iter().map(Vec::as_slice))
            .collect();
        let digest = digest(&parts);
        *self.series_places.entry(digest).or_insert_with(|| {
            self.series.push(Series {
                digest,
                metric,
                attributes: object(attributes).to_string(),
            });
            self.series.len() - 1
        })
    }

    /// Bytes that it keeps, roughly.
    pub(super) fn bytes(&self) -> usize {
        let metrics = self.metrics.iter();
        let metrics = metrics.map(|metric| 2 * size_of::<Described>() + metric.content.len());
        let series = self.series.iter();
        let series = series.map(|series| 2 * size_of::<Series>() + series.attributes.len());
        metrics.sum::<usize>() + series.sum::<usize>()
    }

    /// The keys of all series, by place; what is new is stored.
    pub(super) fn keys(
        &self,
        connection: &mut dyn Connection,
        resources: &[i64],
        scopes: &[i64],
    ) -> Result<Vec<i64>, DatabaseError> {
        let metrics = METRICS.keys(connection, &self.metrics, |row, metric| {
            row.extend([
                Value::Blob(&metric.digest),
                (&metric.name).into(),
                (&metric.unit).into(),
                metric.kind.into(),
                (&metric.service).into(),
                resources[metric.resource].into(),
                scopes[metric.scope].into(),
                (&metric.content).into(),
            ]);
        })?;
        SERIES.keys(connection, &self.series, |row, series| {
            row.extend([
                Value::Blob(&series.digest),
                metrics[series.metric].into(),
                (&series.attributes).into(),
            ]);
        })
    }
}

impl Once for Described {
    fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Once for Series {
    fn digest(&self) -> &Digest {
        &self.digest
    }
}
