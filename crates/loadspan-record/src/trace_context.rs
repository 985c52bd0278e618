//! Trace context: which trace a request belongs to, whether it is sampled, and the header that says so to the server.
//!
//! Decided from ids alone, so that the load generator and the exporter come to the same result without talking to each other.

use std::fmt;

use serde::Serialize;

use crate::hex::write_hex;

/// How the requests of a run get their trace context.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TracePlan {
    /// The trace that a request belongs to.
    pub trace_ids: TraceIds,
    /// Which requests are sampled.
    pub sampling: SampleRatio,
    /// Whether the server is told.
    pub propagation: Propagation,
}

/// The trace that a request belongs to. The number in it is random, and another one in each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceIds {
    /// Each has its own.
    PerRequest,
    /// Those of a session share one; one that belongs to none has its own.
    PerSession(u128),
    /// Those of a stage share one.
    PerStage(u128),
    /// All belong to the trace of their run.
    Shared(u128),
}

/// Whether requests carry a `traceparent` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Propagation {
    /// They do; its flag says whether the request is sampled.
    Traceparent,
    /// They do not.
    Off,
}

/// A share of requests, decided from an id as OpenTelemetry's `TraceIdRatioBased` sampler does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SampleRatio(f64);

impl SampleRatio {
    /// Every request.
    pub const ALL: Self = Self(1.0);
    /// None.
    pub const NONE: Self = Self(0.0);

    /// `None` unless `ratio` lies in 0 to 1.
    #[must_use]
    pub fn new(ratio: f64) -> Option<Self> {
        (0.0..=1.0).contains(&ratio).then_some(Self(ratio))
    }

    /// The share.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether an id of 63 random bits lies within the share.
    fn takes(self, random: u64) -> bool {
        // Both ends are exact, whatever rounding does in between.
        self.0 >= 1.0 || ((random >> 1) as f64) < self.0 * (1_u64 << 63) as f64
    }
}

impl TracePlan {
    /// Whether a request is sampled. In a trace of its own or of its session its trace id decides, so that a session is sampled as a
    /// whole or not at all; where all share one, its span id.
    #[must_use]
    pub fn is_sampled(&self, trace_id: u128, span_id: u64) -> bool {
        match self.trace_ids {
            TraceIds::PerRequest | TraceIds::PerSession(_) => self.sampling.takes(trace_id as u64),
            TraceIds::PerStage(_) | TraceIds::Shared(_) => self.sampling.takes(span_id),
        }
    }
}

impl TraceIds {
    /// The trace of a request of `stage` and, where it belongs to one, `session`. `own` is a random id for one that has a trace of
    /// its own.
    #[must_use]
    pub fn of(self, stage: u32, session: Option<u64>, own: u128) -> u128 {
        match (self, session) {
            (Self::PerRequest, _) | (Self::PerSession(_), None) => own,
            (Self::PerSession(seed), Some(session)) => numbered_id(seed, session),
            (Self::PerStage(seed), _) => numbered_id(seed, u64::from(stage)),
            (Self::Shared(id), _) => id,
        }
    }
}

/// An id made of a number, always the same. Both halves are as random as the seed, no two numbers have the same lower half, and it
/// is never zero, which is no valid id in W3C trace context.
#[must_use]
pub fn numbered_id(seed: u128, number: u64) -> u128 {
    // SplitMix64: https://prng.di.unimi.it/splitmix64.c
    let mut low = (seed as u64).wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    low = (low ^ (low >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    low = (low ^ (low >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    low ^= low >> 31;
    let high = (seed >> 64) as u64;
    (u128::from(high.wrapping_add(low.rotate_left(32))) << 64 | u128::from(low)).max(1)
}

/// The value of a W3C `traceparent` header, version 00.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Traceparent([u8; 55]);

impl Traceparent {
    /// The header of a request whose span is `span_id`.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(trace_id, &mut text[3..35]);
        write_hex(u128::from(span_id), &mut text[36..52]);
        text[54] = if sampled { b'1' } else { b'0' };
        Self(text)
    }

    /// The text of the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits and hyphens are ASCII")
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_as_w3c_wants_it() {
        let header = Traceparent::new(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7, true);
        assert_eq!(
            header.as_str(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        );
        assert!(Traceparent::new(1, 1, false).as_str().ends_with("-0000000000000001-00"));
    }

    #[test]
    fn the_ends_of_the_ratio_are_exact() {
        for id in [0, 1, u64::MAX] {
            assert!(SampleRatio::ALL.takes(id) && !SampleRatio::NONE.takes(id));
        }
        assert!(SampleRatio::new(1.1).is_none() && SampleRatio::new(f64::NAN).is_none());
    }

    #[test]
    fn a_trace_is_that_of_what_the_scope_says() {
        let seed = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
        let (own, shared) = (7, TraceIds::Shared(seed));
        assert_eq!(TraceIds::PerRequest.of(1, Some(2), own), own);
        assert_eq!((shared.of(0, None, own), shared.of(1, Some(2), own)), (seed, seed));
        let sessions = TraceIds::PerSession(seed);
        assert_eq!(sessions.of(0, None, own), own);
        assert_eq!(sessions.of(0, Some(5), own), sessions.of(1, Some(5), own));
        let stages = TraceIds::PerStage(seed);
        assert_eq!(stages.of(3, Some(1), own), stages.of(3, None, own));
        assert_ne!(stages.of(3, None, own), stages.of(4, None, own));
    }

    #[test]
    fn no_two_sessions_have_one_trace_and_a_tenth_of_them_is_sampled() {
        let trace_ids = TraceIds::PerSession(0);
        let plan = TracePlan {
            trace_ids,
            sampling: SampleRatio::new(0.1).unwrap(),
            propagation: Propagation::Off,
        };
        let ids: std::collections::HashSet<_> = (0..100_000).map(|number| trace_ids.of(0, Some(number), 0)).collect();
        assert_eq!(ids.len(), 100_000);
        let sampled = ids.iter().filter(|id| plan.is_sampled(**id, 0)).count();
        assert!((9_000..11_000).contains(&sampled), "{sampled}");
    }

    #[test]
    fn a_tenth_is_a_tenth() {
        let plan = TracePlan {
            trace_ids: TraceIds::PerRequest,
            sampling: SampleRatio::new(0.1).unwrap(),
            propagation: Propagation::Off,
        };
        let mut id = 1_u64;
        let sampled = (0..100_000)
            .filter(|_| {
                id = id
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                plan.is_sampled(u128::from(id), 0)
            })
            .count();
        assert!((9_000..11_000).contains(&sampled), "{sampled}");
    }
}
