//! The histograms, one for each set of attributes.

use std::collections::HashMap;
use std::time::SystemTime;

/// Upper bounds of the buckets, in milliseconds: OpenTelemetry's.
pub(super) const BOUNDS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1_000.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0,
];

/// What tells series apart.
#[derive(Debug)]
pub(super) struct Labels<'a> {
    pub(super) root: &'static str,
    pub(super) span_type: &'a str,
    pub(super) span_status: &'static str,
    pub(super) further: Vec<(&'a str, Option<&'a str>)>,
}

/// All series since `start`.
#[derive(Debug)]
pub(super) struct SeriesTable {
    limit: usize,
    pub(super) start: SystemTime,
    series: HashMap<String, Series>,
}

/// One series. Without attributes it is the one for all that came on top.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) attributes: Vec<(String, String)>,
    pub(super) counts: [u64; BOUNDS.len() + 1],
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// What is reported at once.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) start: SystemTime,
    pub(super) end: SystemTime,
    pub(super) series: Vec<Series>,
}

impl SeriesTable {
    pub(super) fn new(limit: usize, start: SystemTime) -> Self {
        Self {
            limit,
            start,
            series: HashMap::new(),
        }
    }

    /// `false`: there are too many series, and it went to the one for all others.
    pub(super) fn record(&mut self, labels: &Labels<'_>, milliseconds: f64) -> bool {
        let key = labels.key();
        if let Some(series) = self.series.get_mut(&key) {
            series.record(milliseconds);
            return true;
        }
        // The series for all others is one of them.
        let fits = self.series.len() + 1 < self.limit;
        let (key, attributes) = if fits {
            (key, labels.attributes())
        } else {
            (String::new(), Vec::new())
        };
        self.series
            .entry(key)
            .or_insert_with(|| Series::new(attributes))
            .record(milliseconds);
        fits
    }

    /// Everything since the start.
    pub(super) fn look(&self, now: SystemTime) -> Report {
        Report {
            start: self.start,
            end: now,
            series: self.series.values().cloned().collect(),
        }
    }

    /// Everything since the last time, and starts anew.
    pub(super) fn take(&mut self, now: SystemTime) -> Report {
        Report {
            start: std::mem::replace(&mut self.start, now),
            end: now,
            series: self.series.drain().map(|(_, series)| series).collect(),
        }
    }
}

impl Labels<'_> {
    fn key(&self) -> String {
        /// Part of no value that anybody would choose.
        const BETWEEN: char = '\u{1f}';
        let mut key = String::with_capacity(64);
        for part in [self.root, self.span_type, self.span_status] {
            key.push_str(part);
            key.push(BETWEEN);
        }
        for (_, value) in &self.further {
            key.push_str(value.unwrap_or_default());
            key.push(BETWEEN);
        }
        key
    }

    fn attributes(&self) -> Vec<(String, String)> {
        let always = [
            ("root", self.root),
            ("span_type", self.span_type),
            ("span_status", self.span_status),
        ];
        let further = self.further.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        always
            .into_iter()
            .chain(further)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}

impl Series {
    fn new(attributes: Vec<(String, String)>) -> Self {
        Self {
            attributes,
            counts: [0; BOUNDS.len() + 1],
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    fn record(&mut self, milliseconds: f64) {
        let bucket = BOUNDS.partition_point(|bound| *bound < milliseconds);
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum += milliseconds;
        self.min = self.min.min(milliseconds);
        self.max = self.max.max(milliseconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(span_type: &str) -> Labels<'_> {
        Labels {
            root: "true",
            span_type,
            span_status: "OK",
            further: vec![("tags.a", None), ("tags.b", Some("x"))],
        }
    }

    #[test]
    fn a_value_on_a_bound_is_below_it() {
        let mut table = SeriesTable::new(10, SystemTime::UNIX_EPOCH);
        for value in [0.0, 5.0, 5.1, 20_000.0] {
            table.record(&labels("LLM"), value);
        }
        let report = table.look(SystemTime::UNIX_EPOCH);
        let series = &report.series[0];
        assert_eq!(
            (series.counts[0], series.counts[1], series.counts[2], series.counts[15]),
            (1, 1, 1, 1)
        );
        assert_eq!((series.min, series.max, series.count), (0.0, 20_000.0, 4));
        assert_eq!(
            series.attributes.last().unwrap(),
            &("tags.b".to_owned(), "x".to_owned())
        );
        assert_eq!(series.attributes.len(), 4, "what is not known is not there");
    }

    #[test]
    fn what_is_over_the_limit_is_one_series_and_nothing_is_lost() {
        let mut table = SeriesTable::new(3, SystemTime::UNIX_EPOCH);
        let known: Vec<_> = ["a", "b", "c", "d", "a"]
            .map(|word| table.record(&labels(word), 1.0))
            .into();
        assert_eq!(known, [true, true, false, false, true]);
        let report = table.take(SystemTime::UNIX_EPOCH);
        assert_eq!(report.series.len(), 3);
        assert_eq!(report.series.iter().map(|series| series.count).sum::<u64>(), 5);
        assert!(table.take(SystemTime::UNIX_EPOCH).series.is_empty());
    }
}
