//! The responses API: typed events of a stream, and whole responses.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{ErrorField, Fragment, read_name, read_number};
use super::{Facts, NamedCall, Place, Unreadable, Usage};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    delta: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
    /// The place of an item among those of the output.
    #[serde(borrow, default)]
    output_index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    error: Option<ErrorField>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    output: Option<Vec<OutputItem<'a>>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<ErrorField>,
    #[serde(borrow, default)]
    incomplete_details: Option<IncompleteDetails<'a>>,
}

#[derive(Deserialize)]
struct IncompleteDetails<'a> {
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct OutputItem<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<Vec<Part<'a>>>,
    #[serde(borrow, default)]
    summary: Option<Vec<Part<'a>>>,
    #[serde(borrow, default)]
    arguments: Option<Fragment<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, alias = "refusal")]
    text: Option<Fragment<'a>>,
}

/// The API knows no choices.
const ANSWER: Place = Place::answer(0);
const REASONING: Place = Place::reasoning(0);

/// The facts of one event of a stream.
pub(super) fn read_event(data: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let event: Event<'_> = serde_json::from_slice(data)?;
    let mut facts = Facts::default();
    match &*event.kind {
        "response.output_text.delta" | "response.refusal.delta" => facts.add_fragment(ANSWER, event.delta),
        "response.function_call_arguments.delta" => {
            let number = read_number(event.output_index).unwrap_or(0);
            facts.add_fragment(Place::arguments(0, number), event.delta);
        }
        "response.output_item.added" => {
            // Its arguments are empty here and come as deltas. An item of another shape is of no interest.
            let item = event.item.and_then(|item| serde_json::from_str(item.get()).ok());
            if let Some(item) = item {
                name_call(&mut facts, read_number(event.output_index).unwrap_or(0), &item);
            }
        }
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" | "response.reasoning.delta" => {
            facts.add_fragment(REASONING, event.delta);
        }
        "response.completed" | "response.incomplete" | "response.failed" => {
            let response = event
                .response
                .ok_or_else(|| Unreadable(format!("`{}` without `response`", event.kind)))?;
            // Its output repeats what the deltas said.
            facts = conclusion(response).0;
            facts.done = true;
        }
        "error" => {
            let message = event.error.map(ErrorField::into_message).or(event.message);
            facts.error = Some(message.unwrap_or_else(|| "the server sent an error without a message".to_owned()));
        }
        _ => {
            if let Some(response) = event.response {
                (facts.id, facts.model) = (read_name(response.id), read_name(response.model));
            }
        }
    }
    Ok(facts)
}

/// The facts of a whole response.
pub(super) fn read_answer(body: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let (mut facts, output) = conclusion(serde_json::from_slice(body)?);
    if output.is_none() && facts.error.is_none() {
        return Err(Unreadable("it has no `output`".to_owned()));
    }
    for (number, item) in (0..).zip(output.unwrap_or_default()) {
        let place = match &*item.kind {
            "reasoning" => REASONING,
            "function_call" => Place::arguments(0, number),
            _ => ANSWER,
        };
        name_call(&mut facts, number, &item);
        let parts = item.content.into_iter().chain(item.summary).flatten();
        for fragment in parts.filter_map(|part| part.text).chain(item.arguments) {
            facts.add_fragment(place, Some(fragment));
        }
    }
    Ok(facts)
}

fn name_call<'a>(facts: &mut Facts<'a>, number: u32, item: &OutputItem<'a>) {
    if item.kind == "function_call" {
        facts.name_call(NamedCall {
            choice: 0,
            number,
            id: read_name(item.call_id),
            name: read_name(item.name),
        });
    }
}

/// What a response says of its end, and its output.
fn conclusion(response: Response<'_>) -> (Facts<'_>, Option<Vec<OutputItem<'_>>>) {
    let failed = response.status.as_deref() == Some("failed");
    let error = response.error.map(ErrorField::into_message);
    let facts = Facts {
        id: read_name(response.id),
        model: read_name(response.model),
        usage: response.usage,
        usage_is_final: true,
        error: error.or_else(|| failed.then(|| "the response failed".to_owned())),
        finish_reason: response
            .incomplete_details
            .and_then(|details| details.reason)
            .or(response.status),
        ..Facts::default()
    };
    (facts, response.output)
}

#[cfg(test)]
mod tests {
    use super::super::Channel;
    use super::*;

    fn event(json: &'static str) -> Facts<'static> {
        read_event(json.as_bytes()).unwrap()
    }

    #[test]
    fn deltas_are_output_in_their_channel() {
        let channel = |json| event(json).output;
        assert_eq!(
            channel(r#"{"type":"response.output_text.delta","delta":"a"}"#),
            Some(Channel::Answer)
        );
        assert_eq!(channel(r#"{"type":"response.output_text.delta","delta":""}"#), None);
        assert_eq!(
            channel(r#"{"type":"response.reasoning_text.delta","delta":"a"}"#),
            Some(Channel::Reasoning)
        );
        assert_eq!(
            channel(r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#),
            Some(Channel::Answer)
        );
        assert_eq!(channel(r#"{"type":"response.output_item.added","item":{}}"#), None);
    }

    #[test]
    fn the_end_brings_usage_and_status() {
        let end = event(
            r#"{"type":"response.completed","response":{"id":"r","status":"completed","output":[],"usage":
               {"input_tokens":3,"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2}}}}"#,
        );
        assert!(end.done && end.error.is_none());
        assert_eq!(
            (end.usage.unwrap().completion_tokens, end.usage.unwrap().reasoning()),
            (Some(5), Some(2))
        );
        let cut = event(
            r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#,
        );
        assert_eq!(cut.finish_reason.as_deref(), Some("max_output_tokens"));
    }

    #[test]
    fn the_first_event_has_the_id_and_the_model() {
        let created = event(
            r#"{"type":"response.created","response":{"id":"r","model":"m","status":"in_progress","output":[]}}"#,
        );
        assert_eq!(
            (created.id.as_deref(), created.model.as_deref()),
            (Some("r"), Some("m"))
        );
        assert_eq!(created.finish_reason, None);
    }

    #[test]
    fn tool_calls_are_told_apart_by_their_items() {
        let added = event(
            r#"{"type":"response.output_item.added","output_index":2,
                "item":{"type":"function_call","id":"fc","call_id":"a","name":"look","arguments":""}}"#,
        );
        assert_eq!(added.output, None);
        let named = &added.tool_calls[0];
        assert_eq!(
            (named.number, named.id.as_deref(), named.name.as_deref()),
            (2, Some("a"), Some("look"))
        );
        let part = event(r#"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{"}"#);
        assert_eq!(part.text.pieces()[0].place, Place::arguments(0, 2));
        let whole = read_answer(
            br#"{"status":"completed","output":[{"type":"function_call","call_id":"a","name":"look","arguments":"{}"}]}"#,
        )
        .unwrap();
        assert_eq!(whole.tool_calls[0].id.as_deref(), Some("a"));
        assert_eq!(whole.text.pieces()[0].place, Place::arguments(0, 0));
    }

    #[test]
    fn failures_are_errors() {
        assert_eq!(
            event(r#"{"type":"error","message":"boom"}"#).error.as_deref(),
            Some("boom")
        );
        let failed = event(r#"{"type":"response.failed","response":{"status":"failed","error":{"message":"boom"}}}"#);
        assert_eq!(failed.error.as_deref(), Some("boom"));
    }

    #[test]
    fn a_whole_response_has_its_output_in_items() {
        let body = br#"{"id":"r","status":"completed","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
            {"type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":{"output_tokens":2}}"#;
        let facts = read_answer(body).unwrap();
        assert_eq!((facts.output, facts.id.as_deref()), (Some(Channel::Answer), Some("r")));
        let pieces = facts
            .text
            .pieces()
            .iter()
            .map(|piece| (piece.place.channel, &*piece.text));
        assert!(pieces.eq([(Channel::Reasoning, "hm"), (Channel::Answer, "hi")]));
        assert!(read_answer(b"{}").is_err());
    }
}
