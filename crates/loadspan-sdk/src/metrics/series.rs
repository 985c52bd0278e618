//! The histograms, one for each set of attributes.

use std::collections::HashMap;
use std::sync::Arc;
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

/// Series by their attributes.
pub(super) struct SeriesTable {
    limit: usize,
    series: HashMap<String, Series>,
}

/// Names and values. Shared: tables are added up, and reported.
type Attributes = Arc<[(String, String)]>;

/// One series. Without attributes it is the one for all that came on top.
pub(super) struct Series {
    pub(super) attributes: Attributes,
    pub(super) values: Values,
}

/// What was recorded of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Values {
    pub(super) counts: [u64; BOUNDS.len() + 1],
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// What is reported at once.
pub(super) struct Report<'a> {
    pub(super) start: SystemTime,
    pub(super) end: SystemTime,
    pub(super) series: Vec<&'a Series>,
}

impl SeriesTable {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            series: HashMap::new(),
        }
    }

    /// `key` is that of the labels. `false`: there are too many series, and it went to the one for all others.
    pub(super) fn record(&mut self, key: String, labels: &Labels<'_>, milliseconds: f64) -> bool {
        let (values, fits) = self.place(key, || labels.attributes());
        values.record(milliseconds);
        fits
    }

    /// Adds what was recorded elsewhere. `false`: as with [`SeriesTable::record`].
    pub(super) fn add(&mut self, other: &Self) -> bool {
        let mut all_fit = true;
        for (key, series) in &other.series {
            if series.values.count > 0 {
                let (values, fits) = self.place(key.clone(), || Arc::clone(&series.attributes));
                values.add(&series.values);
                all_fit &= fits;
            }
        }
        all_fit
    }

    fn place(&mut self, key: String, attributes: impl FnOnce() -> Attributes) -> (&mut Values, bool) {
        // The series for all others is one of them.
        let fits = self.series.contains_key(&key) || self.series.len() + 1 < self.limit;
        let key = if fits { key } else { String::new() };
        let series = self.series.entry(key).or_insert_with(|| Series {
            attributes: if fits { attributes() } else { [].into() },
            values: Values::NONE,
        });
        (&mut series.values, fits)
    }

    /// Those of which something was recorded.
    pub(super) fn series(&self) -> Vec<&Series> {
        self.series.values().filter(|series| series.values.count > 0).collect()
    }

    /// Forgets the values, and keeps the series: what was known stays known when there are too many.
    pub(super) fn reset(&mut self) {
        self.series.values_mut().for_each(|series| series.values = Values::NONE);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.series.clear();
    }
}

impl Labels<'_> {
    /// Tells them apart from others.
    pub(super) fn key(&self) -> String {
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

    fn attributes(&self) -> Attributes {
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

impl Values {
    const NONE: Self = Self {
        counts: [0; BOUNDS.len() + 1],
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    fn record(&mut self, milliseconds: f64) {
        let bucket = BOUNDS.partition_point(|bound| *bound < milliseconds);
        self.counts[bucket] += 1;
        self.count += 1;
        self.sum += milliseconds;
        self.min = self.min.min(milliseconds);
        self.max = self.max.max(milliseconds);
    }

    fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
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

    fn record(table: &mut SeriesTable, span_type: &str, value: f64) -> bool {
        let labels = labels(span_type);
        table.record(labels.key(), &labels, value)
    }

    #[test]
    fn a_value_on_a_bound_is_below_it() {
        let mut table = SeriesTable::new(10);
        for value in [0.0, 5.0, 5.1, 20_000.0] {
            record(&mut table, "LLM", value);
        }
        let series = table.series()[0];
        let values = series.values;
        assert_eq!(
            (values.counts[0], values.counts[1], values.counts[2], values.counts[15]),
            (1, 1, 1, 1)
        );
        assert_eq!((values.min, values.max, values.count), (0.0, 20_000.0, 4));
        assert_eq!(
            series.attributes.last().unwrap(),
            &("tags.b".to_owned(), "x".to_owned())
        );
        assert_eq!(series.attributes.len(), 4, "what is not known is not there");
    }

    #[test]
    fn what_is_over_the_limit_is_one_series_and_nothing_is_lost() {
        let mut table = SeriesTable::new(3);
        let known = ["a", "b", "c", "d", "a"].map(|word| record(&mut table, word, 1.0));
        assert_eq!(known, [true, true, false, false, true]);
        let count = |table: &SeriesTable| table.series().iter().map(|series| series.values.count).sum::<u64>();
        assert_eq!((table.series().len(), count(&table)), (3, 5));
        table.reset();
        assert!(table.series().is_empty());
        assert!(
            record(&mut table, "a", 1.0) && !record(&mut table, "e", 1.0),
            "what was known stays known"
        );
        table.clear();
        assert!(record(&mut table, "e", 1.0));
    }

    #[test]
    fn tables_add_up_below_one_limit() {
        let (mut total, mut one, mut other) = (SeriesTable::new(3), SeriesTable::new(3), SeriesTable::new(3));
        record(&mut one, "a", 1.0);
        record(&mut one, "b", 2.0);
        record(&mut other, "a", 3.0);
        record(&mut other, "c", 4.0);
        assert!(total.add(&one) && !total.add(&other));
        let a = labels("a").key();
        let values = total.series[&a].values;
        assert_eq!((values.count, values.sum, values.min, values.max), (2, 4.0, 1.0, 3.0));
        assert_eq!(total.series().len(), 3);
        assert_eq!(total.series[""].values.sum, 4.0);
    }
}
