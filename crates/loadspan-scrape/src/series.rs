//! The series of a page by name, and the values of a name by what they are about.

use std::collections::{BTreeMap, HashMap};

use crate::prometheus_text::Series;
use crate::vocabulary::PARTS_OF_A_MODEL;

/// The series of a page by name.
pub(crate) struct Page<'p>(HashMap<String, Vec<&'p Series<'p>>>);

/// Values by what they are about: labels in order, without those that show the same thing several times.
pub(crate) type ByLabels<T> = BTreeMap<String, T>;

/// A histogram since the start of its server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cumulative {
    /// Upper bounds and how many values are not greater, in ascending order.
    pub(crate) buckets: Vec<(f64, f64)>,
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

impl<'p> Page<'p> {
    pub(crate) fn new(series: &'p [Series<'p>]) -> Self {
        let mut by_name: HashMap<String, Vec<&Series<'_>>> = HashMap::new();
        for one in series {
            by_name.entry(plain_name(one.name)).or_default().push(one);
        }
        Self(by_name)
    }

    /// The values of the first of `names` that is there. What shows the same thing several times counts once, by its highest value.
    pub(crate) fn values(&self, names: &[&str]) -> Option<ByLabels<f64>> {
        names.iter().find_map(|name| {
            let values = highest_by_labels(self.series(name));
            (!values.is_empty()).then_some(values)
        })
    }

    /// The histograms of the first of `names` that is there with buckets.
    pub(crate) fn histograms(&self, names: &[&str]) -> Option<ByLabels<Cumulative>> {
        names.iter().find_map(|name| {
            let histograms = self.histogram(name);
            (!histograms.is_empty()).then_some(histograms)
        })
    }

    fn histogram(&self, name: &str) -> ByLabels<Cumulative> {
        let mut histograms: ByLabels<BTreeMap<Bound, f64>> = BTreeMap::new();
        for series in self.series(&format!("{name}_bucket")) {
            if let Some(bound) = bound_of(series) {
                let buckets = histograms.entry(identity(series)).or_default();
                let value = buckets.entry(Bound(bound)).or_insert(0.0);
                *value = value.max(series.value);
            }
        }
        let sums = highest_by_labels(self.series(&format!("{name}_sum")));
        let counts = highest_by_labels(self.series(&format!("{name}_count")));
        let histograms = histograms.into_iter();
        histograms
            .map(|(labels, buckets)| {
                let buckets: Vec<(f64, f64)> = buckets.into_iter().map(|(bound, value)| (bound.0, value)).collect();
                let highest = buckets.last().map_or(0.0, |(_, count)| *count);
                let cumulative = Cumulative {
                    sum: sums.get(&labels).copied().unwrap_or(0.0),
                    count: counts.get(&labels).copied().unwrap_or(highest),
                    buckets,
                };
                (labels, cumulative)
            })
            .collect()
    }

    fn series(&self, name: &str) -> &[&'p Series<'p>] {
        self.0.get(&plain_name(name)).map_or(&[], Vec::as_slice)
    }
}

/// A bound that can be sorted.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound(f64);

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A name without what differs between ways of exposing it: vLLM's metrics are `vllm:x_total` at home, `vllm_x` where colons are not
/// liked, and `ray_vllm_x_total` under Ray.
fn plain_name(name: &str) -> String {
    let name = name.strip_prefix("ray_").unwrap_or(name);
    name.strip_suffix("_total").unwrap_or(name).replace(':', "_")
}

fn highest_by_labels(series: &[&Series<'_>]) -> ByLabels<f64> {
    let mut values = BTreeMap::new();
    for one in series.iter().filter(|one| one.value.is_finite()) {
        let value = values.entry(identity(one)).or_insert(one.value);
        *value = one.value.max(*value);
    }
    values
}

fn bound_of(series: &Series<'_>) -> Option<f64> {
    let (_, bound) = series.labels.iter().find(|(name, _)| *name == "le")?;
    let bound: f64 = bound.parse().ok()?;
    (bound > f64::NEG_INFINITY && series.value.is_finite()).then_some(bound)
}

/// The labels that tell what a series is about.
fn identity(series: &Series<'_>) -> String {
    let mut labels: Vec<String> = series
        .labels
        .iter()
        .filter(|(name, _)| *name != "le" && !PARTS_OF_A_MODEL.contains(name))
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    labels.sort_unstable();
    labels.join(",")
}
