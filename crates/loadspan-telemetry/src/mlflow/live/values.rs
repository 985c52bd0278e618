//! What live metrics say of one request.
//!
//! They agree with the histograms that go out over OTLP: every measured request has a duration, failed and cancelled ones, too; the
//! rest is of completed ones.

use loadspan_record::{ChunkGaps, Phase, RequestRecord, RunOffset, TokenCounts, TokenSource};

/// What is known of a measured request that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values {
    /// From its first byte to its end; where it was never sent, from when it was due.
    pub(super) duration_ns: u64,
    /// Tokens of the prompt.
    pub(super) input_tokens: Option<u32>,
    /// Tokens of the answer, if somebody counted tokens: chunks are none.
    pub(super) output_tokens: Option<u32>,
    /// From its first byte to the first chunk. Streams only.
    pub(super) first_chunk_ns: Option<u64>,
    /// The mean gap between its chunks. Streams of two chunks or more only.
    pub(super) chunk_gap_ns: Option<u64>,
}

impl Values {
    /// `None`: it was of warm-up.
    pub(super) fn of(record: &RequestRecord) -> Option<Self> {
        if record.phase != Phase::Measure {
            return None;
        }
        let timings = &record.timings;
        let began_at = timings.sent_at.unwrap_or(timings.scheduled_at);
        let duration_ns = timings.finished_at.nanos_since(began_at);
        if !record.outcome.is_completed() {
            return Some(Self {
                duration_ns,
                input_tokens: None,
                output_tokens: None,
                first_chunk_ns: None,
                chunk_gap_ns: None,
            });
        }
        let is_stream = timings.first_token_at.is_some();
        let since_sent = |at: RunOffset| timings.sent_at.map(|sent_at| at.nanos_since(sent_at));
        Some(Self {
            duration_ns,
            input_tokens: record.tokens.input,
            output_tokens: output(&record.tokens),
            first_chunk_ns: timings.first_chunk_at.filter(|_| is_stream).and_then(since_sent),
            chunk_gap_ns: mean_gap_ns(&record.chunk_gaps).filter(|_| is_stream),
        })
    }
}

fn output(tokens: &TokenCounts) -> Option<u32> {
    tokens.output.filter(|_| tokens.source != Some(TokenSource::ChunkCount))
}

fn mean_gap_ns(gaps: &ChunkGaps) -> Option<u64> {
    let (sum_us, count) = match gaps {
        ChunkGaps::None => (0, 0),
        ChunkGaps::Each(gaps) => (gaps.iter().map(|&gap| u64::from(gap)).sum(), gaps.len() as u64),
        ChunkGaps::Histogram { buckets, .. } => buckets.iter().fold((0, 0), |(sum, count), &(gap, times)| {
            let times = u64::from(times);
            (sum + u64::from(gap) * times, count + times)
        }),
    };
    // Whole nanoseconds, so that sums and orders do not depend on rounding.
    (sum_us * 1_000).checked_div(count)
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
