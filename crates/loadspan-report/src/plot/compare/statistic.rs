//! The statistic of a figure that runs are compared by.

use std::fmt;
use std::str::FromStr;

use loadspan_record::Distribution;
use thiserror::Error;

/// Which statistic of the requests of a run is shown. `p99` unless it is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statistic(&'static str);

/// A statistic that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown statistic `{name}`: it is one of {}", Statistic::NAMES.join(", "))]
pub struct UnknownStatistic {
    name: String,
}

impl Statistic {
    /// The statistics that there are.
    pub const NAMES: [&'static str; 13] = [
        "mean", "min", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99_9", "max",
    ];

    pub(super) fn of(self, distribution: &Distribution) -> Option<f64> {
        distribution.stat(self.0)
    }

    /// The statistic that says the same of a figure that is worse when it is lower: what p99 is to a latency, p1 is to a speed.
    pub(super) fn mirrored(self) -> Self {
        Self(match self.0 {
            "min" => "max",
            "max" => "min",
            "p1" => "p99",
            "p5" => "p95",
            "p10" => "p90",
            "p25" => "p75",
            "p75" => "p25",
            "p90" => "p10",
            "p95" => "p5",
            // Summaries go no further down than to the first percentile.
            "p99" | "p99_9" => "p1",
            same => same,
        })
    }
}

impl Default for Statistic {
    fn default() -> Self {
        Self("p99")
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('_', "."))
    }
}

impl FromStr for Statistic {
    type Err = UnknownStatistic;

    /// `p99.9` and `p99_9` are the same.
    fn from_str(name: &str) -> Result<Self, UnknownStatistic> {
        let wanted = name.trim().replace('.', "_");
        let found = Self::NAMES.into_iter().find(|known| *known == wanted);
        found
            .map(Self)
            .ok_or_else(|| UnknownStatistic { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_chosen_by_its_name() {
        assert_eq!(
            "p99.9".parse::<Statistic>().map(|statistic| statistic.to_string()),
            Ok("p99.9".to_owned())
        );
        assert_eq!(Statistic::default().to_string(), "p99");
        let error = "p42".parse::<Statistic>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("unknown statistic `p42`: it is one of mean, min, p1"),
            "{error}"
        );
    }
}
