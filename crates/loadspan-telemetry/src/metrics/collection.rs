//! One export in the making: points, gathered from the instruments.

use loadspan_wire::otlp::metrics::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
    number_data_point::Value,
};
use loadspan_wire::otlp::{ExportMetricsServiceRequest, InstrumentationScope, KeyValue, Resource};
use loadspan_wire::semconv::metrics::{Instrument, InstrumentKind, Vocabulary};

use super::attributes::Attributes;
use super::histogram::{BucketCounts, HistogramState};
use crate::config::Temporality;

/// An export in the making.
#[derive(Debug)]
pub(super) struct Collection<'a> {
    pub(super) attributes: &'a Attributes,
    pub(super) times: Times,
    pub(super) temporality: Temporality,
    scopes: Vec<ScopeMetrics>,
    points: u64,
}

/// The points in time of an export, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Start of the run.
    pub(super) start: u64,
    /// The export before, or the start of the run.
    pub(super) previous: u64,
    /// This export.
    pub(super) now: u64,
}

/// From when to when the values of a point are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: u64,
    to: u64,
}

/// What a histogram's series has to say.
#[derive(Debug)]
pub(super) struct HistogramPoint {
    pub(super) attributes: Vec<KeyValue>,
    pub(super) span: Span,
    pub(super) state: HistogramState,
    pub(super) exemplars: Vec<Exemplar>,
}

impl<'a> Collection<'a> {
    pub(super) const fn new(attributes: &'a Attributes, times: Times, temporality: Temporality) -> Self {
        Self {
            attributes,
            times,
            temporality,
            scopes: Vec::new(),
            points: 0,
        }
    }

    /// Whether points say everything since the start of the run.
    pub(super) const fn is_cumulative(&self) -> bool {
        matches!(self.temporality, Temporality::Cumulative)
    }

    /// What points of counters and histograms cover.
    pub(super) const fn span(&self) -> Span {
        let from = if self.is_cumulative() {
            self.times.start
        } else {
            self.times.previous
        };
        Span {
            from,
            to: self.times.now,
        }
    }

    /// The time since the start of the run.
    pub(super) const fn span_of_run(&self) -> Span {
        Span {
            from: self.times.start,
            to: self.times.now,
        }
    }

    /// What the point at zero of a new series covers: all up to the export before, when it did not exist. `None` where points
    /// do not build on one another, or there was no time in between.
    pub(super) fn span_before(&self) -> Option<Span> {
        let Times { start, previous, now } = self.times;
        (self.is_cumulative() && previous < now).then_some(Span {
            from: start,
            to: previous,
        })
    }

    pub(super) fn push_counter(&mut self, instrument: &Instrument, points: Vec<NumberDataPoint>) {
        let temporality = self.wire_temporality();
        self.push_sum(instrument, points, temporality);
    }

    /// Up-down counters are cumulative whatever else is not.
    pub(super) fn push_up_down_counter(&mut self, instrument: &Instrument, point: NumberDataPoint) {
        self.push_sum(instrument, vec![point], AggregationTemporality::Cumulative);
    }

    pub(super) fn push_gauge(&mut self, instrument: &Instrument, points: Vec<NumberDataPoint>) {
        let count = points.len();
        let metric = named(instrument, Data::Gauge(Gauge { data_points: points }));
        self.push(instrument.vocabulary, metric, count);
    }

    /// A gauge that is not in the table.
    pub(super) fn push_scraped(&mut self, metric: Metric, points: usize) {
        self.push(Vocabulary::Loadspan, metric, points);
    }

    pub(super) fn push_histogram(&mut self, instrument: &Instrument, points: &[HistogramPoint]) {
        let temporality = self.wire_temporality().into();
        let is_exponential = points
            .iter()
            .any(|point| matches!(point.state.buckets, BucketCounts::Exponential { .. }));
        let data = if is_exponential {
            Data::ExponentialHistogram(ExponentialHistogram {
                data_points: points.iter().filter_map(HistogramPoint::exponential).collect(),
                aggregation_temporality: temporality,
            })
        } else {
            Data::Histogram(Histogram {
                data_points: points.iter().filter_map(HistogramPoint::explicit).collect(),
                aggregation_temporality: temporality,
            })
        };
        self.push(instrument.vocabulary, named(instrument, data), points.len());
    }

    /// The request, and how many points it holds. `None` when there are none.
    pub(super) fn finish(self, resource: Resource, version: &str) -> Option<(ExportMetricsServiceRequest, u64)> {
        if self.points == 0 {
            return None;
        }
        let mut scopes = self.scopes;
        for scope in &mut scopes {
            scope.scope = Some(InstrumentationScope {
                name: "loadspan".to_owned(),
                version: version.to_owned(),
                ..InstrumentationScope::default()
            });
        }
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(resource),
                scope_metrics: scopes,
                schema_url: Vocabulary::Loadspan.schema_url().to_owned(),
            }],
        };
        Some((request, self.points))
    }

    fn push_sum(&mut self, instrument: &Instrument, points: Vec<NumberDataPoint>, temporality: AggregationTemporality) {
        let count = points.len();
        let sum = Sum {
            data_points: points,
            aggregation_temporality: temporality.into(),
            is_monotonic: instrument.kind == InstrumentKind::Counter,
        };
        self.push(instrument.vocabulary, named(instrument, Data::Sum(sum)), count);
    }

    /// Adds a metric to the scope of its schema: a scope has one.
    fn push(&mut self, vocabulary: Vocabulary, metric: Metric, points: usize) {
        if points == 0 {
            return;
        }
        self.points += points as u64;
        let schema_url = vocabulary.schema_url();
        match self.scopes.iter_mut().find(|scope| scope.schema_url == schema_url) {
            Some(scope) => scope.metrics.push(metric),
            None => self.scopes.push(ScopeMetrics {
                metrics: vec![metric],
                schema_url: schema_url.to_owned(),
                ..ScopeMetrics::default()
            }),
        }
    }

    const fn wire_temporality(&self) -> AggregationTemporality {
        if self.is_cumulative() {
            AggregationTemporality::Cumulative
        } else {
            AggregationTemporality::Delta
        }
    }
}

impl Span {
    /// A point of a counter.
    pub(super) fn count(self, attributes: Vec<KeyValue>, count: u64) -> NumberDataPoint {
        NumberDataPoint {
            attributes,
            start_time_unix_nano: self.from,
            time_unix_nano: self.to,
            value: Some(Value::AsInt(i64::try_from(count).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        }
    }
}

impl HistogramPoint {
    fn explicit(&self) -> Option<HistogramDataPoint> {
        let BucketCounts::Explicit { bounds, counts } = &self.state.buckets else {
            return None;
        };
        Some(HistogramDataPoint {
            attributes: self.attributes.clone(),
            start_time_unix_nano: self.span.from,
            time_unix_nano: self.span.to,
            count: self.state.count,
            sum: Some(self.state.sum),
            bucket_counts: counts.clone(),
            explicit_bounds: bounds.to_vec(),
            exemplars: self.exemplars.clone(),
            min: self.state.range.map(|(min, _)| min),
            max: self.state.range.map(|(_, max)| max),
            ..HistogramDataPoint::default()
        })
    }

    fn exponential(&self) -> Option<ExponentialHistogramDataPoint> {
        let BucketCounts::Exponential { scale, zeros, positive } = &self.state.buckets else {
            return None;
        };
        Some(ExponentialHistogramDataPoint {
            attributes: self.attributes.clone(),
            start_time_unix_nano: self.span.from,
            time_unix_nano: self.span.to,
            count: self.state.count,
            sum: Some(self.state.sum),
            scale: *scale,
            zero_count: *zeros,
            positive: Some(positive.clone()),
            exemplars: self.exemplars.clone(),
            min: self.state.range.map(|(min, _)| min),
            max: self.state.range.map(|(_, max)| max),
            ..ExponentialHistogramDataPoint::default()
        })
    }
}

/// The value of a gauge, now.
pub(super) fn gauge_point(attributes: Vec<KeyValue>, now: u64, value: Value) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        time_unix_nano: now,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

fn named(instrument: &Instrument, data: Data) -> Metric {
    Metric {
        name: instrument.name.to_owned(),
        description: instrument.description.to_owned(),
        unit: instrument.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}
