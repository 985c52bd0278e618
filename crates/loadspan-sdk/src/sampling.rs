//! Which traces are recorded.
//!
//! The root decides. For spans of this crate that happens before anything is built ([`is_sampled`]); the sampler of the provider is
//! there for roots of other instrumentation, and lets ours pass.

use std::sync::LazyLock;

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SamplingDecision, SamplingResult, ShouldSample};

use crate::state::End;

/// Whether a new trace is recorded: `random` is uniform over `u64`.
pub(crate) fn is_sampled(ratio: f64, random: u64) -> bool {
    ratio >= 1.0 || (random as f64 / u64::MAX as f64) < ratio
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// The share of those that begin here, from 0 to 1.
    pub(crate) ratio: f64,
    pub(crate) parents: Parents,
    pub(crate) source: Source,
}

/// Whether the caller in another process decides for its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parents {
    Decide,
    /// The id of its trace does, with the ratio.
    Ignored,
}

/// Who said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody, or MLflow's variable or the builder.
    Mlflow,
    /// OpenTelemetry's variables, which a provider of the application reads for itself.
    OpenTelemetry,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            parents: Parents::Decide,
            source: Source::Mlflow,
        }
    }
}

impl Sampling {
    /// Whether the next trace that begins here is recorded.
    pub(crate) fn draw(self) -> bool {
        self.ratio >= 1.0 || is_sampled(self.ratio, random())
    }

    /// Whether spans below this one are recorded.
    pub(crate) fn follows(self, parent: &SpanContext) -> bool {
        match self.parents {
            Parents::Ignored if parent.is_remote() => is_sampled(self.ratio, low_half(parent.trace_id())),
            Parents::Decide | Parents::Ignored => parent.is_sampled(),
        }
    }

    /// What is left to decide before the sampler of a provider of the application.
    pub(crate) fn beside_a_provider(self) -> Self {
        match self.source {
            Source::Mlflow => self,
            Source::OpenTelemetry => Self::default(),
        }
    }
}

fn random() -> u64 {
    u64::from_be_bytes(RandomIdGenerator::default().new_span_id().to_bytes())
}

/// A parent for roots of which it is decided already that they are recorded.
pub(crate) fn decided() -> &'static Context {
    static DECIDED: LazyLock<Context> = LazyLock::new(|| Context::new().with_value(Decided));
    &DECIDED
}

struct Decided;

/// Asks the parent; a root without one is recorded by chance. After the end nothing is.
#[derive(Debug, Clone)]
pub(crate) struct RootSampler {
    sampling: Sampling,
    end: End,
}

impl RootSampler {
    pub(crate) fn new(sampling: Sampling, end: End) -> Self {
        Self { sampling, end }
    }

    fn decide(&self, parent: Option<&Context>, trace_id: TraceId) -> bool {
        if self.end.is_reached() {
            return false;
        }
        let ratio = self.sampling.ratio;
        let Some(parent) = parent else {
            return is_sampled(ratio, low_half(trace_id));
        };
        let span = parent.span();
        if span.span_context().is_valid() {
            return self.sampling.follows(span.span_context());
        }
        parent.get::<Decided>().is_some() || is_sampled(ratio, low_half(trace_id))
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
    use opentelemetry::trace::TraceFlags;

    use super::*;

    #[test]
    fn the_ratio_is_the_share_of_traces() {
        let count = |ratio| (0..100_000).filter(|_| of(ratio).draw()).count();

        assert_eq!(count(0.0), 0);
        assert_eq!(count(1.0), 100_000);
        // Six standard deviations.
        assert!((24_100..25_900).contains(&count(0.25)));
    }

    fn of(ratio: f64) -> Sampling {
        Sampling {
            ratio,
            ..Sampling::default()
        }
    }

    #[test]
    fn callers_decide_unless_the_sampler_ignores_them() {
        let parent = |id: u128, flags, is_remote| {
            SpanContext::new(TraceId::from(id), 1.into(), flags, is_remote, TraceState::NONE)
        };
        let (low, high) = (1, u128::from(u64::MAX - 1));
        let half = of(0.5);
        let ignorant = Sampling {
            parents: Parents::Ignored,
            ..half
        };
        let (on, off) = (TraceFlags::SAMPLED, TraceFlags::NOT_SAMPLED);

        assert!(half.follows(&parent(high, on, true)) && !half.follows(&parent(low, off, true)));
        assert!(!ignorant.follows(&parent(high, on, true)) && ignorant.follows(&parent(low, off, true)));
        assert!(
            ignorant.follows(&parent(high, on, false)),
            "within the process the root has decided"
        );
    }

    #[test]
    fn nothing_is_sampled_after_the_end() {
        let end = End::default();
        let sampler = RootSampler::new(of(1.0), end.clone());
        assert!(sampler.decide(None, TraceId::from(1)));

        end.reach();

        assert!(!sampler.decide(None, TraceId::from(1)) && !sampler.decide(Some(decided()), TraceId::from(1)));
    }

    #[test]
    fn a_root_of_ours_is_not_drawn_a_second_time() {
        let sampler = RootSampler::new(of(0.0), End::default());

        assert!(sampler.decide(Some(decided()), TraceId::from(1)));
        assert!(!sampler.decide(Some(&Context::new()), TraceId::from(1)));
    }
}
