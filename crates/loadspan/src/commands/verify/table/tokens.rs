//! A chunk is not a token: figures per token come from counts of tokens, and say who counted.

use std::num::NonZeroU32;

use loadspan_loadgen::openai::StreamUsage;
use loadspan_loadgen::preflight::PreflightNotice;
use loadspan_record::TokenSource;
use loadspan_testkit::{DurationExt, Fault, Script, Usage, every};

use super::super::bench::Bench;
use super::super::check::{
    chunks, completed, input_tokens, inter_chunk, inter_token, notice, output_tokens, output_tokens_are,
    per_output_token, reached_server, source,
};
use super::{Case, bench, case, paced};

/// Eight streams of so many tokens, 10 ms apart, several in a chunk.
fn chunked(tokens: u32, per_chunk: u32) -> Bench {
    let per_chunk = NonZeroU32::new(per_chunk).unwrap_or(NonZeroU32::MIN);
    let script = Script::new().ttft(10.ms()).tokens(tokens, every(10.ms()));
    bench(script.tokens_per_chunk(per_chunk)).requests(8)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "4 tokens a chunk",
            chunked(16, 4),
            [
                inter_token(12),
                per_output_token(),
                inter_chunk(3),
                chunks(8 * 4),
                output_tokens(),
            ],
        ),
        case(
            "1 token a chunk",
            chunked(8, 1),
            [
                inter_token(7),
                per_output_token(),
                inter_chunk(7),
                chunks(8 * 8),
                output_tokens(),
            ],
        ),
        case(
            "usage in each chunk",
            chunked(10, 4).stream_usage(StreamUsage::PerChunk),
            [
                inter_token(6),
                inter_chunk(2),
                output_tokens(),
                source(TokenSource::ServerUsage),
            ],
        ),
        case(
            "usage at the end, unasked",
            bench(paced().usage(Usage::AtEnd)),
            [output_tokens(), input_tokens(), source(TokenSource::ServerUsage)],
        ),
        case(
            "no usage",
            bench(paced().usage(Usage::Never)),
            [
                notice(PreflightNotice::NoUsage),
                source(TokenSource::ChunkCount),
                output_tokens_are(48),
            ],
        ),
        case(
            "usage 5 too high",
            bench(paced().wrong_usage(5)),
            [source(TokenSource::ServerUsage), output_tokens_are(12 * (4 + 5))],
        ),
        case(
            "stream_options refused",
            bench(paced().fault(Fault::RejectStreamOptions)),
            [
                notice(PreflightNotice::NoStreamOptions),
                source(TokenSource::ChunkCount),
                completed(12),
                reached_server(2 + 12),
            ],
        ),
        case(
            "two choices",
            bench(paced()).field("n", 2),
            [output_tokens(), chunks(96)],
        ),
    ]
}
