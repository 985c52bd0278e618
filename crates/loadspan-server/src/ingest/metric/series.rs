//! Series: what the points of a metric with the same attributes have in common, stored once.

use std::collections::HashMap;

use loadspan_wire::otlp::metrics::Metric;
use loadspan_wire::otlp::metrics::metric::Data;
use loadspan_wire::otlp::{KeyValue, Message};

use super::super::attribute::{cut, object};
use super::super::lookup::Lookup;
use super::super::shared::{Digest, digest};
use crate::database::{Connection, DatabaseError, Insert, Value};

const COLUMNS: usize = 9;
/// More is nobody's name of a metric.
const NAME_CHARACTERS: usize = 500;

/// Where a metric comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Places in the request's pools.
    pub(super) resource: usize,
    pub(super) scope: usize,
    pub(super) service: Option<&'a str>,
}

/// A metric without its points.
#[derive(Debug)]
pub(super) struct Described<'a> {
    digest: Digest,
    name: String,
    unit: &'a str,
    kind: &'static str,
    place: Place<'a>,
    content: Vec<u8>,
}

/// What is described in other words is the same series: the description and the metadata are not part of what tells series apart.
pub(super) fn describe<'a>(metric: &'a Metric, place: Place<'a>, shared: [&Digest; 2]) -> Described<'a> {
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
    Described {
        digest: digest(&parts),
        name: cut(&metric.name, NAME_CHARACTERS).to_owned(),
        unit: &metric.unit,
        kind,
        place,
        content: metric.encode_to_vec(),
    }
}

/// The series of a request, each once.
#[derive(Debug, Default)]
pub(super) struct SeriesPool {
    series: Vec<Series>,
    places: HashMap<Digest, usize>,
}

/// A row of `otlp_series`.
#[derive(Debug)]
struct Series {
    digest: Digest,
    name: String,
    unit: String,
    kind: &'static str,
    service: Option<String>,
    attributes: String,
    resource: usize,
    scope: usize,
    content: Vec<u8>,
}

impl SeriesPool {
    /// The place of the series of a metric that has these attributes, in whatever order.
    pub(super) fn place(&mut self, metric: &Described<'_>, attributes: &[KeyValue]) -> usize {
        let mut encoded: Vec<_> = attributes.iter().map(Message::encode_to_vec).collect();
        encoded.sort_unstable();
        let parts: Vec<_> = std::iter::once(&metric.digest[..])
            .chain(encoded.iter().map(Vec::as_slice))
            .collect();
        let digest = digest(&parts);
        *self.places.entry(digest).or_insert_with(|| {
            self.series.push(Series {
                digest,
                name: metric.name.clone(),
                unit: metric.unit.to_owned(),
                kind: metric.kind,
                service: metric.place.service.map(str::to_owned),
                attributes: object(attributes).to_string(),
                resource: metric.place.resource,
                scope: metric.place.scope,
                content: metric.content.clone(),
            });
            self.series.len() - 1
        })
    }

    /// The keys of all of them, by place; those that are new are stored.
    pub(super) fn keys(
        &self,
        connection: &mut dyn Connection,
        resources: &[i64],
        scopes: &[i64],
    ) -> Result<Vec<i64>, DatabaseError> {
        let known = self.known(connection)?;
        if let Some(keys) = self.in_order(&known) {
            return Ok(keys);
        }
        let mut new: Vec<_> = self
            .series
            .iter()
            .filter(|series| !known.contains_key(&series.digest))
            .collect();
        // In one order for all writers, so that they do not wait for each other in a circle.
        new.sort_unstable_by_key(|series| series.digest);
        let insert = Insert {
            into: "otlp_series (digest, name, unit, kind, service, attributes, resource_key, scope_key, content)",
            columns: COLUMNS,
            otherwise: "ON CONFLICT (digest) DO NOTHING",
        };
        for chunk in new.chunks(256) {
            let values = chunk.iter().flat_map(|series| series.values(resources, scopes));
            connection.insert(&insert, &values.collect::<Vec<_>>())?;
        }
        let known = self.known(connection)?;
        self.in_order(&known)
            .ok_or_else(|| DatabaseError::Transient("a series went away while it was looked for".to_owned()))
    }

    fn known(&self, connection: &mut dyn Connection) -> Result<HashMap<Digest, i64>, DatabaseError> {
        let digests: Vec<_> = self.series.iter().map(|series| Value::Blob(&series.digest)).collect();
        let lookup = Lookup::new("SELECT digest, series_key FROM otlp_series WHERE digest IN");
        let mut known = HashMap::with_capacity(digests.len());
        lookup.rows(connection, &digests, |row| {
            if let Ok(digest) = Digest::try_from(row.blob(0)?) {
                known.insert(digest, row.int(1)?);
            }
            Ok(())
        })?;
        Ok(known)
    }

    fn in_order(&self, known: &HashMap<Digest, i64>) -> Option<Vec<i64>> {
        self.series
            .iter()
            .map(|series| known.get(&series.digest).copied())
            .collect()
    }
}

impl Series {
    fn values(&self, resources: &[i64], scopes: &[i64]) -> [Value<'_>; COLUMNS] {
        [
            Value::Blob(&self.digest),
            (&self.name).into(),
            (&self.unit).into(),
            self.kind.into(),
            (&self.service).into(),
            (&self.attributes).into(),
            resources[self.resource].into(),
            scopes[self.scope].into(),
            (&self.content).into(),
        ]
    }
}
