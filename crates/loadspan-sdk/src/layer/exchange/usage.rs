//! What servers count: tokens, in the two dialects of OpenAI's APIs.

use loadspan_wire::semconv::attributes;

use super::call::Call;
use super::object::Object;
use crate::TokenUsage;

/// Tokens of a call, as far as the server told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    input: u64,
    /// `None`: the call has no output that is counted, as embeddings.
    output: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    reasoning: Option<u64>,
}

impl Counts {
    /// `None`: there are none.
    pub(super) fn read(usage: &Object<'_>) -> Option<Self> {
        let either = |chat: &str, responses: &str| usage.get::<u64>(chat).or_else(|| usage.get(responses));
        let detail = |chat: &str, responses: &str, name: &str| {
            usage.object(chat).or_else(|| usage.object(responses))?.get::<u64>(name)
        };
        Some(Self {
            input: either("prompt_tokens", "input_tokens")?,
            output: either("completion_tokens", "output_tokens"),
            total: usage.get("total_tokens"),
            cached: detail("prompt_tokens_details", "input_tokens_details", "cached_tokens"),
            reasoning: detail("completion_tokens_details", "output_tokens_details", "reasoning_tokens"),
        })
    }

    /// Those at the end of a JSON object of which the beginning is not known.
    pub(super) fn find(tail: &[u8]) -> Option<Self> {
        const NAME: &[u8] = b"\"usage\"";
        // A quotation mark within a text would have a backslash before it, so that this is a name.
        let found = tail.windows(NAME.len()).rposition(|window| window == NAME)?;
        let rest = tail[found + NAME.len()..].trim_ascii_start().strip_prefix(b":")?;
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&serde_json::value::RawValue>();
        let usage = values.next()?.ok()?;
        Self::read(&Object::parse(usage.get().as_bytes())?)
    }

    pub(super) fn write_on(self, call: &Call) {
        let mut usage = TokenUsage::new(self.input, self.output.unwrap_or(0));
        usage.total = self.total;
        usage.cache_read = self.cached;
        call.span.set_token_usage(usage);
        let counts = [
            (attributes::GEN_AI_USAGE_INPUT_TOKENS, Some(self.input)),
            (attributes::GEN_AI_USAGE_OUTPUT_TOKENS, self.output),
            (attributes::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, self.cached),
            (attributes::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, self.reasoning),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                call.span
                    .set_otel_attribute(name, i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_are_read() {
        let chat = br#"{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}"#;
        let responses = br#"{"input_tokens":5,"output_tokens":7,"total_tokens":12,
            "input_tokens_details":{"cached_tokens":3},"output_tokens_details":{"reasoning_tokens":2}}"#;
        let expected = Counts {
            input: 5,
            output: Some(7),
            total: Some(12),
            cached: Some(3),
            reasoning: Some(2),
        };

        for usage in [&chat[..], responses] {
            assert_eq!(Counts::read(&Object::parse(usage).unwrap()), Some(expected));
        }
    }

    #[test]
    fn the_end_of_a_long_body_is_enough() {
        let tail =
            br#"0.5]},{"text":"\"usage\":{"}],"model":"m","usage" : {"prompt_tokens":5,"total_tokens":5},"id":"x"}"#;

        assert_eq!(Counts::find(tail).map(|counts| counts.input), Some(5));
        assert_eq!(Counts::find(br#""usage":{"prompt_tok"#), None);
        assert_eq!(Counts::find(br#""usage":null}"#), None);
    }
}
