//! Servers differ in how an output length and the usage of a stream are asked for.

use serde::{Deserialize, Serialize};

/// The kind of a server, as far as requests to it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    /// vLLM: `ignore_eos`, `min_tokens`, usage in streams, usage in each chunk.
    Vllm,
    /// SGLang: `ignore_eos`, `min_tokens`, usage in streams.
    Sglang,
    /// Hugging Face TGI: `max_tokens` only, usage in streams.
    Tgi,
    /// Whatever keeps to OpenAI's own API, which refuses fields it does not know.
    OpenAi,
}

/// What a server says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    /// Body of `GET /v1/models`.
    pub(crate) models: Option<Vec<u8>>,
    /// Body of `GET /version`, which vLLM has.
    pub(crate) version: Option<Vec<u8>>,
    /// Body of `GET /get_server_info`, which SGLang has.
    pub(crate) server_info: Option<Vec<u8>>,
    /// Body of `GET /info`, which TGI has.
    pub(crate) info: Option<Vec<u8>>,
}

/// An entry of `/v1/models`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ServedModel {
    pub(crate) id: String,
    #[serde(default)]
    owned_by: Option<String>,
}

/// The entries of a `/v1/models` body; `None` when it is something else.
pub(crate) fn read_models(body: &[u8]) -> Option<Vec<ServedModel>> {
    #[derive(Deserialize)]
    struct Models {
        data: Vec<ServedModel>,
    }
    let mut models = serde_json::from_slice::<Models>(body).ok()?.data;
    // Ids are printed; a terminal must not take orders from them.
    models.retain(|model| !model.id.chars().any(char::is_control));
    Some(models)
}

impl ServerKind {
    /// The name on the command line and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::Tgi => "tgi",
            Self::OpenAi => "openai",
        }
    }

    /// The resource in which a server of this kind says which version it is. `None`: it has none.
    pub(crate) const fn version_resource(self) -> Option<&'static str> {
        match self {
            Self::Vllm => Some("/version"),
            Self::Sglang => Some("/get_server_info"),
            Self::Tgi => Some("/info"),
            Self::OpenAi => None,
        }
    }

    /// Whether the server can be made to produce exactly as many tokens as asked for.
    #[must_use]
    pub const fn enforces_output_length(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang)
    }

    /// The kind that the evidence points to: who owns the models, else which of its own resources a server has.
    pub(crate) fn detect(evidence: &Evidence) -> Self {
        let models = evidence.models.as_deref().and_then(read_models).unwrap_or_default();
        match models.first().and_then(|model| model.owned_by.as_deref()) {
            Some("vllm") => return Self::Vllm,
            Some("sglang") => return Self::Sglang,
            _ => {}
        }
        if has_field(evidence.info.as_deref(), "docker_label")
            || has_field(evidence.info.as_deref(), "max_total_tokens")
        {
            Self::Tgi
        } else if evidence
            .server_info
            .as_deref()
            .is_some_and(|body| has_field(Some(body), "version"))
        {
            Self::Sglang
        } else if has_field(evidence.version.as_deref(), "version") {
            Self::Vllm
        } else {
            Self::OpenAi
        }
    }
}

/// The version that the body of [`ServerKind::version_resource`] tells. Nothing else is taken from it: some servers tell all of their
/// settings there, keys included.
pub(crate) fn read_version(body: &[u8]) -> Option<String> {
    const LONGEST: usize = 100;
    let version = serde_json::from_slice::<serde_json::Value>(body).ok()?;
    let version = version.get("version")?.as_str()?;
    let is_one = !version.is_empty() && version.len() <= LONGEST && !version.chars().any(char::is_control);
    is_one.then(|| version.to_owned())
}

fn has_field(body: Option<&[u8]>, field: &str) -> bool {
    let value = body.and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok());
    value.is_some_and(|value| value.get(field).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(evidence: Evidence) -> ServerKind {
        ServerKind::detect(&evidence)
    }

    #[test]
    fn a_server_is_known_by_what_it_says_of_itself() {
        let models = |owner: &str| Some(format!(r#"{{"data":[{{"id":"m","owned_by":"{owner}"}}]}}"#).into_bytes());
        let body = |json: &str| Some(json.as_bytes().to_vec());
        assert_eq!(
            kind(Evidence {
                models: models("vllm"),
                ..Evidence::default()
            }),
            ServerKind::Vllm
        );
        assert_eq!(
            kind(Evidence {
                models: models("sglang"),
                ..Evidence::default()
            }),
            ServerKind::Sglang
        );
        assert_eq!(
            kind(Evidence {
                models: models("openai"),
                ..Evidence::default()
            }),
            ServerKind::OpenAi
        );
        assert_eq!(
            kind(Evidence {
                info: body(r#"{"docker_label":"sha"}"#),
                ..Evidence::default()
            }),
            ServerKind::Tgi
        );
        assert_eq!(
            kind(Evidence {
                version: body(r#"{"version":"0.11"}"#),
                ..Evidence::default()
            }),
            ServerKind::Vllm
        );
        assert_eq!(
            kind(Evidence {
                version: body("<html>"),
                ..Evidence::default()
            }),
            ServerKind::OpenAi
        );
    }

    #[test]
    fn a_version_is_a_short_text_and_nothing_else() {
        assert_eq!(
            read_version(br#"{"version":"0.11.0","api_key":"k"}"#).as_deref(),
            Some("0.11.0")
        );
        let long = format!(r#"{{"version":"{}"}}"#, "9".repeat(101));
        for body in [
            &long,
            r#"{"version":11}"#,
            r#"{"version":"\u001b[2J"}"#,
            r#"{"version":""}"#,
            "<html>",
        ] {
            assert_eq!(read_version(body.as_bytes()), None, "{body}");
        }
    }
}
