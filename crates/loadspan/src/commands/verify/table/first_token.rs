//! The first token is the first non-empty output in any channel; nothing else that a stream begins with is one.

use std::num::NonZeroUsize;

use loadspan_record::Metric;
use loadspan_testkit::{Answer, DurationExt, Filler, Opening, ReasoningField, RoleChunk, Script, Writes, every};

use super::super::check::{absent, chunks, completed, first_answer, first_byte, first_token, latency};
use super::{Case, bench, case, paced};

pub(super) fn cases() -> Vec<Case> {
    let reasoning = |field| bench(paced().reasoning(2, field));
    vec![
        case(
            "plain stream, usage behind",
            bench(paced()),
            [first_token(), latency(), chunks(48)],
        ),
        case(
            "role chunk ahead of it",
            bench(paced().opening(Opening::RoleChunk)),
            [first_byte(), first_token()],
        ),
        case(
            "role in the same chunk",
            bench(paced().role(RoleChunk::WithFirstToken)),
            [first_token()],
        ),
        case(
            "head comes with it",
            bench(paced().opening(Opening::Nothing)),
            [first_byte(), first_token()],
        ),
        case(
            "empty chunks between",
            bench(paced().opening(Opening::RoleChunk).filler(Filler::EmptyChunk)),
            [first_token(), latency(), chunks(48)],
        ),
        case(
            "comments between",
            bench(paced().filler(Filler::Comment)),
            [first_token(), chunks(48)],
        ),
        case(
            "slow response head",
            bench(paced().head_delay(20.ms())),
            [first_token(), latency()],
        ),
        case(
            "reasoning_content first",
            reasoning(ReasoningField::ReasoningContent),
            [first_token(), first_answer()],
        ),
        case(
            "reasoning first",
            reasoning(ReasoningField::Reasoning),
            [first_token(), first_answer()],
        ),
        case(
            "nothing but reasoning",
            bench(paced().reasoning(4, ReasoningField::ReasoningContent)),
            [first_token(), absent(Metric::TimeToFirstOutputToken), completed(12)],
        ),
        case(
            "tool call",
            bench(paced().answer(Answer::ToolCall)),
            [first_token(), first_answer()],
        ),
        case(
            "refusal",
            bench(paced().answer(Answer::Refusal)),
            [first_token(), first_answer()],
        ),
        // The finish reason, the usage and [DONE] take their time, each cut in two.
        case(
            "slow end of the stream",
            bench(Script::new().ttft(10.ms()).tokens(2, every(10.ms())).writes(halves())),
            [first_token(), latency()],
        ),
        case(
            "answer in one piece",
            bench(paced()).whole(),
            [
                absent(Metric::TimeToFirstToken),
                absent(Metric::InterTokenLatency),
                latency(),
            ],
        ),
    ]
}

/// Every event in pieces that arrive some milliseconds apart.
fn halves() -> Writes {
    Writes::Split {
        bytes: NonZeroUsize::MIN.saturating_add(127),
        pause: 3.ms(),
    }
}
