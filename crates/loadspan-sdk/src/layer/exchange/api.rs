//! Which calls are calls of models.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

use crate::span_type::SpanType;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Chat,
    Completions,
    Responses,
    Embeddings,
}

impl Api {
    /// `None`: it is no call of a model.
    pub(super) fn of(method: &Method, path: &str, headers: &HeaderMap) -> Option<Self> {
        if method != Method::POST || !is_json(headers) {
            return None;
        }
        let path = path.trim_end_matches('/');
        // The longer one first: both are the end of its path.
        [
            ("/chat/completions", Self::Chat),
            ("/completions", Self::Completions),
            ("/responses", Self::Responses),
            ("/embeddings", Self::Embeddings),
        ]
        .into_iter()
        .find_map(|(end, api)| path.ends_with(end).then_some(api))
    }

    /// `gen_ai.operation.name`.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "chat",
            Self::Completions => "text_completion",
            Self::Embeddings => "embeddings",
        }
    }

    /// `openai.api.type`, which only these two have.
    pub(super) fn api_type(self) -> Option<&'static str> {
        match self {
            Self::Chat => Some("chat_completions"),
            Self::Responses => Some("responses"),
            Self::Completions | Self::Embeddings => None,
        }
    }

    pub(super) fn span_type(self) -> SpanType {
        match self {
            Self::Chat | Self::Responses => SpanType::ChatModel,
            Self::Completions => SpanType::Llm,
            Self::Embeddings => SpanType::Embedding,
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| media.eq_ignore_ascii_case("application/json") || media.ends_with("+json"))
}

/// The media type of a message, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(method: &Method, path: &str, content_type: &'static str) -> Option<Api> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        Api::of(method, path, &headers)
    }

    #[test]
    fn calls_are_known_by_the_end_of_their_path() {
        let post = |path| api(&Method::POST, path, "application/json; charset=utf-8");

        assert_eq!(post("/v1/chat/completions"), Some(Api::Chat));
        assert_eq!(post("/openai/deployments/gpt/chat/completions/"), Some(Api::Chat));
        assert_eq!(post("/v1/completions"), Some(Api::Completions));
        assert_eq!(post("/v1/responses"), Some(Api::Responses));
        assert_eq!(post("/v1/embeddings"), Some(Api::Embeddings));
        assert_eq!(post("/v1/responses/resp_1/cancel"), None);
        assert_eq!(post("/v1/models"), None);
        assert_eq!(post("/v1/mycompletions"), None);
    }

    #[test]
    fn other_methods_and_bodies_are_no_calls() {
        assert_eq!(api(&Method::GET, "/v1/responses", "application/json"), None);
        assert_eq!(api(&Method::POST, "/v1/responses", "multipart/form-data"), None);
        assert_eq!(Api::of(&Method::POST, "/v1/responses", &HeaderMap::new()), None);
    }
}
