//! How values are spread: percentiles as loadspan's summaries have them, and a histogram for curves.

use serde::Serialize;

/// Percentiles of the values of a window or a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) n: usize,
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl Spread {
    /// Of values in any order, which are sorted on the way.
    pub(super) fn of(values: &mut [f64]) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let at = |quantile| quantile_of(values, quantile);
        Self {
            n: values.len(),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            max: values.last().copied(),
        }
    }
}

/// Of sorted values, at the place (n − 1) · q, interpolated between the two that are nearest: as docs/metrics.md has it, so that a curve
/// ends where the table says.
fn quantile_of(sorted: &[f64], quantile: f64) -> Option<f64> {
    let place = quantile * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// The shares at which a curve of percentiles is drawn.
const QUANTILES: [f64; 28] = [
    0.0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98,
    0.985, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999,
];

/// Buckets of a histogram are this much wider than the one before: as narrow as an eye can tell.
const GROWTH: f64 = 1.02;
/// What is shorter is as good as this, in seconds.
const SHORTEST: f64 = 1e-6;

/// All that a chart of a distribution shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Distribution {
    n: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantiles: Option<Quantiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<Histogram>,
}

/// Shares, and the values at them: only those that the number of values can tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Quantiles {
    q: Vec<f64>,
    value: Vec<f64>,
}

/// Counts between bounds that grow by the same factor, without gaps.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Histogram {
    lower: Vec<f64>,
    upper: Vec<f64>,
    count: Vec<u64>,
}

impl Distribution {
    /// Of values in any order.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let n = values.len();
        let told = QUANTILES
            .into_iter()
            .filter(|&q| q == 0.0 || n as f64 * (1.0 - q) >= 1.0);
        let mut quantiles = Quantiles::default();
        for q in told.chain([1.0]) {
            quantiles.q.push(q);
            quantiles.value.extend(quantile_of(&values, q));
        }
        Self {
            n,
            min: Some(min),
            max: Some(max),
            mean: Some(values.iter().sum::<f64>() / n as f64),
            quantiles: Some(quantiles),
            histogram: Some(Histogram::of(&values)),
        }
    }
}

impl Histogram {
    fn of(sorted: &[f64]) -> Self {
        let bucket = |value: f64| (value.max(SHORTEST).ln() / GROWTH.ln()).floor() as i32;
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Self::default();
        };
        let (first, last) = (bucket(min), bucket(max));
        let mut count = vec![0; usize::try_from(last - first + 1).unwrap_or(0)];
        for &value in sorted {
            if let Some(count) = usize::try_from(bucket(value) - first)
                .ok()
                .and_then(|place| count.get_mut(place))
            {
                *count += 1;
            }
        }
        Self {
            lower: (first..=last).map(|place| GROWTH.powi(place)).collect(),
            upper: (first..=last).map(|place| GROWTH.powi(place + 1)).collect(),
            count,
        }
    }
}
