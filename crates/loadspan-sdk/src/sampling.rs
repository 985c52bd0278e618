//! Which traces are recorded.
//!
//! The root decides. For spans of this crate that happens before anything is built ([`is_sampled`]); the sampler of the provider is
//! there for roots of other instrumentation, and lets ours pass.

use std::sync::LazyLock;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SamplingDecision, SamplingResult, ShouldSample};

/// Whether a new trace is recorded: `random` is uniform over `u64`.
pub(crate) fn is_sampled(ratio: f64, random: u64) -> bool {
    ratio >= 1.0 || (random as f64 / u64::MAX as f64) < ratio
}

/// Whether the next trace is recorded.
pub(crate) fn draw(ratio: f64) -> bool {
    ratio >= 1.0
        || is_sampled(
            ratio,
            u64::from_be_bytes(RandomIdGenerator::default().new_span_id().to_bytes()),
        )
}

/// A parent for roots of which it is decided already that they are recorded.
pub(crate) fn decided() -> &'static Context {
    static DECIDED: LazyLock<Context> = LazyLock::new(|| Context::new().with_value(Decided));
    &DECIDED
}

struct Decided;

/// Asks the parent; a root without one is recorded by chance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RootSampler {
    ratio: f64,
}

impl RootSampler {
    pub(crate) fn new(ratio: f64) -> Self {
        Self { ratio }
    }

    fn decide(&self, parent: Option<&Context>, trace_id: TraceId) -> bool {
        let Some(parent) = parent else {
            return is_sampled(self.ratio, low_half(trace_id));
        };
        let span = parent.span();
        if span.span_context().is_valid() {
            return span.span_context().is_sampled();
        }
        parent.get::<Decided>().is_some() || is_sampled(self.ratio, low_half(trace_id))
    }
}

impl ShouldSample for RootSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let decision = if self.decide(parent, trace_id) {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        };
        SamplingResult {
            decision,
            attributes: Vec::new(),
            trace_state: parent.map_or_else(TraceState::default, |parent| {
                parent.span().span_context().trace_state().clone()
            }),
        }
    }
}

/// The half that is random by the W3C's recommendation.
fn low_half(id: TraceId) -> u64 {
    u128::from_be_bytes(id.to_bytes()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_share_of_traces() {
        let count = |ratio| (0..100_000).filter(|_| draw(ratio)).count();

        assert_eq!(count(0.0), 0);
        assert_eq!(count(1.0), 100_000);
        // Six standard deviations.
        assert!((24_100..25_900).contains(&count(0.25)));
    }

    #[test]
    fn a_root_of_ours_is_not_drawn_a_second_time() {
        let sampler = RootSampler::new(0.0);

        assert!(sampler.decide(Some(decided()), TraceId::from(1)));
        assert!(!sampler.decide(Some(&Context::new()), TraceId::from(1)));
    }
}
