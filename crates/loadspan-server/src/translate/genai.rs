//! Traces under OpenTelemetry's GenAI conventions, whatever convention their spans came in: the way back, for those who take nothing
//! else. Pure functions.
//!
//! A span is first given MLflow's words, as at its arrival, and then those of the conventions. What was said by another name before
//! is taken away; what the conventions have no name for stays as it came.

mod content;
mod packed;
mod renamed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::otlp::trace::Span;
use loadspan_wire::otlp::{ExportTraceServiceRequest, KeyValue, attribute};
use loadspan_wire::semconv::attributes::{self as names, SCHEMA_URL};
use loadspan_wire::semconv::genai::{Attributes, Operation, names as more, translate};

use self::content::Material;
use super::convention::Voices;
use super::source::{Families, Source, Trail};
use super::{Translated, span};

/// Events that older conventions have for what are attributes now.
const CONTENT_EVENTS: [&str; 6] = [
    "gen_ai.system.message",
    "gen_ai.user.message",
    "gen_ai.assistant.message",
    "gen_ai.choice",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];

/// Gives the spans of a request the names of the conventions. Ids, times, events, links, resources and scopes stay as they are; so do
/// spans that have these names already, or that do nothing the conventions know.
///
/// A scope without a schema has that of the conventions afterwards, if any of its spans was changed. `session` is that of the trace,
/// which clients of MLflow do not say on spans.
pub(crate) fn genai(mut request: ExportTraceServiceRequest, session: Option<&str>) -> ExportTraceServiceRequest {
    let scopes = request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans);
    for scope in scopes {
        let mut is_changed = false;
        for span in &mut scope.spans {
            if let Some(mut translated) = settled(span) {
                if let Some(session) = session {
                    Attributes(&mut translated.attributes).put(names::GEN_AI_CONVERSATION_ID, session);
                }
                *span = translated;
                is_changed = true;
            }
        }
        if is_changed && scope.schema_url.is_empty() {
            SCHEMA_URL.clone_into(&mut scope.schema_url);
        }
    }
    request
}

/// How often a span is read again at most. One that keeps words of another convention may say more by the names it has been given.
const READINGS: usize = 4;

/// A span under the conventions' names, such that whoever reads it again finds nothing to change. `None`: it stays as it is.
fn settled(original: &Span) -> Option<Span> {
    let mut span = conventional(original)?;
    for _ in 1..READINGS {
        match conventional(&span) {
            Some(again) if again != span => span = again,
            _ => break,
        }
    }
    Some(span)
}

/// A span under the conventions' names, read once. `None`: it stays as it is.
fn conventional(original: &Span) -> Option<Span> {
    let said = span(original);
    let named = named_operation(original);
    let span_type = type_of(original, &said);
    let operation = named.or_else(|| Operation::of_type(span_type.as_deref()?))?;
    if named.is_some() && is_current(original) {
        return None;
    }
    let mut span = original.clone();
    let mut target = Attributes(&mut span.attributes);
    packed::unpack(&mut target);
    let mut kept = packed::take_large(&mut target);
    if named.is_none() {
        kept.append(&mut take_strange(&mut target));
    }
    renamed::rename(&mut target, operation);
    let mut added = said.added;
    if let Some(span_type) = span_type {
        added.insert(keys::SPAN_TYPE, super::json::quoted(&span_type));
    }
    let lent = lend(&mut target, original, added);
    translate(&mut span);
    take_back(&mut span, &lent);
    Attributes(&mut span.attributes).put_all(kept);
    if named.is_some() {
        // Whoever knew the conventions named it as they do.
        span.name.clone_from(&original.name);
        span.kind = original.kind;
        span.status.clone_from(&original.status);
    }
    Some(span)
}

/// Takes away what a span says by the conventions' names that does not know their operations, and so their messages hardly: Gemini's
/// command line has operations and messages of its own.
fn take_strange(target: &mut Attributes<'_>) -> Vec<KeyValue> {
    let names = [
        names::GEN_AI_OPERATION_NAME,
        names::GEN_AI_INPUT_MESSAGES,
        names::GEN_AI_OUTPUT_MESSAGES,
    ];
    target
        .0
        .extract_if(.., |attribute| names.contains(&attribute.key.as_str()))
        .collect()
}

fn named_operation(span: &Span) -> Option<Operation> {
    Operation::of_word(Source::of(span).text(names::GEN_AI_OPERATION_NAME)?)
}

/// What a span is in MLflow's words, where these are more exact than its own.
fn type_of(span: &Span, said: &Translated) -> Option<String> {
    let source = Source::of(span);
    let of_vercel = source.text("ai.operationId");
    // What surrounds the calls of a model is no call of its own: its tokens would count twice.
    if of_vercel.is_some_and(|name| {
        name.starts_with("ai.") && !name.contains(".do") && said.span_type.as_deref() == Some("LLM")
    }) {
        return Some("AGENT".to_owned());
    }
    // Google's kit has no types, and spans of tools have an empty request beside the arguments.
    let of_kit = || match source.json(&["gcp.vertex.agent.tool_call_args"]) {
        Some(_) => Some("TOOL"),
        None => source.json(&["gcp.vertex.agent.llm_request"]).map(|_| "LLM"),
    };
    said.span_type.clone().or_else(|| of_kit().map(str::to_owned))
}

/// Whether a span that says what it does has nothing to say by an older name, or by another convention's.
fn is_current(span: &Span) -> bool {
    let source = Source::of(span);
    let has_older = || {
        span.attributes
            .iter()
            .any(|attribute| renamed::is_older(&attribute.key))
    };
    let has_events = || {
        span.events
            .iter()
            .any(|event| CONTENT_EVENTS.contains(&event.name.as_str()))
    };
    let has_content = || {
        let names = [names::GEN_AI_INPUT_MESSAGES, names::GEN_AI_OUTPUT_MESSAGES];
        names.iter().any(|name| source.get(name).is_some())
    };
    source.families() == Families::GENAI && !has_older() && (!has_events() || has_content())
}

/// An attribute in MLflow's words that a span is given for the time of its translation.
struct Lent {
    key: &'static str,
    /// Where what it says comes from.
    origins: Vec<String>,
}

/// Gives a span what it lacks in MLflow's words.
fn lend(target: &mut Attributes<'_>, original: &Span, added: BTreeMap<&'static str, String>) -> Vec<Lent> {
    let mut material = Material {
        added,
        origins: origins(original),
    };
    content::refine(target, original, &mut material);
    material
        .added
        .retain(|key, json| !packed::is_large(json) && !is_said(key, target, &material.origins));
    let lent = material.added.into_iter().map(|(key, json)| {
        // Only a type can be there already, which is less exact.
        target.remove(key);
        target.0.push(attribute(key, json));
        let origins = material.origins.remove(key).unwrap_or_default();
        Lent { key, origins }
    });
    lent.collect()
}

/// Whether nothing is left to say of an answer in MLflow's words. What another convention says beside the conventions' own names may be
/// something else, and stays as it came; and a count of tokens that came from these names would only add zeros.
fn is_said(key: &str, target: &Attributes<'_>, origins: &BTreeMap<&'static str, Vec<String>>) -> bool {
    let is_foreign = origins
        .get(key)
        .is_some_and(|read| read.iter().any(|origin| is_foreign(origin)));
    match key {
        keys::CHAT_TOKEN_USAGE => !is_foreign,
        _ => is_foreign && names_of(key).iter().any(|name| target.has(name)),
    }
}

/// The conventions' names for an attribute of MLflow that they have one for.
fn names_of(key: &str) -> &'static [&'static str] {
    match key {
        keys::SPAN_INPUTS => &[
            names::GEN_AI_INPUT_MESSAGES,
            more::GEN_AI_TOOL_CALL_ARGUMENTS,
            more::GEN_AI_RETRIEVAL_QUERY_TEXT,
        ],
        keys::SPAN_OUTPUTS => &[
            names::GEN_AI_OUTPUT_MESSAGES,
            more::GEN_AI_TOOL_CALL_RESULT,
            more::GEN_AI_RETRIEVAL_DOCUMENTS,
        ],
        keys::CHAT_TOOLS => &[names::GEN_AI_TOOL_DEFINITIONS],
        _ => &[],
    }
}

/// Where the answers to each question come from, by MLflow's name for what is asked.
fn origins(span: &Span) -> BTreeMap<&'static str, Vec<String>> {
    let trail = Trail::default();
    let source = Source::watched(span, &trail);
    let voices = Voices::hear(&source);
    let mut origins = BTreeMap::new();
    let mut note = |key, is_answered: bool| {
        let read = trail.take();
        if is_answered {
            origins.insert(key, read.into_iter().map(str::to_owned).collect());
        }
    };
    note(keys::SPAN_TYPE, voices.span_type().is_some());
    note(keys::SPAN_INPUTS, voices.inputs().is_some());
    note(keys::SPAN_OUTPUTS, voices.outputs().is_some());
    note(keys::CHAT_TOKEN_USAGE, voices.usage().is_some());
    note(keys::LLM_MODEL, voices.model().is_some());
    note(keys::LLM_PROVIDER, voices.provider().is_some());
    note(keys::CHAT_TOOLS, voices.tools().is_some());
    origins
}

/// Takes away what the span was lent, and the origins of what it has under the conventions' names now.
fn take_back(span: &mut Span, lent: &[Lent]) {
    let mut target = Attributes(&mut span.attributes);
    let (kept, replaced): (Vec<&Lent>, Vec<&Lent>) = lent.iter().partition(|lent| target.has(lent.key));
    let needed: Vec<&String> = kept.iter().flat_map(|lent| &lent.origins).collect();
    for origin in replaced.iter().flat_map(|lent| &lent.origins) {
        if !needed.contains(&origin) && is_foreign(origin) {
            target.remove(origin);
        }
    }
    for lent in kept {
        target.remove(lent.key);
    }
}

/// Whether an attribute can be said by another name. The conventions' own cannot, and the session is known by its own to many.
fn is_foreign(key: &str) -> bool {
    let is_own = key.starts_with("gen_ai.") && !renamed::is_older(key);
    !is_own && key != keys::SESSION_ID
}
