//! The arrivals of a process of rate 1: where its requests fall on an axis whose unit is the mean gap.

use rand_distr::{Distribution, Exp1, Gamma};
use rand_xoshiro::{Xoshiro256PlusPlus, rand_core::SeedableRng};

use super::ArrivalProcess;

/// A point on the axis of mean gaps, as whole units and a fraction of one in `0.0..1.0`.
///
/// The two parts are kept apart so that adding a gap costs no precision, however many were added before.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub(super) struct OperationalTime {
    pub(super) whole: u64,
    pub(super) fraction: f64,
}

/// An iterator over the arrivals, in order. It ends after 2⁶⁴ units.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    gaps: Gaps,
    /// The last arrival that was given out; for equal gaps, the next one.
    at: OperationalTime,
}

#[derive(Debug, Clone)]
enum Gaps {
    Equal,
    Exponential(Xoshiro256PlusPlus),
    Gamma(Xoshiro256PlusPlus, Gamma<f64>),
}

impl OperationalTime {
    fn advanced_by(self, gap: f64) -> Option<Self> {
        let sum = self.fraction + gap;
        let carry = sum.floor();
        Some(Self {
            whole: self.whole.checked_add(carry as u64)?,
            fraction: sum - carry,
        })
    }
}

impl Arrivals {
    /// The arrivals of a process; `None` when its smoothness is not a positive finite number.
    pub(super) fn new(process: ArrivalProcess, seed: u64) -> Option<Self> {
        let random = || Xoshiro256PlusPlus::seed_from_u64(seed);
        let gaps = match process {
            ArrivalProcess::Constant => Gaps::Equal,
            ArrivalProcess::Poisson => Gaps::Exponential(random()),
            ArrivalProcess::Gamma { smoothness } if smoothness.is_finite() => {
                Gaps::Gamma(random(), Gamma::new(smoothness, smoothness.recip()).ok()?)
            }
            ArrivalProcess::Gamma { .. } => return None,
        };
        Some(Self {
            gaps,
            at: OperationalTime::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn skip_units(&mut self, units: u64) {
        self.at.whole += units;
    }
}

impl Iterator for Arrivals {
    type Item = OperationalTime;

    fn next(&mut self) -> Option<OperationalTime> {
        let gap = match &mut self.gaps {
            Gaps::Equal => {
                let now = self.at;
                self.at = now.advanced_by(1.0)?;
                return Some(now);
            }
            Gaps::Exponential(random) => Exp1.sample(random),
            Gaps::Gamma(random, gamma) => gamma.sample(random),
        };
        self.at = self.at.advanced_by(gap)?;
        Some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_as_much_after_a_trillion_units_as_at_the_start() {
        let late = OperationalTime {
            whole: 1_000_000_000_000,
            fraction: 0.75,
        };
        let next = late.advanced_by(1.5).unwrap();
        assert_eq!(
            next,
            OperationalTime {
                whole: 1_000_000_000_002,
                fraction: 0.25
            }
        );
    }

    #[test]
    fn the_axis_ends() {
        let last = OperationalTime {
            whole: u64::MAX,
            fraction: 0.5,
        };
        assert!(last.advanced_by(0.25).is_some());
        assert_eq!(last.advanced_by(0.5), None);
    }
}
