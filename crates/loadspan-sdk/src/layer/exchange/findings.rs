//! What a response says of itself, whole or in pieces.

use loadspan_wire::semconv::attributes;

use super::call::Call;
use super::object::Object;
use super::question::texts;
use super::usage::Counts;

/// What a response says of itself. The last word counts.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) created: Option<u64>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
    counts: Option<Counts>,
    /// The usage as the server wrote it.
    pub(super) usage: Option<serde_json::Value>,
}

impl Findings {
    /// Reads a response, or a piece of one.
    pub(super) fn read(&mut self, response: &Object<'_>) {
        let update = |known: &mut Option<String>, name| {
            if let Some(text) = response.text(name) {
                *known = Some(text);
            }
        };
        update(&mut self.id, "id");
        update(&mut self.model, "model");
        update(&mut self.service_tier, "service_tier");
        update(&mut self.system_fingerprint, "system_fingerprint");
        self.created = self.created.or_else(|| response.get("created"));
        if let Some(usage) = response.object("usage") {
            self.counts = Counts::read(&usage).or(self.counts);
            self.usage = response.get("usage");
        }
    }

    /// Reads what is left of a response that was too long.
    pub(super) fn read_tail(&mut self, tail: &[u8]) {
        self.counts = Counts::find(tail);
    }

    pub(super) fn write_on(self, call: &Call) {
        if let Some(model) = &self.model {
            call.set_answering_model(model);
        }
        if let Some(counts) = self.counts {
            counts.write_on(call);
        }
        let words = [
            (attributes::GEN_AI_RESPONSE_ID, self.id),
            ("openai.response.service_tier", self.service_tier),
            ("openai.response.system_fingerprint", self.system_fingerprint),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                call.span.set_otel_attribute(name, word);
            }
        }
    }
}

/// Writes why the choices of a response ended.
pub(super) fn write_finish_reasons(call: &Call, reasons: Vec<String>) {
    if !reasons.is_empty() {
        call.span
            .set_otel_attribute(attributes::GEN_AI_RESPONSE_FINISH_REASONS, texts(reasons));
    }
}

/// Why the choices of a chat or completion ended.
pub(super) fn finish_reasons_of_choices(response: &Object<'_>) -> Vec<String> {
    let choices: Vec<Object<'_>> = response.objects("choices");
    choices
        .iter()
        .filter_map(|choice| choice.text("finish_reason"))
        .collect()
}

/// Why a response of the API of responses ended, in the words of chats.
pub(super) fn finish_reason_of_response(response: &Object<'_>) -> Option<String> {
    let calls_tools = || {
        response
            .objects("output")
            .iter()
            .any(|item| item.text("type").as_deref() == Some("function_call"))
    };
    let reason = match response.text("status")?.as_str() {
        "completed" if calls_tools() => "tool_calls",
        "completed" => "stop",
        "incomplete" => match response.object("incomplete_details")?.text("reason")?.as_str() {
            "max_output_tokens" => "length",
            "content_filter" => "content_filter",
            _ => return None,
        },
        "failed" => "error",
        _ => return None,
    };
    Some(reason.to_owned())
}

/// What a server says of an error: `{"error": {"message": …}}`, `{"error": …}`, `{"message": …}`, `{"detail": …}`.
pub(super) fn error_message(response: &Object<'_>) -> Option<String> {
    response
        .object("error")
        .and_then(|error| error.text("message"))
        .or_else(|| response.text("error"))
        .or_else(|| response.text("message"))
        .or_else(|| response.text("detail"))
        .or_else(|| response.raw("error").map(|error| error.get().to_owned()))
}
