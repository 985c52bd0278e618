//! Embeddings: vectors instead of tokens.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::event::ErrorField;
use super::{Channel, Facts, Unreadable, Usage};

#[derive(Deserialize)]
struct Embeddings {
    #[serde(default)]
    data: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<ErrorField>,
}

/// A vector is an answer; it has no output tokens.
pub(super) fn read(body: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let embeddings: Embeddings = serde_json::from_slice(body)?;
    let error = embeddings.error.map(ErrorField::into_message);
    if embeddings.data.is_none() && error.is_none() {
        return Err(Unreadable("it has no `data`".to_owned()));
    }
    let any = embeddings.data.is_some_and(|data| !data.is_empty());
    Ok(Facts {
        output: any.then_some(Channel::Answer),
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
        assert_eq!(read(br#"{"data":[]}"#).unwrap().output, None);
        assert!(read(br#"{"object":"list"}"#).is_err());
    }
}
