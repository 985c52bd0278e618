//! The part of a run over which samples are summed up.

use crate::RunOffset;

/// From the start of the measured time to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: RunOffset,
    pub(super) until: RunOffset,
}

impl Window {
    pub(super) fn contains(&self, at: RunOffset) -> bool {
        (self.from..=self.until).contains(&at)
    }

    /// The share of what was counted between two samples that belongs to the window.
    ///
    /// At the start it is the share of time. At the end an interval counts whole, because a server's count of the last request
    /// is seen only by the sample after it, and nothing of the run comes between.
    pub(super) fn share_of_counts(&self, start: RunOffset, end: RunOffset) -> f64 {
        if start >= self.until || end <= self.from || end <= start {
            return 0.0;
        }
        end.nanos_since(start.max(self.from)) as f64 / end.nanos_since(start) as f64
    }

    /// The share of the time between two samples that lies in the window.
    pub(super) fn share_of_time(&self, start: RunOffset, end: RunOffset) -> f64 {
        if end <= start {
            return 0.0;
        }
        end.min(self.until).nanos_since(start.max(self.from)) as f64 / end.nanos_since(start) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_counts_by_time_at_the_start_and_whole_at_the_end() {
        let at = RunOffset::from_nanos;
        let window = Window {
            from: at(100),
            until: at(200),
        };
        let counts = [(0, 100), (50, 150), (120, 180), (150, 300), (200, 300)];
        assert_eq!(
            counts.map(|(start, end)| window.share_of_counts(at(start), at(end))),
            [0.0, 0.5, 1.0, 1.0, 0.0]
        );
        assert_eq!(window.share_of_time(at(150), at(250)), 0.5);
        assert_eq!(window.share_of_time(at(300), at(400)), 0.0);
    }
}
