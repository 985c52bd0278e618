//! Percentiles of the latencies of a window, in bounded memory.

use hdrhistogram::Histogram;

use super::values::seconds;

/// So many values are kept as they are. Beyond them, three digits of each are.
const EXACT: usize = 100_000;
/// Significant digits beyond that.
const DIGITS: u8 = 3;
/// What can be told apart beyond that, in nanoseconds: a microsecond to a day.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 86_400_000_000_000;

const PERCENTILES: [f64; 3] = [0.50, 0.95, 0.99];

/// How values spread, whatever their order.
#[derive(Debug, Default)]
pub(super) struct Spread {
    exact: Vec<u64>,
    rounded: Option<Histogram<u64>>,
}

impl Spread {
    pub(super) fn add(&mut self, nanos: u64) {
        match &mut self.rounded {
            Some(rounded) => rounded.saturating_record(nanos),
            None => self.exact.push(nanos),
        }
        if self.exact.len() > EXACT {
            self.rounded = rounded(&self.exact);
            self.exact = Vec::new();
        }
    }

    /// The 50th, 95th and 99th by the nearest rank, in seconds. `None` when there are no values.
    pub(super) fn percentiles(&mut self) -> [Option<f64>; 3] {
        self.exact.sort_unstable();
        PERCENTILES.map(|quantile| match &self.rounded {
            Some(rounded) => Some(seconds(rounded.value_at_quantile(quantile))),
            None => nearest_rank(&self.exact, quantile).map(seconds),
        })
    }
}

/// `None` could only mean that the bounds below make no sense: then there are no percentiles.
fn rounded(values: &[u64]) -> Option<Histogram<u64>> {
    let mut histogram = Histogram::new_with_bounds(SHORTEST, LONGEST, DIGITS).ok()?;
    values.iter().for_each(|value| histogram.saturating_record(*value));
    Some(histogram)
}

fn nearest_rank(sorted: &[u64], quantile: f64) -> Option<u64> {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentiles(), [None; 3]);
        (1..=200).rev().for_each(|value| spread.add(value * 1_000_000_000));
        assert_eq!(spread.percentiles(), [100.0, 190.0, 198.0].map(Some));
    }

    #[test]
    fn beyond_a_number_of_values_three_digits_are_kept() {
        let mut spread = Spread::default();
        let count = 3 * EXACT as u64;
        (1..=count).for_each(|value| spread.add(value * 1_000));
        assert!(spread.exact.is_empty());
        for (found, share) in spread.percentiles().into_iter().zip(PERCENTILES) {
            let found = found.unwrap();
            let expected = seconds(count * 1_000) * share;
            assert!((found / expected - 1.0).abs() < 0.002, "{found} {expected}");
        }
    }
}
