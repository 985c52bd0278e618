//! What was observed of a request, in the vocabularies that were asked for.

use std::borrow::Cow;
use std::fmt::Write;

use loadspan_record::{ConnectionUse, Metric, Outcome, OutputText, RequestRecord, TokenSource};
use loadspan_wire::semconv::attributes as names;

use super::super::attributes::Attributes;
use super::super::content::output_messages;
use super::super::parameters::LengthSource;
use super::{RequestSpan, RunPart, Sampling};
use crate::Operation;
use crate::config::ContentCapture;
use crate::traces::hierarchy::{conversation_of, started_at};

impl RunPart {
    /// What is known of this request alone. `scratch` is memory for ids.
    pub(super) fn write_observed(&self, span: &RequestSpan<'_>, attributes: &mut Attributes, scratch: &mut String) {
        let record = span.record;
        if let Some(server) = self.servers.get(usize::from(record.target)) {
            attributes.text(names::SERVER_ADDRESS, &server.host);
            attributes.int(names::SERVER_PORT, i64::from(server.port));
        }
        match &record.outcome {
            Outcome::Completed => {}
            Outcome::Failed(failure) => {
                attributes.text(names::ERROR_TYPE, formatted(scratch, failure.kind));
                if self.style.has_inference_perf() {
                    attributes.optional_text(names::ERROR_MESSAGE, failure.message.as_deref());
                }
            }
            Outcome::Cancelled => attributes.text(names::ERROR_TYPE, "cancelled"),
        }
        attributes.optional_int(names::GEN_AI_REQUEST_MAX_TOKENS, max_tokens(span));
        if self.style.has_conventions() {
            self.write_conventions(span, attributes, scratch);
        }
        if self.style.has_inference_perf() {
            self.write_inference_perf(record, attributes);
        }
        attributes.optional_int(names::HTTP_RESPONSE_STATUS_CODE, record.http.status.map(i64::from));
        if let Some(id) = record.http.server_request_id.as_deref() {
            attributes.texts(names::HTTP_RESPONSE_HEADER_X_REQUEST_ID, std::iter::once(id));
        }
        self.write_own(span, attributes, scratch);
        write_times(record, attributes);
        if self.content == ContentCapture::On {
            self.write_content(span, attributes);
        }
    }

    fn write_conventions(&self, span: &RequestSpan<'_>, attributes: &mut Attributes, scratch: &mut String) {
        let record = span.record;
        attributes.optional_text(names::GEN_AI_RESPONSE_ID, record.response_id.as_deref());
        attributes.optional_text(names::GEN_AI_RESPONSE_MODEL, record.response_model.as_deref());
        if let Some(reason) = self.finish_reason(record) {
            attributes.texts(names::GEN_AI_RESPONSE_FINISH_REASONS, std::iter::once(reason));
        }
        if self.is_streamed(span.parameters) {
            let seconds = time_to_first_chunk(record);
            attributes.optional_float(names::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, seconds);
        }
        let tokens = &record.tokens;
        for (name, count) in [
            (names::GEN_AI_USAGE_INPUT_TOKENS, tokens.input),
            (names::GEN_AI_USAGE_OUTPUT_TOKENS, counted_output(record)),
            (names::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, tokens.cached_input),
            (names::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, tokens.reasoning),
        ] {
            attributes.optional_int(name, count.map(i64::from));
        }
        if let Some(session) = conversation_of(record) {
            let id = formatted(scratch, format_args!("{}-s{session}", self.run_id));
            attributes.text(names::GEN_AI_CONVERSATION_ID, id);
        }
    }

    fn write_inference_perf(&self, record: &RequestRecord, attributes: &mut Attributes) {
        let (input, output) = (
            record.tokens.input.map(i64::from),
            counted_output(record).map(i64::from),
        );
        attributes.optional_int(names::GEN_AI_USAGE_PROMPT_TOKENS, input);
        attributes.optional_int(names::GEN_AI_USAGE_COMPLETION_TOKENS, output);
        let total = input.zip(output).map(|(input, output)| input + output);
        attributes.optional_int(names::LLM_USAGE_TOTAL_TOKENS, total);
        let whole = || record.timings.finished_at.nanos_since(started_at(record)) as f64 / 1e9;
        let latency = seconds(Metric::RequestLatency, record).unwrap_or_else(whole);
        attributes.float(names::GEN_AI_RESPONSE_TOTAL_LATENCY, latency);
        let first = seconds(Metric::TimeToFirstToken, record);
        attributes.optional_float(names::GEN_AI_RESPONSE_TIME_TO_FIRST_TOKEN, first);
        let each = seconds(Metric::TimePerOutputToken, record);
        attributes.optional_float(names::GEN_AI_RESPONSE_TIME_PER_OUTPUT_TOKEN, each);
        attributes.optional_text(names::GEN_AI_RESPONSE_FINISH_REASON, self.finish_reason(record));
    }

    fn write_own(&self, span: &RequestSpan<'_>, attributes: &mut Attributes, scratch: &mut String) {
        let record = span.record;
        attributes.text(names::LOADSPAN_REQUEST_ID, formatted(scratch, record.id));
        attributes.text(names::LOADSPAN_PHASE, record.phase.as_str());
        attributes.int(names::LOADSPAN_STAGE, i64::from(record.stage));
        attributes.optional_int(names::LOADSPAN_SESSION, record.session.map(saturating));
        attributes.optional_int(names::LOADSPAN_TURN, record.turn.map(i64::from));
        let chunks = (record.chunks > 0).then(|| i64::from(record.chunks));
        attributes.optional_int(names::LOADSPAN_CHUNKS, chunks);
        let source = record.tokens.source.map(TokenSource::as_str);
        attributes.optional_text(names::LOADSPAN_TOKEN_SOURCE, source);
        if let Some(slo) = self.slo.as_ref().filter(|_| record.outcome.is_completed()) {
            attributes.boolean(names::LOADSPAN_SLO_MET, slo.is_met_by(record));
        }
        match span.sampling {
            Sampling::Sampled => {}
            Sampling::KeptError => attributes.text(names::LOADSPAN_KEPT, "error"),
            Sampling::KeptSlowest => attributes.text(names::LOADSPAN_KEPT, "slowest"),
        }
    }

    fn write_content(&self, span: &RequestSpan<'_>, attributes: &mut Attributes) {
        if let Some(content) = &span.parameters.content {
            // One name, two documents: where both vocabularies are asked for, the convention's is the one that is specified.
            if self.style.has_conventions() {
                attributes.text(names::GEN_AI_INPUT_MESSAGES, &content.messages);
                let instructions = content.system_instructions.as_deref();
                attributes.optional_text(names::GEN_AI_SYSTEM_INSTRUCTIONS, instructions);
                attributes.optional_text(names::GEN_AI_TOOL_DEFINITIONS, content.tool_definitions.as_deref());
            } else {
                attributes.text(names::GEN_AI_INPUT_MESSAGES, &content.verbatim);
            }
        }
        let Some(output) = span.output.filter(|output| !output.is_empty()) else {
            return;
        };
        if self.style.has_conventions() {
            let messages = output_messages(output, self.finish_reason(span.record));
            attributes.text(names::GEN_AI_OUTPUT_MESSAGES, &messages);
        }
        if self.style.has_inference_perf() {
            attributes.text(names::GEN_AI_OUTPUT_TEXT, &answer_text(output));
        }
    }

    /// The finish reason; `error` where a response began and did not end well. Embeddings have none.
    fn finish_reason<'r>(&self, record: &'r RequestRecord) -> Option<&'r str> {
        let is_broken = !record.outcome.is_completed() && record.http.status.is_some();
        let broken = || is_broken.then_some("error");
        let reason = record.finish_reason.as_deref().or_else(broken);
        match self.operation {
            Operation::Embeddings => None,
            Operation::Responses => reason.map(finish_reason_of_response),
            Operation::Chat | Operation::Completions => reason,
        }
    }
}

/// What inference-perf has as the text of an answer: the arguments of tool calls, too.
fn answer_text(output: &OutputText) -> Cow<'_, str> {
    let calls = output.tool_calls.iter().map(|call| call.arguments.as_str());
    match output.tool_calls.as_slice() {
        [] => Cow::Borrowed(&output.answer),
        _ => std::iter::once(output.answer.as_str()).chain(calls).collect(),
    }
}

/// The responses API has states where the conventions want reasons.
fn finish_reason_of_response(state: &str) -> &str {
    match state {
        "completed" => "stop",
        "max_output_tokens" | "incomplete" => "length",
        other => other,
    }
}

/// Times that the conventions have no name for.
fn write_times(record: &RequestRecord, attributes: &mut Attributes) {
    let lag = seconds(Metric::ScheduleLag, record);
    attributes.optional_float(names::LOADSPAN_SCHEDULE_LAG, lag);
    let held_back = (record.held_back_ns > 0).then(|| record.held_back_ns as f64 / 1e9);
    attributes.optional_float(names::LOADSPAN_HELD_BACK, held_back);
    let connection = match record.http.connection {
        ConnectionUse::Reused => None,
        ConnectionUse::Opened { .. } => Some("opened"),
        ConnectionUse::Failed => Some("failed"),
    };
    attributes.optional_text(names::LOADSPAN_CONNECTION, connection);
    let connecting = seconds(Metric::ConnectTime, record);
    attributes.optional_float(names::LOADSPAN_CONNECT_TIME, connecting);
    let first = seconds(Metric::TimeToFirstToken, record);
    attributes.optional_float(names::LOADSPAN_TIME_TO_FIRST_TOKEN, first);
    let each = seconds(Metric::TimePerOutputToken, record);
    attributes.optional_float(names::LOADSPAN_TIME_PER_OUTPUT_TOKEN, each);
}

/// `value` as text, in the memory of `scratch`.
fn formatted(scratch: &mut String, value: impl std::fmt::Display) -> &str {
    scratch.clear();
    // Writing to a string cannot fail.
    let _ = write!(scratch, "{value}");
    scratch
}

/// A metric of time, which is in milliseconds, in seconds.
fn seconds(metric: Metric, record: &RequestRecord) -> Option<f64> {
    metric.of(record).map(|millis| millis / 1e3)
}

/// The body of an error is no chunk of a stream.
fn time_to_first_chunk(record: &RequestRecord) -> Option<f64> {
    let is_stream = record.http.status.is_some_and(|status| (200..300).contains(&status));
    let first = record.timings.first_chunk_at.filter(|_| is_stream)?;
    Some(first.nanos_since(record.timings.sent_at?) as f64 / 1e9)
}

/// Output tokens, if somebody counted tokens: a number of chunks must not be reported as one of tokens.
fn counted_output(record: &RequestRecord) -> Option<u32> {
    let source = record.tokens.source?;
    record.tokens.output.filter(|_| source != TokenSource::ChunkCount)
}

fn max_tokens(span: &RequestSpan<'_>) -> Option<i64> {
    let sent = span.parameters.max_tokens;
    match span.parameters.length_source {
        LengthSource::Body => sent,
        // A body without a bound has none, whatever length was hoped for.
        LengthSource::Record => sent.map(|sent| span.record.tokens.requested_output.map_or(sent, i64::from)),
    }
}

fn saturating(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
