//! Embeddings: vectors instead of tokens.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::event::{ErrorField, read_name};
use super::{Channel, Facts, Unreadable, Usage};

#[derive(Deserialize)]
struct Embeddings<'a> {
    /// Not with OpenAI, but with vLLM.
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    data: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<ErrorField>,
}

/// A vector is an answer; it has no output tokens.
pub(super) fn read(body: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let embeddings: Embeddings<'_> = serde_json::from_slice(body)?;
    let error = embeddings.error.map(ErrorField::into_message);
    if embeddings.data.is_none() && error.is_none() {
        return Err(Unreadable("it has no `data`".to_owned()));
    }
    let any = embeddings.data.is_some_and(|data| !data.is_empty());
    Ok(Facts {
        output: any.then_some(Channel::Answer),
        id: read_name(embeddings.id),
        model: read_name(embeddings.model),
        usage: embeddings.usage,
        error,
        usage_is_final: true,
        ..Facts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_an_answer() {
        let facts = read(br#"{"data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":7}}"#).unwrap();
        assert_eq!(
            (facts.output, facts.usage.unwrap().prompt_tokens),
            (Some(Channel::Answer), Some(7))
        );
        let named = read(br#"{"id":"embd-1","data":[],"model":"m"}"#).unwrap();
        assert_eq!(
            (named.id.as_deref(), named.model.as_deref()),
            (Some("embd-1"), Some("m"))
        );
        assert_eq!(named.output, None);
        assert!(read(br#"{"object":"list"}"#).is_err());
    }
}
