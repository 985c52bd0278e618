//! Which path is what.

use serde::Serialize;

/// An endpoint that generates, and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completions,
    /// `/v1/responses`
    Responses,
    /// `/v1/embeddings`
    Embeddings,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Generate(Endpoint),
    Models,
    /// `/v1/models/NAME`
    Model(&'a str),
    Health,
    /// Ground truth, with the query.
    Stats(&'a str),
    /// `/metrics`, as vLLM has it.
    VllmMetrics,
    /// `/version`, as vLLM has it.
    VllmVersion,
    /// `/info`, as TGI has it.
    TgiInfo,
    /// `/get_server_info` and `/server_info`, as SGLang has them.
    SglangInfo,
    /// The path exists, for another method.
    WrongMethod,
    Unknown,
}

impl<'a> Route<'a> {
    /// The route of a method and a request target, which names the host too when it comes as to a proxy. The OpenAI paths may
    /// lack their `/v1`.
    pub(crate) fn of(method: &str, target: &'a str) -> Self {
        let target = without_host(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path
            .strip_prefix("/v1")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        let (wanted, route) = match path {
            "/chat/completions" => ("POST", Self::Generate(Endpoint::Chat)),
            "/completions" => ("POST", Self::Generate(Endpoint::Completions)),
            "/responses" => ("POST", Self::Generate(Endpoint::Responses)),
            "/embeddings" => ("POST", Self::Generate(Endpoint::Embeddings)),
            "/models" => ("GET", Self::Models),
            "/health" => ("GET", Self::Health),
            "/stats" => ("GET", Self::Stats(query)),
            "/metrics" => ("GET", Self::VllmMetrics),
            "/version" => ("GET", Self::VllmVersion),
            "/info" => ("GET", Self::TgiInfo),
            "/get_server_info" | "/server_info" => ("GET", Self::SglangInfo),
            _ => match path.strip_prefix("/models/") {
                Some(model) => ("GET", Self::Model(model)),
                None => return Self::Unknown,
            },
        };
        if method == wanted { route } else { Self::WrongMethod }
    }
}

fn without_host(target: &str) -> &str {
    match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |path| &rest[path..]),
        None => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_work_with_and_without_v1() {
        for path in ["/v1/chat/completions", "/chat/completions", "/chat/completions?x=1"] {
            assert_eq!(Route::of("POST", path), Route::Generate(Endpoint::Chat), "{path}");
        }
        assert_eq!(Route::of("GET", "/v1/models/meta/llama"), Route::Model("meta/llama"));
        assert_eq!(Route::of("GET", "/v12/models"), Route::Unknown);
    }

    #[test]
    fn a_request_as_to_a_proxy_is_served() {
        assert_eq!(Route::of("GET", "http://example.test/health"), Route::Health);
        assert_eq!(Route::of("GET", "http://example.test"), Route::Unknown);
    }

    #[test]
    fn another_method_is_told_from_another_path() {
        assert_eq!(Route::of("GET", "/v1/completions"), Route::WrongMethod);
        assert_eq!(Route::of("POST", "/v1/nothing"), Route::Unknown);
    }
}
