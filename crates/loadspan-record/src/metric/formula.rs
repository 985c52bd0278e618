//! The formula of each per-request metric.

use crate::{ChunkGaps, ConnectionUse, Metric, RequestRecord, RunOffset};

impl Metric {
    /// The value for one request: milliseconds, tokens, or tokens per second, as [`Metric::unit`] says.
    ///
    /// `None` unless the request completed and the figure exists for it; [`Metric::ScheduleLag`] and [`Metric::ConnectTime`]
    /// exist for failed requests, too. Always `None` for [`Metric::InterChunkLatency`], which has many values per request:
    /// they are the record's [`ChunkGaps`].
    #[must_use]
    pub fn of(self, record: &RequestRecord) -> Option<f64> {
        match self {
            Self::ScheduleLag => schedule_lag(record),
            Self::ConnectTime => connect_time(record),
            _ if record.outcome.is_completed() => self.of_completed(record),
            _ => None,
        }
    }

    fn of_completed(self, record: &RequestRecord) -> Option<f64> {
        let timings = &record.timings;
        match self {
            Self::TimeToFirstToken => since_sent(record, timings.first_token_at?),
            Self::TimeToFirstOutputToken => since_sent(record, timings.first_answer_token_at?),
            Self::TimeToSecondToken => time_to_second_token(record),
            Self::InterTokenLatency => inter_token_latency(record),
            Self::TimePerOutputToken => time_per_output_token(record),
            Self::RequestLatency => since_sent(record, end_of_output(record)),
            Self::ScheduledLatency => Some(end_of_output(record).millis_since(timings.scheduled_at)),
            Self::TimeToFirstByte => since_sent(record, timings.first_chunk_at?),
            Self::OutputTokenThroughputPerUser => inter_token_latency(record)
                .filter(|latency| *latency > 0.0)
                .map(|latency| 1e3 / latency),
            Self::OutputSequenceLength => record.tokens.output.map(f64::from),
            Self::InputSequenceLength => record.tokens.input.map(f64::from),
            Self::ReasoningTokenCount => record.tokens.reasoning.map(f64::from),
            Self::CachedInputTokens => record.tokens.cached_input.map(f64::from),
            Self::InterChunkLatency | Self::ScheduleLag | Self::ConnectTime => None,
        }
    }
}

impl RequestRecord {
    /// Output tokens that came after the first chunk: the divisor of the inter-token latency.
    ///
    /// The first chunk's own tokens are known only with usage in each chunk; otherwise each chunk is taken to carry its equal
    /// share. `None` with fewer than two chunks, without a count, or when nothing came after the first chunk.
    #[must_use]
    pub fn tokens_after_first_chunk(&self) -> Option<f64> {
        let output = f64::from(self.tokens.output?);
        if self.chunks < 2 {
            return None;
        }
        let first = self
            .tokens
            .first_chunk
            .map_or_else(|| output / f64::from(self.chunks), f64::from);
        Some(output - first).filter(|rest| *rest > 0.0)
    }
}

/// Where the output ended. What follows the last token (usage, `[DONE]`, the closing chunk) is no part of a latency.
fn end_of_output(record: &RequestRecord) -> RunOffset {
    record.timings.last_token_at.unwrap_or(record.timings.finished_at)
}

fn since_sent(record: &RequestRecord, point: RunOffset) -> Option<f64> {
    Some(point.millis_since(record.timings.sent_at?))
}

/// From the first token to the last. `None` where there is no stream or only one chunk of it: it shows no speed.
fn decode_time(record: &RequestRecord) -> Option<f64> {
    let first = record.timings.first_token_at?;
    (record.chunks >= 2).then(|| end_of_output(record).millis_since(first))
}

fn inter_token_latency(record: &RequestRecord) -> Option<f64> {
    Some(decode_time(record)? / record.tokens_after_first_chunk()?)
}

fn time_per_output_token(record: &RequestRecord) -> Option<f64> {
    let output = record.tokens.output.filter(|output| *output >= 2)?;
    // When all tokens came with the first chunk, what follows shows no speed.
    record.tokens_after_first_chunk()?;
    Some(decode_time(record)? / f64::from(output - 1))
}

fn time_to_second_token(record: &RequestRecord) -> Option<f64> {
    match &record.chunk_gaps {
        ChunkGaps::Each(gaps) => gaps.first().map(|gap| f64::from(*gap) / 1e3),
        ChunkGaps::Histogram { first, .. } => Some(f64::from(*first) / 1e3),
        ChunkGaps::None => None,
    }
}

fn schedule_lag(record: &RequestRecord) -> Option<f64> {
    Some(record.timings.sent_at?.millis_since(record.timings.scheduled_at))
}

fn connect_time(record: &RequestRecord) -> Option<f64> {
    match record.http.connection {
        ConnectionUse::Opened { connect_ns, tls_ns } => Some(connect_ns.saturating_add(tls_ns) as f64 / 1e6),
        ConnectionUse::Reused | ConnectionUse::Failed => None,
    }
}
