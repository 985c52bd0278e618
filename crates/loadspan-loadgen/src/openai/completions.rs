//! Text completions: chunks and whole answers look alike.

use std::borrow::Cow;

use serde::Deserialize;

use super::event::{ErrorField, Fragment};
use super::{Channel, Facts, Unreadable, Usage};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
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
    text: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Fragment<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

pub(super) fn read(data: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let completion: Completion<'_> = serde_json::from_slice(data)?;
    if completion.choices.is_none() && completion.usage.is_none() && completion.error.is_none() {
        return Err(Unreadable("it has neither `choices` nor `usage`".to_owned()));
    }
    let choices = completion.choices.unwrap_or_default();
    let mut facts = Facts {
        id: completion.id,
        usage: completion.usage,
        ..Facts::default()
    };
    facts.error = completion.error.map(ErrorField::into_message);
    facts.usage_is_final = choices.is_empty();
    for choice in choices {
        if let Some(reason) = choice.finish_reason {
            facts.usage_is_final = true;
            facts.finish_reason.get_or_insert(reason);
        }
        facts.add_fragment(Channel::Reasoning, choice.reasoning_content);
        facts.add_fragment(Channel::Answer, choice.text);
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_output_and_its_absence_is_not() {
        let read = |json: &'static str| read(json.as_bytes()).unwrap();
        assert_eq!(read(r#"{"choices":[{"text":" a"}]}"#).output, Some(Channel::Answer));
        let last = read(r#"{"choices":[{"text":"","finish_reason":"length"}],"usage":{"completion_tokens":3}}"#);
        assert_eq!(
            (last.output, last.finish_reason.as_deref(), last.usage_is_final),
            (None, Some("length"), true)
        );
    }
}
