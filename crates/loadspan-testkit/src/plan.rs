//! Which request gets which script.

use std::time::Duration;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::Script;
use crate::clock::nanos;

/// Which requests a rule is for. Only generation requests are counted (chat, completions, responses, embeddings), by an OTLP sink
/// only exports; from 0, in the order of their arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// The request with this number.
    Number(u64),
    /// The first so many requests.
    First(u64),
    /// Each `n`-th request: with 3 those with the numbers 2, 5, 8. Zero: none.
    EveryNth(u64),
    /// This share of the requests, 0–1, chosen by the seed and their number.
    Share {
        /// The share.
        share: f64,
        /// What chooses them.
        seed: u64,
    },
}

impl When {
    pub(crate) fn is_for(self, number: u64) -> bool {
        match self {
            Self::Number(wanted) => number == wanted,
            Self::First(count) => number < count,
            Self::EveryNth(n) => n > 0 && number % n == n - 1,
            Self::Share { share, seed } => unit_interval(random(seed, number).next_u64()) < share,
        }
    }
}

/// The default script, and rules for the requests that get another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) default: Script,
    rules: Vec<(When, Script)>,
}

impl Plan {
    /// Adds a rule. Earlier rules win.
    pub(crate) fn on(&mut self, when: When, script: Script) {
        self.rules.push((when, script));
    }

    pub(crate) fn script(&self, number: u64) -> &Script {
        self.rules
            .iter()
            .find(|(when, _)| when.is_for(number))
            .map_or(&self.default, |(_, script)| script)
    }
}

/// A server is slow at first: compilation, empty caches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WarmStart {
    pub(crate) requests: u64,
    pub(crate) extra_ttft: Duration,
}

impl WarmStart {
    /// What the request waits for its first token beyond its script.
    pub(crate) fn extra_ns(self, number: u64) -> u64 {
        if number < self.requests {
            nanos(self.extra_ttft)
        } else {
            0
        }
    }
}

/// Randomness that belongs to one request, whatever the order in which requests are served.
pub(crate) fn random(seed: u64, number: u64) -> SplitMix64 {
    SplitMix64::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17))
}

/// 53 random bits as a number from 0 to below 1.
pub(crate) fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(when: When, requests: u64) -> Vec<u64> {
        (0..requests).filter(|&number| when.is_for(number)).collect()
    }

    #[test]
    fn every_nth_is_the_last_of_each_group() {
        assert_eq!(chosen(When::EveryNth(3), 9), [2, 5, 8]);
        assert!(chosen(When::EveryNth(0), 9).is_empty());
    }

    #[test]
    fn a_share_is_the_same_each_time_and_about_as_large_as_asked_for() {
        let tenth = When::Share { share: 0.1, seed: 7 };
        assert_eq!(chosen(tenth, 10_000), chosen(tenth, 10_000));
        assert!((900..1_100).contains(&chosen(tenth, 10_000).len()));
        assert_ne!(chosen(tenth, 100), chosen(When::Share { share: 0.1, seed: 8 }, 100));
    }

    #[test]
    fn a_share_of_nothing_is_nothing_and_of_one_is_all() {
        assert_eq!(chosen(When::Share { share: 0.0, seed: 1 }, 1_000).len(), 0);
        assert_eq!(chosen(When::Share { share: 1.0, seed: 1 }, 1_000).len(), 1_000);
    }

    #[test]
    fn the_first_rule_that_fits_wins() {
        let mut plan = Plan {
            default: Script::new().eos_after(1),
            ..Plan::default()
        };
        plan.on(When::Number(2), Script::new().eos_after(2));
        plan.on(When::First(4), Script::new().eos_after(3));
        let picked: Vec<Option<u32>> = (0..5).map(|number| plan.script(number).eos_after).collect();
        assert_eq!(picked, [Some(3), Some(3), Some(2), Some(3), Some(1)]);
    }
}
