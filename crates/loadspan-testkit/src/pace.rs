//! When each token of one response is due.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::Rng;

use crate::Script;
use crate::clock::nanos;
use crate::plan::unit_interval;

/// The due time of the next token, in work time. It moves by the scripted intervals alone: a token that was late delays no other.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// When the response begins.
    service_start_ns: u64,
    /// When the token before was due; at first, when the response begins.
    last_ns: u64,
    due_ns: u64,
    itl_ns: u64,
    jitter: Option<Jitter>,
}

/// Where a response begins, and what it adds to the script's times.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) at_ns: u64,
    /// Added to the time to the first token.
    pub(crate) extra_ttft_ns: u64,
    pub(crate) random: SplitMix64,
}

#[derive(Debug, Clone)]
struct Jitter {
    ratio: f64,
    random: SplitMix64,
}

impl Pace {
    pub(crate) fn new(script: &Script, start: Start) -> Self {
        let mut jitter = (script.jitter > 0.0).then_some(Jitter {
            ratio: script.jitter,
            random: start.random,
        });
        let ttft_ns = spread(&mut jitter, nanos(script.ttft));
        let service_start_ns = start.at_ns.saturating_add(nanos(script.head_delay));
        Self {
            service_start_ns,
            last_ns: service_start_ns,
            due_ns: service_start_ns
                .saturating_add(ttft_ns)
                .saturating_add(start.extra_ttft_ns),
            itl_ns: nanos(script.itl),
            jitter,
        }
    }

    /// When the next token is due.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// When the response begins: the head may leave, and the time to the first token runs.
    pub(crate) fn service_start_ns(&self) -> u64 {
        self.service_start_ns
    }

    /// Half-way from the token before.
    pub(crate) fn midpoint_ns(&self) -> u64 {
        self.last_ns + (self.due_ns - self.last_ns) / 2
    }

    /// Goes on by so many tokens.
    pub(crate) fn advance(&mut self, tokens: u32) {
        self.last_ns = self.due_ns;
        if self.jitter.is_none() {
            self.due_ns = self.due_ns.saturating_add(self.itl_ns.saturating_mul(tokens.into()));
            return;
        }
        for _ in 0..tokens {
            self.due_ns = self.due_ns.saturating_add(spread(&mut self.jitter, self.itl_ns));
        }
    }
}

/// The interval, up to `ratio` of it shorter or longer.
fn spread(jitter: &mut Option<Jitter>, interval_ns: u64) -> u64 {
    let Some(jitter) = jitter else { return interval_ns };
    let factor = 1.0 + jitter.ratio * (2.0 * unit_interval(jitter.random.next_u64()) - 1.0);
    (interval_ns as f64 * factor) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::random;
    use crate::{DurationExt, every};

    fn due_times(script: &Script, number: u64) -> Vec<u64> {
        let mut pace = Pace::new(
            script,
            Start {
                at_ns: 1_000,
                extra_ttft_ns: 0,
                random: random(1, number),
            },
        );
        let mut due = Vec::new();
        for _ in 0..200 {
            due.push(pace.due_ns());
            pace.advance(1);
        }
        due
    }

    #[test]
    fn without_jitter_tokens_are_due_at_exact_multiples() {
        let due = due_times(&Script::new().ttft(3.ms()).tokens(9, every(2.ms())), 0);
        assert_eq!(due[..3], [3_001_000, 5_001_000, 7_001_000]);
        assert_eq!(due[199], 3_001_000 + 199 * 2_000_000);
    }

    #[test]
    fn jitter_stays_within_its_ratio_and_moves_the_mean_by_little() {
        let due = due_times(&Script::new().tokens(9, every(10.ms())).jitter(0.2), 3);
        let gaps: Vec<u64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            gaps.iter().all(|gap| (8_000_000..=12_000_000).contains(gap)),
            "{gaps:?}"
        );
        let mean = gaps.iter().sum::<u64>() / gaps.len() as u64;
        assert!((9_700_000..10_300_000).contains(&mean), "{mean}");
    }

    #[test]
    fn jitter_depends_on_the_number_of_the_request_alone() {
        let script = Script::new().ttft(9.ms()).tokens(9, every(10.ms())).jitter(0.2);
        assert_eq!(due_times(&script, 3), due_times(&script, 3));
        assert_ne!(due_times(&script, 3), due_times(&script, 4));
    }
}
