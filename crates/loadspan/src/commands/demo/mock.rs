//! The server under test of the demo.

use std::num::NonZeroUsize;

use loadspan_testkit::{DurationExt, FakeServer, Fault, RunningServer, Script, ServerKind, StartError, When, every};

/// The model that it says it has.
pub(super) const MODEL: &str = "demo-model";
/// What its spans say it is.
pub(super) const SERVICE: &str = "loadspan-mock";
/// Tokens of an answer.
pub(super) const OUTPUT_TOKENS: u32 = 32;
/// Requests that it serves at once: with 195 ms for each, 41 a second.
const PLACES: NonZeroUsize = NonZeroUsize::new(8).expect("it is not 0");
/// One request of so many fails: seldom enough for a valid run. Every second one of them is cut off, the
/// others are refused.
const FAILS: u64 = 150;
/// Requests that are remembered, to be told as spans: far more than come between two looks.
const REMEMBERED: usize = 4096;

/// Starts it on a free port of this machine.
pub(super) fn start() -> Result<RunningServer, StartError> {
    let answer = Script::new()
        .ttft(40.ms())
        .tokens(OUTPUT_TOKENS, every(5.ms()))
        .jitter(0.2);
    FakeServer::new()
        // One that keeps to the output length and has metrics.
        .kind(ServerKind::Vllm)
        .models([MODEL])
        .max_concurrency(PLACES)
        .keep_truths(REMEMBERED)
        .on(
            When::EveryNth(2 * FAILS),
            answer.clone().fault(Fault::TruncateAfter(OUTPUT_TOKENS / 2)),
        )
        .on(When::EveryNth(FAILS), answer.clone().fault(Fault::status(503)))
        .script(answer)
        .start()
}
