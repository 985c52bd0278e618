//! Histograms and counters with their series: what is recorded into, and what is exported of it.

use loadspan_wire::otlp::metrics::NumberDataPoint;
use loadspan_wire::semconv::metrics::Instrument;

use super::collection::{Collection, HistogramPoint};
use super::exemplar::{Exemplar, Origin};
use super::histogram::Histogram;
use super::series::{Series, SeriesKey, SeriesTable};
use crate::config::HistogramShape;

/// A histogram, under each of its names.
#[derive(Debug)]
pub(super) struct HistogramInstrument {
    names: Vec<&'static Instrument>,
    shape: HistogramShape,
    series: SeriesTable<Histogram>,
}

/// A value, so many times, and the request that it came from where that may be an exemplar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement<'a> {
    pub(super) value: f64,
    pub(super) times: u64,
    pub(super) origin: Option<&'a Origin>,
}

impl HistogramInstrument {
    /// The names must have the same bounds.
    pub(super) fn new(names: Vec<&'static Instrument>, shape: HistogramShape) -> Self {
        Self {
            names,
            shape,
            series: SeriesTable::new(),
        }
    }

    /// Records into one series as often as there are measurements.
    pub(super) fn record<'a>(&mut self, key: SeriesKey, measurements: impl IntoIterator<Item = Measurement<'a>>) {
        let mut measurements = measurements.into_iter().peekable();
        if self.names.is_empty() || measurements.peek().is_none() {
            return;
        }
        let (shape, bounds) = (self.shape, self.names[0].kind.bounds());
        let histogram = self.series.state(key, || Histogram::new(shape, bounds));
        for Measurement { value, times, origin } in measurements {
            histogram.record(value, times, origin);
        }
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        let mut points = Vec::new();
        for series in self.series.iter_mut() {
            add_histogram_points(series, collection, &mut points);
        }
        for name in &self.names {
            collection.push_histogram(name, &points);
        }
    }
}

fn add_histogram_points(series: &mut Series<Histogram>, collection: &Collection<'_>, points: &mut Vec<HistogramPoint>) {
    if series.state.count() == 0 {
        return;
    }
    let attributes = collection.attributes.of(series.key);
    let state = series.state.state();
    let before = collection.span_before().filter(|_| !series.is_exported);
    points.extend(before.map(|span| HistogramPoint {
        attributes: attributes.clone(),
        span,
        state: state.emptied(),
        exemplars: Vec::new(),
    }));
    let exemplars = series.state.take_exemplars();
    points.push(HistogramPoint {
        attributes,
        span: collection.span(),
        state,
        exemplars: exemplars.iter().map(Exemplar::encode).collect(),
    });
    series.is_exported = true;
    if !collection.is_cumulative() {
        series.state.clear();
    }
}

/// A counter.
#[derive(Debug)]
pub(super) struct CounterInstrument {
    instrument: &'static Instrument,
    series: SeriesTable<Count>,
}

#[derive(Debug, Default)]
struct Count {
    total: u64,
    exported: u64,
}

impl CounterInstrument {
    pub(super) fn new(instrument: &'static Instrument) -> Self {
        Self {
            instrument,
            series: SeriesTable::new(),
        }
    }

    /// Counts so many more; none at all make a series that stands at zero.
    pub(super) fn add(&mut self, key: SeriesKey, count: u64) {
        self.series.state(key, Count::default).total += count;
    }

    /// Takes a count that somebody else keeps. It never goes back.
    pub(super) fn raise_to(&mut self, key: SeriesKey, total: u64) {
        let count = self.series.state(key, Count::default);
        count.total = count.total.max(total);
    }

    pub(super) fn collect(&mut self, collection: &mut Collection<'_>) {
        let mut points = Vec::new();
        for series in self.series.iter_mut() {
            add_counter_points(series, collection, &mut points);
        }
        collection.push_counter(self.instrument, points);
    }
}

fn add_counter_points(series: &mut Series<Count>, collection: &Collection<'_>, points: &mut Vec<NumberDataPoint>) {
    let Count { total, exported } = series.state;
    let is_news = total > exported || !series.is_exported;
    if !is_news && !collection.is_cumulative() {
        return;
    }
    let attributes = collection.attributes.of(series.key);
    let is_sudden = !series.is_exported && total > 0;
    let before = collection.span_before().filter(|_| is_sudden);
    points.extend(before.map(|span| span.count(attributes.clone(), 0)));
    let count = if collection.is_cumulative() {
        total
    } else {
        total - exported
    };
    points.push(collection.span().count(attributes, count));
    series.state.exported = total;
    series.is_exported = true;
}
