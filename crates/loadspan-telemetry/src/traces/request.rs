//! The span of a request.

mod asked;
mod observed;

use loadspan_record::{Outcome, OutputText, RequestRecord, RunOffset, Slo};
use loadspan_wire::otlp::trace::span::SpanKind;
use loadspan_wire::semconv::attributes as names;

use super::attributes::{Attributes, TextLimit};
use super::hierarchy::{Place, started_at, trace_id_of};
use super::parameters::RequestParameters;
use super::span::{ATTRIBUTES, SpanContext, SpanHead, SpanWriter};
use crate::config::{AttributeStyle, ContentCapture};
use crate::{Operation, RunIdentity, ServerAddress};

/// Writes the spans of requests. What they have in common is encoded once.
#[derive(Debug)]
pub(super) struct RequestSpans {
    pub(super) run: RunPart,
    prepared: Option<Prepared>,
    /// Memory for ids.
    scratch: String,
}

/// What the span of a request takes from its run.
#[derive(Debug)]
pub(super) struct RunPart {
    pub(super) style: AttributeStyle,
    pub(super) content: ContentCapture,
    pub(super) provider: String,
    pub(super) operation: Operation,
    pub(super) model: String,
    pub(super) streaming: bool,
    pub(super) run_id: String,
    pub(super) servers: Vec<ServerAddress>,
    pub(super) slo: Option<Slo>,
    pub(super) start_unix_ns: u64,
}

/// What the spans of requests with the same parameters have in common.
#[derive(Debug)]
struct Prepared {
    provider: String,
    parameters: RequestParameters,
    text_limit: TextLimit,
    name: String,
    attributes: Attributes,
}

/// A request whose span is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestSpan<'a> {
    pub(super) record: &'a RequestRecord,
    pub(super) parameters: &'a RequestParameters,
    pub(super) output: Option<&'a OutputText>,
    pub(super) place: Place,
    pub(super) sampling: Sampling,
}

/// Why a span is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampling {
    /// It was sampled.
    Sampled,
    /// It was not, but it failed.
    KeptError,
    /// It was not, but it is among the slowest.
    KeptSlowest,
}

/// Text of a span that does not fit into a payload is cut to this length first, in bytes.
const FIRST_CUT: usize = 512 * 1024;

impl RequestSpans {
    pub(super) fn new(run: RunPart) -> Self {
        Self {
            run,
            prepared: None,
            scratch: String::new(),
        }
    }

    /// Writes a span of at most `longest` bytes: where it would be longer, its longest texts are cut.
    pub(super) fn write(&mut self, span: &RequestSpan<'_>, longest: usize, writer: &mut SpanWriter) {
        let mut bytes = usize::MAX;
        while self.encode(span, writer.text_limit(bytes), writer) > longest && bytes > 0 {
            bytes = FIRST_CUT.min(bytes / 2);
        }
    }

    /// The length of the span with its texts cut to `limit`.
    fn encode(&mut self, span: &RequestSpan<'_>, limit: TextLimit, writer: &mut SpanWriter) -> usize {
        let record = span.record;
        let times = Times::of(record, self.run.start_unix_ns);
        let prepared = prepared(&mut self.prepared, &self.run, span, limit);
        writer.begin(limit);
        writer.attributes.extend(&prepared.attributes);
        self.run.write_observed(span, &mut writer.attributes, &mut self.scratch);
        write_events(record, times, writer);
        if let Place::Linked(above) = span.place {
            writer.link(above.context, &[(names::LOADSPAN_LINK, above.kind)]);
        }
        match &record.outcome {
            Outcome::Completed => {}
            Outcome::Failed(failure) => writer.fail(failure.message.as_deref().unwrap_or_default()),
            Outcome::Cancelled => writer.fail("the run ended before the response did"),
        }
        writer.finish(&SpanHead {
            context: SpanContext {
                trace_id: trace_id_of(record),
                span_id: record.span_id.max(1),
                sampled: span.sampling == Sampling::Sampled,
            },
            parent: match span.place {
                Place::Below(parent) => Some(parent),
                Place::Linked(_) => None,
            },
            name: &prepared.name,
            kind: SpanKind::Client,
            start: times.start,
            end: times.end,
        })
    }
}

impl RunPart {
    pub(super) fn new(run: &RunIdentity, style: AttributeStyle, content: ContentCapture, provider: String) -> Self {
        Self {
            style,
            content,
            provider,
            operation: run.operation,
            model: run.model.clone(),
            streaming: run.streaming,
            run_id: run.run_id.clone(),
            servers: run.servers.clone(),
            slo: run.slo.clone(),
            start_unix_ns: run.start_unix_ns,
        }
    }
}

impl RunPart {
    fn provider_of(&self, target: u16) -> &str {
        let server = self.servers.get(usize::from(target));
        server
            .and_then(|server| server.provider.as_deref())
            .unwrap_or(&self.provider)
    }
}

/// What is in common, encoded anew only when it is not what it was for the request before.
fn prepared<'p>(
    last: &'p mut Option<Prepared>,
    run: &RunPart,
    span: &RequestSpan<'_>,
    limit: TextLimit,
) -> &'p Prepared {
    let (parameters, provider) = (span.parameters, run.provider_of(span.record.target));
    let fits =
        |last: &Prepared| last.text_limit == limit && last.provider == provider && last.parameters == *parameters;
    let reusable = last.take().filter(fits);
    last.insert(reusable.unwrap_or_else(|| {
        let mut attributes = Attributes::new(ATTRIBUTES, usize::MAX, limit);
        run.write_asked(provider, parameters, &mut attributes);
        let model = parameters.model.as_ref().unwrap_or(&run.model);
        Prepared {
            provider: provider.to_owned(),
            name: format!("{} {model}", run.operation.gen_ai_name()),
            parameters: parameters.clone(),
            text_limit: limit,
            attributes,
        }
    }))
}

/// When a span begins and ends, on the wall clock in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Times {
    run_start: u64,
    start: u64,
    end: u64,
}

impl Times {
    fn of(record: &RequestRecord, run_start: u64) -> Self {
        let start = run_start.saturating_add(started_at(record).as_nanos());
        let end = run_start.saturating_add(record.timings.finished_at.as_nanos());
        Self {
            run_start,
            start,
            end: end.max(start),
        }
    }

    /// A moment within the span.
    fn at(self, offset: RunOffset) -> u64 {
        self.run_start
            .saturating_add(offset.as_nanos())
            .clamp(self.start, self.end)
    }
}

fn write_events(record: &RequestRecord, times: Times, writer: &mut SpanWriter) {
    let timings = &record.timings;
    if let Some(first_chunk) = timings.first_chunk_at {
        writer.event(names::EVENT_FIRST_CHUNK, times.at(first_chunk), &[]);
    }
    if let Some(first_token) = timings.first_token_at {
        let is_answer = timings.first_answer_token_at == Some(first_token);
        let channel = if is_answer { "answer" } else { "reasoning" };
        let attributes = [(names::LOADSPAN_CHANNEL, channel)];
        writer.event(names::EVENT_FIRST_TOKEN, times.at(first_token), &attributes);
    }
    if record.outcome.is_completed() {
        let end = timings.last_token_at.unwrap_or(timings.finished_at);
        writer.event(names::EVENT_END_OF_OUTPUT, times.at(end), &[]);
    }
}
