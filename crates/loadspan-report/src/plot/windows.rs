//! A run cut into windows of equal length: how long they are, and the percentiles within each.

use loadspan_record::{Distribution, Unit};

use super::axis::round_time_at_least;

/// Windows of equal length from `from_s` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Windows {
    pub(super) from_s: f64,
    pub(super) length_s: f64,
    pub(super) count: usize,
}

impl Windows {
    /// At most `most` windows of a round length that cover the stretch.
    pub(super) fn covering((from, until): (f64, f64), most: usize) -> Self {
        let length_s = round_time_at_least(((until - from) / most.max(1) as f64).max(1e-3));
        let from_s = (from / length_s).floor() * length_s;
        let count = (((until - from_s) / length_s).ceil().max(1.0)) as usize;
        Self {
            from_s,
            length_s,
            count,
        }
    }

    /// As many windows as are next to this length, and cover a stretch of their own.
    fn within(self, (from, until): (f64, f64)) -> Self {
        let count = ((until - from) / self.length_s).round().max(1.0);
        Self {
            from_s: from,
            length_s: ((until - from) / count).max(1e-3),
            count: count as usize,
        }
    }

    /// The window that a moment lies in. Moments outside belong to the first or the last.
    pub(super) fn index_of(&self, at_s: f64) -> usize {
        (((at_s - self.from_s) / self.length_s).max(0.0) as usize).min(self.count - 1)
    }

    pub(super) fn start_s(&self, index: usize) -> f64 {
        self.from_s + index as f64 * self.length_s
    }

    pub(super) fn middle_s(&self, index: usize) -> f64 {
        self.start_s(index) + self.length_s / 2.0
    }

    /// How many of the moments lie in each window.
    pub(super) fn counts(&self, moments: impl IntoIterator<Item = f64>) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        for at in moments {
            counts[self.index_of(at)] += 1;
        }
        counts
    }
}

/// Percentiles of values by window, as lines, and which of them there are enough values for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PercentileLines {
    pub(super) windows: Windows,
    pub(super) median: Vec<(f64, f64)>,
    pub(super) tail: Vec<(f64, f64)>,
    /// `p99` where windows have values enough, else `p90`.
    pub(super) tail_name: &'static str,
}

/// Values per window below which a median says nothing.
const FEW: usize = 5;

impl PercentileLines {
    /// Of `(moment in seconds, value)`. `None` when even the widest windows have too few values.
    ///
    /// With `pieces` of the run each is cut into windows by itself, and lines are broken between them: a percentile over two of them
    /// is one of neither.
    pub(super) fn of(values: &[(f64, f64)], pieces: &[(f64, f64)]) -> Option<Self> {
        let moments = values.iter().map(|(at, _)| *at);
        let extent = moments.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, until), at| {
            (from.min(at), until.max(at))
        });
        if values.len() < FEW * 4 || extent.1 <= extent.0 {
            return None;
        }
        let windows = Windows::covering(extent, (values.len() / 100).clamp(8, 120));
        let has_p99 = values.len() / windows.count >= 100;
        let mut lines = Self {
            windows,
            median: Vec::new(),
            tail: Vec::new(),
            tail_name: if has_p99 { "p99" } else { "p90" },
        };
        if pieces.is_empty() {
            lines.extend(values, (windows, extent));
        }
        for piece in pieces {
            let within: Vec<(f64, f64)> = values
                .iter()
                .copied()
                .filter(|(at, _)| (piece.0..=piece.1).contains(at))
                .collect();
            lines.extend(&within, (windows.within(*piece), *piece));
            lines.median.push((piece.1, f64::NAN));
            lines.tail.push((piece.1, f64::NAN));
        }
        Some(lines)
    }

    /// Goes on with a stretch that is cut into these windows.
    fn extend(&mut self, values: &[(f64, f64)], (windows, extent): (Windows, (f64, f64))) {
        let mut by_window = vec![Vec::new(); windows.count];
        for (at, value) in values {
            by_window[windows.index_of(*at)].push(*value as f32);
        }
        for (index, values) in by_window.into_iter().enumerate() {
            let distribution = Some(values)
                .filter(|values| values.len() >= FEW)
                .and_then(|values| Distribution::of(Unit::Milliseconds, values));
            let has_p99 = self.tail_name == "p99";
            let tail_of = |stats: Distribution| if has_p99 { stats.p99 } else { stats.p90 };
            let (median, tail) = (distribution.map(|stats| stats.p50), distribution.map(tail_of));
            // A single window is as long as its stretch: in the middle, it could be taken for one of the values.
            let middle = windows.middle_s(index).clamp(extent.0, extent.1);
            let places = if windows.count == 1 {
                vec![extent.0, extent.1]
            } else {
                vec![middle]
            };
            for at in places {
                self.median.push((at, median.unwrap_or(f64::NAN)));
                self.tail.push((at, tail.unwrap_or(f64::NAN)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_round_and_cover_everything() {
        let windows = Windows::covering((3.2, 63.0), 100);
        assert_eq!((windows.length_s, windows.from_s, windows.count), (1.0, 3.0, 60));
        assert_eq!(windows.counts([3.2, 3.9, 62.99, 63.0]).iter().sum::<u64>(), 4);
        assert_eq!(Windows::covering((5.0, 5.0), 10).count, 1);
        assert_eq!(Windows::covering((0.0, 25_000.0), 60).length_s, 600.0, "ten minutes");
    }

    #[test]
    fn a_window_with_few_values_is_a_gap_in_its_line() {
        let busy = (0..1_000).map(|index| (f64::from(index) / 100.0, 50.0));
        let values: Vec<_> = busy.chain([(30.0, 1.0)]).collect();
        let lines = PercentileLines::of(&values, &[]).unwrap();
        assert!(lines.median.iter().any(|(_, value)| *value == 50.0));
        assert!(lines.median.last().unwrap().1.is_nan());
        assert!(PercentileLines::of(&values[..3], &[]).is_none());
    }

    #[test]
    fn no_window_has_values_of_two_pieces() {
        // 50 ms in the first piece, 90 ms in the second, which begins within a round window; the third has too few values.
        let at = |from: f64, value: f64| (0..100).map(move |index| (from + f64::from(index) / 50.0, value));
        let values: Vec<_> = at(0.0, 50.0).chain(at(3.3, 90.0)).chain([(30.0, 1.0)]).collect();
        let lines = PercentileLines::of(&values, &[(0.0, 2.5), (3.3, 5.5), (28.0, 40.0)]).unwrap();
        assert_eq!(lines.windows.length_s, 5.0);
        let shown = |points: &[(f64, f64)]| {
            points
                .iter()
                .map(|(at, value)| format!("{at:.2} {value}"))
                .collect::<Vec<_>>()
        };
        let expected = [
            "0.00 50",
            "2.50 50",
            "2.50 NaN",
            "3.30 90",
            "5.50 90",
            "5.50 NaN",
            "31.00 NaN",
            "37.00 NaN",
            "40.00 NaN",
        ];
        assert_eq!(shown(&lines.median), expected);
        assert_eq!(shown(&lines.tail), expected);
    }
}
