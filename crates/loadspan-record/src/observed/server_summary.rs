//! What the samples of a server come to over the measured time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::buckets::{Weighted, merge};
use super::window::Window;
use super::{HistogramFigures, ServerCounter, ServerGauge, ServerHistogram, ServerSample, Spread};
use crate::RunOffset;
use crate::distribution::to_seven_digits;

/// A server over the measured time, in its own words.
///
/// One for each URL that was scraped. They are not added up: a router and the engines behind it count the same requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerSummary {
    /// The URL, without credentials.
    pub source: String,
    /// Samples within the measured time.
    pub samples: u64,
    /// What was at each moment. Rates of hits and of acceptance have their own fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gauges: BTreeMap<ServerGauge, Spread>,
    /// What was counted. The first interval counts by its share of the measured time, so these are estimates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<ServerCounter, f64>,
    /// Share of the prompt tokens that were found in the prefix cache, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_cache_hit_rate: Option<f64>,
    /// Share of the drafted tokens that were accepted, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_decode_acceptance_rate: Option<f64>,
    /// What was observed, in seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub histograms: BTreeMap<ServerHistogram, HistogramFigures>,
}

impl ServerSummary {
    /// The summaries of all sources among `samples`, which are in the order of their times, from `from` to `until`.
    #[must_use]
    pub fn of(samples: &[ServerSample], from: RunOffset, until: RunOffset) -> Vec<Self> {
        let mut by_source: BTreeMap<&str, Vec<&ServerSample>> = BTreeMap::new();
        for sample in samples {
            by_source.entry(&sample.source).or_default().push(sample);
        }
        let window = Window { from, until };
        by_source
            .into_iter()
            .map(|(source, samples)| Self::of_source(source, &samples, window))
            .collect()
    }

    fn of_source(source: &str, samples: &[&ServerSample], window: Window) -> Self {
        let mut gauges = gauges(samples, window);
        let totals = totals(samples, window);
        let rate_of = |part, whole, gauge: Option<Spread>| {
            ratio(&totals, part, whole).or_else(|| gauge.map(|spread| spread.mean))
        };
        let prefix_cache_hit_rate = rate_of(
            ServerCounter::PrefixCacheHits,
            ServerCounter::PrefixCacheQueries,
            gauges.remove(&ServerGauge::PrefixCacheHitRate),
        );
        let spec_decode_acceptance_rate = rate_of(
            ServerCounter::SpecDecodeAcceptedTokens,
            ServerCounter::SpecDecodeDraftTokens,
            gauges.remove(&ServerGauge::SpecDecodeAcceptanceRate),
        );
        Self {
            source: source.to_owned(),
            samples: samples.iter().filter(|sample| window.contains(sample.at)).count() as u64,
            gauges,
            totals,
            prefix_cache_hit_rate,
            spec_decode_acceptance_rate,
            histograms: histograms(samples, window),
        }
    }
}

fn gauges(samples: &[&ServerSample], window: Window) -> BTreeMap<ServerGauge, Spread> {
    let mut values: BTreeMap<ServerGauge, Vec<f64>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| window.contains(sample.at)) {
        for (gauge, value) in &sample.metrics {
            values.entry(*gauge).or_default().push(*value);
        }
    }
    let spreads = values.into_iter();
    spreads
        .filter_map(|(gauge, values)| Some((gauge, Spread::of(values)?)))
        .collect()
}

fn totals(samples: &[&ServerSample], window: Window) -> BTreeMap<ServerCounter, f64> {
    let mut totals = BTreeMap::new();
    for sample in samples {
        let secs = sample.interval_secs() * window.share_of_counts(sample.interval_start(), sample.at);
        if secs > 0.0 {
            for (counter, rate) in &sample.rates {
                *totals.entry(*counter).or_insert(0.0) += rate * secs;
            }
        }
    }
    // Rates are counts that were divided: this takes the noise of that away, and leaves long counts whole.
    totals
        .values_mut()
        .for_each(|total| *total = (*total * 1e3).round() / 1e3);
    totals
}

fn ratio(totals: &BTreeMap<ServerCounter, f64>, part: ServerCounter, whole: ServerCounter) -> Option<f64> {
    let (part, whole) = (totals.get(&part)?, totals.get(&whole)?);
    (*whole > 0.0).then(|| to_seven_digits(part / whole))
}

fn histograms(samples: &[&ServerSample], window: Window) -> BTreeMap<ServerHistogram, HistogramFigures> {
    let mut merged: BTreeMap<ServerHistogram, (Vec<Weighted>, f64)> = BTreeMap::new();
    for sample in samples {
        let share = window.share_of_counts(sample.interval_start(), sample.at);
        if share > 0.0 {
            for (histogram, interval) in &sample.quantiles {
                let (buckets, sum) = merged.entry(*histogram).or_default();
                buckets.extend(interval.buckets.iter().map(|bucket| bucket.weighted(share)));
                *sum += interval.sum() * share;
            }
        }
    }
    let merged = merged.into_iter();
    merged
        .filter_map(|(histogram, (buckets, sum))| Some((histogram, HistogramFigures::of(&merge(buckets), sum)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bucket, HistogramInterval};

    fn at_secs(secs: f64) -> RunOffset {
        RunOffset::from_nanos((secs * 1e9) as u64)
    }

    fn sample(at: f64) -> ServerSample {
        ServerSample {
            at: at_secs(at),
            source: "http://a/metrics".to_owned(),
            interval_ns: (at > 0.0).then_some(1_000_000_000),
            ..ServerSample::default()
        }
    }

    fn one(samples: &[ServerSample], from: f64, until: f64) -> ServerSummary {
        let mut summaries = ServerSummary::of(samples, at_secs(from), at_secs(until));
        assert_eq!(summaries.len(), 1);
        summaries.remove(0)
    }

    #[test]
    fn gauges_are_those_within_the_measured_time() {
        let samples: Vec<ServerSample> = (0..5)
            .map(|second| ServerSample {
                metrics: [(ServerGauge::RequestsRunning, f64::from(second))].into(),
                ..sample(f64::from(second))
            })
            .collect();
        let summary = one(&samples, 1.0, 3.5);
        assert_eq!(summary.samples, 3);
        assert_eq!(
            summary.gauges[&ServerGauge::RequestsRunning],
            Spread {
                mean: 2.0,
                max: 3.0,
                last: 3.0
            }
        );
    }

    #[test]
    fn totals_take_the_interval_in_which_the_last_request_ended_whole() {
        let samples: Vec<ServerSample> = (0..5)
            .map(|second| ServerSample {
                rates: [
                    (ServerCounter::GenerationTokens, 100.0),
                    (ServerCounter::PrefixCacheQueries, 40.0),
                    (ServerCounter::PrefixCacheHits, 10.0),
                ]
                .into(),
                ..sample(f64::from(second))
            })
            .collect();
        let summary = one(&samples, 0.5, 2.1);
        assert_eq!(summary.totals[&ServerCounter::GenerationTokens], 250.0);
        assert_eq!(summary.prefix_cache_hit_rate, Some(0.25));
    }

    #[test]
    fn quantiles_of_the_whole_come_from_the_buckets_of_the_parts() {
        let second = |at, lower: f64| ServerSample {
            quantiles: [(
                ServerHistogram::TimeToFirstToken,
                HistogramInterval::of(
                    &[Bucket {
                        lower,
                        upper: Some(lower + 1.0),
                        count: 50,
                    }],
                    50.0 * (lower + 0.5),
                )
                .unwrap(),
            )]
            .into(),
            ..sample(at)
        };
        let summary = one(&[second(1.0, 1.0), second(2.0, 0.0), second(3.0, 1.0)], 0.0, 3.0);
        let figures = summary.histograms[&ServerHistogram::TimeToFirstToken];
        assert_eq!((figures.count, figures.p50), (150, 1.25));
        assert!((figures.mean - 1.166_667).abs() < 1e-9);
    }

    #[test]
    fn sources_are_not_added_up() {
        let other = ServerSample {
            source: "http://b/metrics".to_owned(),
            ..sample(1.0)
        };
        let summaries = ServerSummary::of(&[sample(1.0), other], at_secs(0.0), at_secs(9.0));
        assert_eq!(summaries.len(), 2);
    }
}
