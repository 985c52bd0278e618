//! Metrics: streams of points. A point that is sent again replaces itself.

mod point;
mod series;

use std::collections::BTreeMap;

use loadspan_wire::otlp::ExportMetricsServiceRequest;
use loadspan_wire::otlp::metrics::{Metric, ResourceMetrics};

use self::point::Point;
use self::series::{Origin, SeriesPool};
use super::attribute::find_text;
use super::refusal::Refusals;
use super::shared::{Kind, Pool};
use crate::database::{Connection, DatabaseError, Insert, Value};

/// Points of one statement.
const CHUNK: usize = 512;
const COLUMNS: usize = 5;
const INSERT: Insert<'_> = Insert {
    into: "otlp_points (series_key, time_ns, value, count, content)",
    columns: COLUMNS,
    otherwise: "ON CONFLICT (series_key, time_ns) DO UPDATE SET value = excluded.value, count = excluded.count, \
                content = excluded.content",
};

/// How many points a request has.
pub(super) fn points(request: &ExportMetricsServiceRequest) -> usize {
    request.resource_metrics.iter().map(points_of).sum()
}

/// How many points a resource has.
pub(crate) fn points_of(metrics: &ResourceMetrics) -> usize {
    let metrics = metrics.scope_metrics.iter().flat_map(|scope| &scope.metrics);
    metrics.map(point::count).sum()
}

/// The metrics of a request, ready to be stored.
#[derive(Debug, Default)]
pub(super) struct MetricBatch {
    resources: Pool,
    scopes: Pool,
    series: SeriesPool,
    /// By place of the series and time, each once.
    points: BTreeMap<(usize, i64), Point>,
    pub(super) refusals: Refusals,
}

impl MetricBatch {
    /// `most` is how many bytes a point may have.
    pub(super) fn prepare(request: ExportMetricsServiceRequest, most: usize) -> Self {
        let mut batch = Self::default();
        for metrics in request.resource_metrics {
            batch.add(metrics, most);
        }
        batch
    }

    fn add(&mut self, metrics: ResourceMetrics, most: usize) {
        let resource = self.resources.resource(metrics.resource.as_ref(), &metrics.schema_url);
        let attributes = metrics.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = find_text(&attributes, "service.name");
        for metrics in metrics.scope_metrics {
            let origin = Origin {
                resource,
                scope: self.scopes.scope(metrics.scope.as_ref(), &metrics.schema_url),
                service: service.as_deref(),
            };
            for metric in metrics.metrics {
                self.add_metric(metric, origin, most);
            }
        }
    }

    fn add_metric(&mut self, mut metric: Metric, origin: Origin<'_>, most: usize) {
        let points = point::take(&mut metric);
        let shared = [self.resources.digest(origin.resource), self.scopes.digest(origin.scope)];
        let metric = self.series.metric(&metric, origin, shared);
        for (attributes, point) in points {
            match point {
                Ok(point) if point.content.len() > most => {
                    self.refusals.add(format!("the point has more than {most} bytes"), 1);
                }
                Ok(point) => {
                    let series = self.series.series(metric, &attributes);
                    self.points.insert((series, point.time_ns), point);
                }
                Err(reason) => self.refusals.add(reason, 1),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Bytes that it keeps while it waits, roughly.
    pub(super) fn bytes(&self) -> usize {
        let points = self.points.values();
        let points = points.map(|point| 2 * size_of::<Point>() + point.content.len());
        points.sum::<usize>() + self.series.bytes() + self.resources.bytes() + self.scopes.bytes()
    }

    /// Stores all points.
    pub(super) fn store(&self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        let resources = self.resources.keys(connection, Kind::Resource)?;
        let scopes = self.scopes.keys(connection, Kind::Scope)?;
        let series = self.series.keys(connection, &resources, &scopes)?;
        let mut values = Vec::with_capacity(CHUNK * COLUMNS);
        for (&(place, time_ns), point) in &self.points {
            values.extend([
                series[place].into(),
                time_ns.into(),
                point.value.into(),
                point.count.into(),
                Value::Blob(&point.content),
            ]);
            if values.len() == CHUNK * COLUMNS {
                connection.insert(&INSERT, &values)?;
                values.clear();
            }
        }
        if values.is_empty() {
            return Ok(());
        }
        connection.insert(&INSERT, &values)
    }
}
