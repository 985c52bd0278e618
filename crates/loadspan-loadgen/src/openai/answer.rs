//! Whole answers, for requests that do not stream, and the text of error answers.

use super::event::ErrorField;
use super::{EndpointType, Facts, Unreadable, choices, embeddings, responses};

/// The facts of a body that came with a status of 200–299.
pub(crate) fn read_answer(endpoint: EndpointType, body: &[u8]) -> Result<Facts<'_>, Unreadable> {
    let mut facts = match endpoint {
        EndpointType::Chat | EndpointType::Completions => choices::read(body)?,
        EndpointType::Responses => responses::read_answer(body)?,
        EndpointType::Embeddings => embeddings::read(body)?,
    };
    // There is no later word than the only one.
    facts.usage_is_final = true;
    Ok(facts)
}

/// What a body that came with another status says, for people: the message of an OpenAI-shaped error, else the beginning of
/// the text. `None` when there is nothing to read.
pub(crate) fn read_error(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct ErrorBody {
        #[serde(alias = "detail", alias = "message")]
        error: ErrorField,
    }
    // More than is shown, so that what must not be shown can be found in it first.
    const KEPT: usize = 4096;
    let text = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => body.error.into_message(),
        Err(_) => String::from_utf8_lossy(body)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    };
    let printable: String = text.chars().filter(|c| !c.is_control()).take(KEPT).collect();
    (!printable.is_empty()).then_some(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_all_shapes_give_a_message() {
        let message = |body: &str| read_error(body.as_bytes());
        assert_eq!(
            message(r#"{"error":{"message":"no such model","type":"x"}}"#).as_deref(),
            Some("no such model")
        );
        assert_eq!(message(r#"{"detail":"Not Found"}"#).as_deref(), Some("Not Found"));
        assert_eq!(
            message(r#"{"detail":[{"loc":["body","stream_options"],"msg":"extra fields"}]}"#).as_deref(),
            Some(r#"[{"loc":["body","stream_options"],"msg":"extra fields"}]"#)
        );
        assert_eq!(
            message("<html>\n 502  Bad Gateway</html>").as_deref(),
            Some("<html> 502 Bad Gateway</html>")
        );
        assert_eq!(message(""), None);
        assert_eq!(message(&"x".repeat(5000)).unwrap().len(), 4096);
    }
}
