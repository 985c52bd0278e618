//! How much there is to be made of the records of a run.

use loadspan_record::{ObservedSample, Phase, RequestRecord};
use loadspan_wire::mlflow::runs::Run;

use super::LOOK_EVERY;
use crate::config::LiveMetrics;
use crate::mlflow::CompletionLimit;
use crate::mlflow::export_file::LiveMode;
use crate::mlflow::live::{POINT_KEYS, window_of};

/// A run with more measured requests than this has windows instead of points, unless somebody wants points, or there are some: each
/// request has five, of which a server takes some thousand a second.
const MOST_REQUESTS: u64 = 200_000;

/// What the records of a run reach to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extent {
    /// Measured ones.
    requests: u64,
    /// The greatest number of a request.
    last_index: u64,
    /// The number of the window in which the last one ended, or the last sample was taken.
    last_window: u64,
}

impl Extent {
    /// Reads the records to their end. `None`: the limit was over before.
    pub(super) fn of(records: impl Iterator<Item = RequestRecord>, limit: &CompletionLimit) -> Option<Self> {
        let mut extent = Self::default();
        for (place, record) in records.enumerate() {
            if place.is_multiple_of(LOOK_EVERY) && limit.is_over() {
                return None;
            }
            extent.requests += u64::from(record.phase == Phase::Measure);
            extent.last_index = extent.last_index.max(record.id.index);
            extent.last_window = extent.last_window.max(window_of(record.timings.finished_at));
        }
        Some(extent)
    }

    /// The same with the samples of server and GPUs.
    pub(super) fn with(mut self, samples: &[ObservedSample]) -> Self {
        let last = samples.iter().map(|sample| window_of(sample.at())).max();
        self.last_window = self.last_window.max(last.unwrap_or(0));
        self
    }

    /// The greatest step that a metric can have.
    pub(super) fn last_step(&self, key: &str) -> u64 {
        if POINT_KEYS.contains(&key) {
            self.last_index
        } else {
            self.last_window
        }
    }

    /// How live metrics are to be logged, where it was `known` so far, and the user wants `choice`: another way only before there is a
    /// point at all.
    pub(super) fn mode(&self, known: LiveMode, choice: LiveMetrics, state: &Run) -> LiveMode {
        let is_open = (known, choice) == (LiveMode::Points, LiveMetrics::Auto);
        let has_points = || {
            let keys = state.data.metrics.iter().map(|metric| metric.key.as_str());
            keys.into_iter().any(|key| POINT_KEYS.contains(&key))
        };
        if is_open && self.requests > MOST_REQUESTS && !has_points() {
            LiveMode::Windows
        } else {
            known
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loadspan_wire::mlflow::runs::{Metric, RunData};

    use super::*;
    use crate::mlflow::live::testing::stream;
    use crate::mlflow::testing::limit;

    fn extent_of(count: u64) -> Extent {
        let mut records: Vec<_> = (0..3).map(|index| stream(7 - index, 1_000 + index * 1_500)).collect();
        records[0].phase = Phase::Warmup;
        let extent = Extent::of(records.into_iter(), &limit(Duration::from_secs(60))).unwrap();
        assert_eq!((extent.requests, extent.last_index, extent.last_window), (2, 7, 4));
        Extent {
            requests: count,
            ..extent
        }
    }

    #[test]
    fn many_requests_that_the_server_knows_nothing_of_have_windows() {
        let (few, many) = (extent_of(MOST_REQUESTS), extent_of(MOST_REQUESTS + 1));
        let blank = Run::default();
        let mode = |extent: Extent, choice, state: &Run| extent.mode(LiveMode::Points, choice, state);
        assert_eq!(mode(many, LiveMetrics::Auto, &blank), LiveMode::Windows);
        assert_eq!(mode(few, LiveMetrics::Auto, &blank), LiveMode::Points);
        assert_eq!(mode(many, LiveMetrics::Points, &blank), LiveMode::Points);
        let begun = |key: &str| Run {
            data: RunData {
                metrics: vec![Metric {
                    key: key.to_owned(),
                    ..Metric::default()
                }],
                ..RunData::default()
            },
            ..Run::default()
        };
        assert_eq!(mode(many, LiveMetrics::Auto, &begun(POINT_KEYS[0])), LiveMode::Points);
        assert_eq!(mode(many, LiveMetrics::Auto, &begun("ttft.p99")), LiveMode::Windows);
        let switched = LiveMode::WindowsFrom { window: 3 };
        assert_eq!(many.mode(switched, LiveMetrics::Auto, &blank), switched);
    }

    #[test]
    fn a_metric_has_steps_of_requests_or_of_windows() {
        let extent = extent_of(3);
        assert_eq!(extent.last_step(POINT_KEYS[0]), 7);
        assert_eq!(extent.last_step("live.window.requests.count"), 4);
    }

    #[test]
    fn nothing_is_read_when_the_limit_is_over() {
        let records = std::iter::from_fn(|| panic!("it was read"));
        let over = limit(Duration::ZERO);
        assert_eq!(
            Extent::of(std::iter::once(stream(0, 1_000)).chain(records), &over),
            None
        );
    }
}
