//! What the body of a generation request asks for.

use std::borrow::Cow;

use serde::Deserialize;

use super::PromptSize;

/// The fields of a request body that change the answer. All others are skipped without being kept.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Generation<'a> {
    #[serde(borrow)]
    pub(crate) model: Option<Cow<'a, str>>,
    stream: Option<bool>,
    pub(crate) stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    max_output_tokens: Option<u32>,
    min_tokens: Option<u32>,
    ignore_eos: Option<bool>,
    n: Option<u32>,
    messages: Option<PromptSize>,
    prompt: Option<PromptSize>,
    input: Option<PromptSize>,
}

/// What a request says about usage in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StreamOptions {
    pub(crate) include_usage: bool,
    pub(crate) continuous_usage_stats: bool,
}

impl Generation<'_> {
    pub(crate) fn parse(body: &[u8]) -> Result<Generation<'_>, serde_json::Error> {
        serde_json::from_slice(body)
    }

    pub(crate) fn streamed(&self) -> bool {
        self.stream == Some(true)
    }

    /// The output length that is asked for, by whichever of its three names.
    pub(crate) fn max_tokens(&self) -> Option<u32> {
        self.max_completion_tokens
            .or(self.max_output_tokens)
            .or(self.max_tokens)
    }

    /// Where the model stops by itself, if the script says `eos_after`: later when the request forbids it.
    pub(crate) fn eos(&self, eos_after: Option<u32>) -> u32 {
        match eos_after {
            Some(eos) if self.ignore_eos != Some(true) => eos.max(self.min_tokens.unwrap_or(0)),
            _ => u32::MAX,
        }
    }

    /// What is to be read by the model, whichever of its three names it has.
    pub(crate) fn prompt(&self) -> PromptSize {
        self.messages.or(self.prompt).or(self.input).unwrap_or_default()
    }

    /// Choices for each prompt.
    pub(crate) fn choices(&self) -> u32 {
        self.n.unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Generation<'_> {
        Generation::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn the_output_length_has_three_names() {
        assert_eq!(parse(r#"{"max_tokens":3}"#).max_tokens(), Some(3));
        assert_eq!(
            parse(r#"{"max_tokens":3,"max_completion_tokens":4}"#).max_tokens(),
            Some(4)
        );
        assert_eq!(parse(r#"{"max_output_tokens":5}"#).max_tokens(), Some(5));
        assert_eq!(parse(r#"{"max_tokens":null}"#).max_tokens(), None);
    }

    #[test]
    fn ignore_eos_and_min_tokens_move_the_end_of_sequence() {
        assert_eq!(parse("{}").eos(Some(4)), 4);
        assert_eq!(parse(r#"{"min_tokens":9}"#).eos(Some(4)), 9);
        assert_eq!(parse(r#"{"ignore_eos":true}"#).eos(Some(4)), u32::MAX);
        assert_eq!(parse("{}").eos(None), u32::MAX);
    }

    #[test]
    fn stream_options_may_be_partial() {
        let options = parse(r#"{"stream":true,"stream_options":{"include_usage":true}}"#).stream_options;
        assert_eq!(
            options,
            Some(StreamOptions {
                include_usage: true,
                continuous_usage_stats: false
            })
        );
    }
}
