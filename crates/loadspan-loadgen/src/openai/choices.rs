//! Chat and text completions. Both answer with `choices`: a chat has its output in `delta` (chunks of a stream) or `message`
//! (whole answers), a text completion in `text`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{ErrorField, Fragment, read_name, read_number};
use super::{Facts, NamedCall, Place, Unreadable, Usage};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<ErrorField>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    text: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    /// The older form of a tool call.
    #[serde(borrow, default)]
    function_call: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<Fragment<'a>>,
}

/// The facts of a chunk or of a whole answer: they differ only in where the usage stands.
pub(super) fn read(data: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let chunk: Completion<'_> = serde_json::from_slice(data)?;
    if chunk.choices.is_none() && chunk.usage.is_none() && chunk.error.is_none() {
        return Err(Unreadable("it has neither `choices` nor `usage`".to_owned()));
    }
    let choices = chunk.choices.unwrap_or_default();
    let mut facts = Facts {
        id: read_name(chunk.id),
        model: read_name(chunk.model),
        usage: chunk.usage,
        ..Facts::default()
    };
    facts.error = chunk.error.map(ErrorField::into_message);
    facts.usage_is_final = choices.is_empty();
    for choice in choices {
        // Some servers write an empty reason where others write null.
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            facts.usage_is_final = true;
            facts.finish_reason.get_or_insert(reason);
        }
        let number = read_number(choice.index).unwrap_or(0);
        if let Some(delta) = choice.delta {
            add_delta(&mut facts, number, delta);
        }
        facts.add_fragment(Place::reasoning(number), choice.reasoning_content);
        facts.add_fragment(Place::answer(number), choice.text);
    }
    Ok(facts)
}

fn add_delta<'a>(facts: &mut Facts<'a>, choice: u32, delta: Delta<'a>) {
    // Servers that send both fill them with the same text; counting it twice would double its tokens.
    facts.add_fragment(Place::reasoning(choice), delta.reasoning_content.or(delta.reasoning));
    facts.add_fragment(Place::answer(choice), delta.content);
    facts.add_fragment(Place::answer(choice), delta.refusal);
    // Whole answers number nothing: there the place in the list counts.
    for (place, call) in (0..).zip(delta.tool_calls.unwrap_or_default()) {
        let number = read_number(call.index).unwrap_or(place);
        add_call(facts, (choice, number), call.id, call.function);
    }
    add_call(facts, (choice, 0), None, delta.function_call);
}

fn add_call<'a>(
    facts: &mut Facts<'a>,
    (choice, number): (u32, u32),
    id: Option<&'a RawValue>,
    function: Option<Function<'a>>,
) {
    let (name, arguments) = function.map_or((None, None), |function| (function.name, function.arguments));
    facts.name_call(NamedCall {
        choice,
        number,
        id: read_name(id),
        name: read_name(name),
    });
    facts.add_fragment(Place::arguments(choice, number), arguments);
}

#[cfg(test)]
mod tests {
    use super::super::{Channel, Piece, Text};
    use super::*;

    fn facts(json: &str) -> Facts<'_> {
        read(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_text_completion_has_its_output_in_the_choice() {
        assert_eq!(facts(r#"{"choices":[{"text":" a"}]}"#).output, Some(Channel::Answer));
        let last = facts(r#"{"choices":[{"text":"","finish_reason":"length"}],"usage":{"completion_tokens":3}}"#);
        assert_eq!(last.output, None);
        assert_eq!(last.finish_reason.as_deref(), Some("length"));
        assert!(last.usage_is_final);
    }

    #[test]
    fn the_id_and_the_model_are_those_of_the_body() {
        let chunk = facts(r#"{"id":"c-1","model":"org/\u006dodel","choices":[]}"#);
        assert_eq!(
            (chunk.id.as_deref(), chunk.model.as_deref()),
            (Some("c-1"), Some("org/model"))
        );
        for names in [
            r#""id":"","model":"""#,
            r#""id":null,"model":null"#,
            r#""id":7,"model":{"name":"m"}"#,
        ] {
            let json = format!(r#"{{{names},"choices":[]}}"#);
            let chunk = facts(&json);
            assert_eq!((chunk.id, chunk.model), (None, None), "{names}");
        }
    }

    #[test]
    fn an_empty_finish_reason_is_none() {
        let growing = facts(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}],"usage":{}}"#);
        assert!(growing.finish_reason.is_none() && !growing.usage_is_final);
    }

    #[test]
    fn role_only_and_empty_chunks_are_no_output() {
        for delta in [
            r#"{"role":"assistant"}"#,
            r#"{"role":"assistant","content":""}"#,
            r#"{"content":null}"#,
            "{}",
            "null",
        ] {
            assert_eq!(
                facts(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)).output,
                None,
                "{delta}"
            );
        }
    }

    #[test]
    fn every_channel_counts_as_output() {
        let cases = [
            (r#"{"content":"a"}"#, Channel::Answer),
            (r#"{"reasoning_content":"a"}"#, Channel::Reasoning),
            (r#"{"reasoning":"a","reasoning_content":null}"#, Channel::Reasoning),
            (r#"{"refusal":"no"}"#, Channel::Answer),
            (
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#,
                Channel::Answer,
            ),
            (r#"{"function_call":{"arguments":"{"}}"#, Channel::Answer),
            (r#"{"content":[{"type":"text","text":"a"}]}"#, Channel::Answer),
            (r#"{"reasoning":"a","content":"b"}"#, Channel::Answer),
        ];
        for (delta, channel) in cases {
            assert_eq!(
                facts(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#)).output,
                Some(channel),
                "{delta}"
            );
        }
    }

    #[test]
    fn the_same_reasoning_under_two_names_is_one_text() {
        let json = r#"{"choices":[{"delta":{"reasoning":"ab","reasoning_content":"ab"}}]}"#;
        assert_eq!(facts(json).text, Text::One(piece(Channel::Reasoning, 0, "ab")));
    }

    #[test]
    fn pieces_of_text_keep_their_order_and_their_places() {
        let both =
            facts(r#"{"choices":[{"message":{"content":"b","reasoning":"a"}},{"index":1,"message":{"content":"c"}}]}"#);
        assert_eq!(
            both.text.pieces(),
            [
                piece(Channel::Reasoning, 0, "a"),
                piece(Channel::Answer, 0, "b"),
                piece(Channel::Answer, 1, "c")
            ]
        );
        for odd in ["-1", "null", "\"x\"", "0.5"] {
            let json = format!(r#"{{"choices":[{{"index":{odd},"text":"a"}}]}}"#);
            assert_eq!(facts(&json).text.pieces(), [piece(Channel::Answer, 0, "a")], "{odd}");
        }
    }

    fn piece(channel: Channel, choice: u32, text: &str) -> Piece<'_> {
        Piece {
            place: Place {
                channel,
                ..Place::answer(choice)
            },
            text: text.into(),
        }
    }

    #[test]
    fn tool_calls_are_told_apart() {
        let whole = facts(
            r#"{"choices":[{"message":{"content":null,"tool_calls":[
                {"id":"a","type":"function","function":{"name":"look","arguments":"{}"}},
                {"id":"b","type":"function","function":{"name":"see","arguments":"[]"}}]}}]}"#,
        );
        let named: Vec<_> = whole
            .tool_calls
            .iter()
            .map(|call| (call.number, call.id.as_deref(), call.name.as_deref()))
            .collect();
        assert_eq!(named, [(0, Some("a"), Some("look")), (1, Some("b"), Some("see"))]);
        let places: Vec<_> = whole.text.pieces().iter().map(|piece| piece.place).collect();
        assert_eq!(places, [Place::arguments(0, 0), Place::arguments(0, 1)]);
        let part = facts(r#"{"choices":[{"delta":{"tool_calls":[{"index":3,"function":{"arguments":"x"}}]}}]}"#);
        assert_eq!(part.tool_calls, []);
        assert_eq!(part.text.pieces()[0].place, Place::arguments(0, 3));
        let older = facts(r#"{"choices":[{"message":{"function_call":{"name":"look","arguments":"{}"}}}]}"#);
        assert_eq!(older.tool_calls[0].name.as_deref(), Some("look"));
    }

    #[test]
    fn usage_beside_growing_output_is_not_final() {
        let growing = facts(r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}}"#);
        let last = facts(
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8},
                "completion_tokens_details":{"reasoning_tokens":2}}}"#,
        );
        assert!(!growing.usage_is_final && last.usage_is_final);
        let usage = last.usage.unwrap();
        assert_eq!((usage.cached(), usage.reasoning()), (Some(8), Some(2)));
    }

    #[test]
    fn errors_are_found_in_either_form() {
        assert_eq!(
            facts(r#"{"error":{"message":"boom","code":500}}"#).error.as_deref(),
            Some("boom")
        );
        assert_eq!(facts(r#"{"error":"boom"}"#).error.as_deref(), Some("boom"));
        assert_eq!(facts(r#"{"choices":[],"error":null}"#).error, None);
    }

    #[test]
    fn other_json_is_not_an_answer() {
        for json in ["{}", "[]", "17", r#"{"choices":"#] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
