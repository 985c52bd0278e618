//! What can be checked of a run. Each check is a function from what the two sides know to a [`Finding`].
//!
//! Where times are compared, the server's own time stamps of each request are what is expected, so that a busy machine, on which
//! the server is late as well, does not fail a client that measures right.

use std::fmt;

use loadspan_loadgen::preflight::PreflightNotice;
use loadspan_record::{ChunkGaps, FailureKind, Metric, RequestRecord, RunOffset, TokenSource};
use loadspan_testkit::{Truth, TruthOutcome};

use super::evidence::Evidence;
use super::finding::{Finding, Tolerance, Unit, Value};

/// How far a latency may be from the server's truth, in milliseconds: the way through the loopback device and two wake-ups.
pub(super) const TIMING: Tolerance = Tolerance::Within(1.0);
/// How late a deadline may be, in milliseconds.
const DEADLINE: Tolerance = Tolerance::Within(15.0);

/// One thing that is compared in a run.
pub(super) struct Check(Box<dyn Fn(&Evidence) -> Finding>);

impl Check {
    pub(super) fn new(compare: impl Fn(&Evidence) -> Finding + 'static) -> Self {
        Self(Box::new(compare))
    }

    /// The same with another tolerance.
    pub(super) fn allowing(self, tolerance: Tolerance) -> Self {
        Self::new(move |evidence| Finding {
            tolerance,
            ..self.apply(evidence)
        })
    }

    pub(super) fn apply(&self, evidence: &Evidence) -> Finding {
        (self.0)(evidence)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check")
    }
}

/// Time to first token, against the server's.
pub(super) fn first_token() -> Check {
    timed("time to first token", Metric::TimeToFirstToken, |truth| {
        since_arrival(truth, truth.first_token_ns)
    })
}

/// Time to the first answer token, against the server's.
pub(super) fn first_answer() -> Check {
    timed("time to first answer", Metric::TimeToFirstOutputToken, |truth| {
        since_arrival(truth, truth.first_answer_token_ns)
    })
}

/// Time to the first byte of the body, against the server's first byte.
pub(super) fn first_byte() -> Check {
    timed("time to first byte", Metric::TimeToFirstByte, |truth| {
        since_arrival(truth, truth.first_byte_ns)
    })
}

/// Latency of the request, which ends with its last token.
pub(super) fn latency() -> Check {
    timed("request latency", Metric::RequestLatency, |truth| {
        since_arrival(truth, truth.last_token_ns)
    })
}

/// Inter-token latency: the server's decode time over the tokens after the first chunk.
pub(super) fn inter_token(tokens_after_first_chunk: u32) -> Check {
    timed("inter-token latency", Metric::InterTokenLatency, move |truth| {
        Some(decode_ms(truth)? / f64::from(tokens_after_first_chunk))
    })
}

/// Time per output token: the server's decode time over the tokens less one.
pub(super) fn per_output_token() -> Check {
    timed("time per output token", Metric::TimePerOutputToken, |truth| {
        Some(decode_ms(truth)? / f64::from(truth.tokens.checked_sub(1)?))
    })
}

/// Mean gap between chunks: the server's decode time over the number of gaps.
pub(super) fn inter_chunk(gaps: u32) -> Check {
    paired("inter-chunk latency", mean_gap_ms, move |truth| {
        Some(decode_ms(truth)? / f64::from(gaps))
    })
}

/// A figure that no request has.
pub(super) fn absent(metric: Metric) -> Check {
    Check::new(move |evidence| {
        let found = evidence.summary.metrics.get(metric).map(|figure| figure.p50);
        Finding::absent(metric.title().to_lowercase(), found)
    })
}

/// How long requests that hit a deadline took after `since`.
pub(super) fn given_up_after(deadline_ms: f64, since: fn(&RequestRecord) -> Option<RunOffset>) -> Check {
    Check::new(move |evidence| {
        let waits = evidence
            .measured()
            .filter_map(|record| Some(record.timings.finished_at.millis_since(since(record)?)));
        let measured = median(waits.collect());
        Finding::number("given up after", Unit::Millis, (deadline_ms, measured), DEADLINE)
    })
}

/// Requests that completed.
pub(super) fn completed(requests: u64) -> Check {
    Check::new(move |evidence| Finding::count("requests completed", requests, evidence.summary.counts.completed))
}

/// Requests that failed in this class.
pub(super) fn failed(kind: FailureKind, requests: u64) -> Check {
    Check::new(move |evidence| Finding::count(kind.to_string(), requests, failures(evidence, kind)))
}

/// Requests that failed in this class, against those that the server made fail in this way.
pub(super) fn failed_as_served(kind: FailureKind, outcome: TruthOutcome) -> Check {
    Check::new(move |evidence| {
        let served = evidence.truths().filter(|truth| truth.outcome == outcome).count();
        Finding::count(kind.to_string(), served as u64, failures(evidence, kind))
    })
}

/// Generation requests that reached the server, that of the preflight included: a hidden retry would be one more.
pub(super) fn reached_server(requests: u64) -> Check {
    Check::new(move |evidence| {
        let reached = evidence
            .seen
            .stats
            .as_ref()
            .map_or(0, |stats| stats.generation_requests);
        Finding::count("requests the server saw", requests, reached)
    })
}

/// Output tokens of all requests, as the server sent them.
pub(super) fn output_tokens() -> Check {
    Check::new(|evidence| {
        let sent = evidence.pairs().map(|(_, truth)| u64::from(truth.tokens)).sum();
        Finding::count("output tokens", sent, evidence.summary.tokens.output_total)
    })
}

/// Output tokens of all requests, when they are not what was sent.
pub(super) fn output_tokens_are(tokens: u64) -> Check {
    Check::new(move |evidence| Finding::count("output tokens", tokens, evidence.summary.tokens.output_total))
}

/// Input tokens of all requests, as the server counted them.
pub(super) fn input_tokens() -> Check {
    Check::new(|evidence| {
        let counted = evidence.pairs().map(|(_, truth)| u64::from(truth.prompt_tokens)).sum();
        Finding::count("input tokens", counted, evidence.summary.tokens.input_total)
    })
}

/// Chunks with output, over all requests.
pub(super) fn chunks(chunks: u64) -> Check {
    Check::new(move |evidence| {
        let seen = evidence.measured().map(|record| u64::from(record.chunks)).sum();
        Finding::count("chunks with output", chunks, seen)
    })
}

/// Who counted the output tokens of every request.
pub(super) fn source(source: TokenSource) -> Check {
    Check::new(move |evidence| {
        let shares = &evidence.summary.tokens.source_share;
        let named: Vec<_> = shares.keys().map(String::as_str).collect();
        Finding::label("tokens counted by", source.as_str(), named.join(", "))
    })
}

/// What the preflight found out, beside the model.
pub(super) fn notice(expected: PreflightNotice) -> Check {
    Check::new(move |evidence| {
        let found = if evidence.seen.notices.contains(&expected) {
            "yes"
        } else {
            "no"
        };
        Finding::label("preflight says so", "yes", found)
    })
}

/// A metric of each request against a time of the server's.
pub(super) fn timed(figure: &'static str, metric: Metric, server: impl Fn(&Truth) -> Option<f64> + 'static) -> Check {
    paired(figure, move |record| metric.of(record), server)
}

/// A time of each request against the server's. Shown is the request whose error is the median one.
fn paired(
    figure: &'static str,
    client: impl Fn(&RequestRecord) -> Option<f64> + 'static,
    server: impl Fn(&Truth) -> Option<f64> + 'static,
) -> Check {
    Check::new(move |evidence| {
        let both = evidence
            .pairs()
            .filter_map(|(record, truth)| Some((server(truth)?, client(record)?)));
        match median_error(both.collect()) {
            Some(both) => Finding::number(figure, Unit::Millis, both, TIMING),
            None => Finding::number(figure, Unit::Millis, (f64::NAN, Value::Absent), TIMING),
        }
    })
}

/// The pair whose two numbers are the median distance apart.
fn median_error(mut pairs: Vec<(f64, f64)>) -> Option<(f64, f64)> {
    let error = |(expected, measured): &(f64, f64)| (measured - expected).abs();
    pairs.sort_unstable_by(|one, other| error(one).total_cmp(&error(other)));
    pairs.get(pairs.len() / 2).copied()
}

/// The middle value, the upper one of two. `None` of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Milliseconds from the arrival of a request to a moment of the server's clock.
fn since_arrival(truth: &Truth, moment_ns: Option<u64>) -> Option<f64> {
    Some(millis(truth.arrived_ns, moment_ns?))
}

/// Milliseconds from the first token to the last.
fn decode_ms(truth: &Truth) -> Option<f64> {
    Some(millis(truth.first_token_ns?, truth.last_token_ns?))
}

/// Milliseconds between two moments of the server's clock; negative when the second came first.
pub(super) fn millis(from_ns: u64, to_ns: u64) -> f64 {
    (to_ns as f64 - from_ns as f64) / 1e6
}

fn mean_gap_ms(record: &RequestRecord) -> Option<f64> {
    let ChunkGaps::Each(gaps) = &record.chunk_gaps else {
        return None;
    };
    let sum: f64 = gaps.iter().copied().map(f64::from).sum();
    Some(sum / gaps.len() as f64 / 1e3)
}

fn failures(evidence: &Evidence, kind: FailureKind) -> u64 {
    evidence
        .summary
        .counts
        .by_error
        .get(&kind.to_string())
        .copied()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_error_belongs_to_one_request() {
        let pairs = vec![(10.0, 10.1), (20.0, 29.0), (30.0, 30.3)];
        assert_eq!(median_error(pairs), Some((30.0, 30.3)));
        assert_eq!(median_error(Vec::new()), None);
    }

    #[test]
    fn an_error_to_one_side_does_not_make_up_for_one_to_the_other() {
        let pairs = vec![(10.0, 5.0), (10.0, 15.0), (10.0, 5.0)];
        assert_eq!(
            median_error(pairs).map(|(expected, measured)| (measured - expected).abs()),
            Some(5.0)
        );
    }

    #[test]
    fn a_moment_before_another_is_a_negative_time_away() {
        assert_eq!(
            (millis(3_000_000, 1_000_000), median(vec![3.0, 1.0, 2.0])),
            (-2.0, Some(2.0))
        );
    }
}
