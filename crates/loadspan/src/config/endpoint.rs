//! Where requests go, and what they have in common.

use loadspan_loadgen::openai::{EndpointType, MaxTokensField, ServerKind, StreamUsage};
use loadspan_loadgen::{BaseUrl, Deadlines, HttpPreference, TargetConfig, TlsConfig};

use super::{RequestConfig, inputs};
use crate::cli::{EndpointArg, EndpointArgs, ServerArg};
use crate::exit::UsageError;

pub(super) fn resolve_request(args: &EndpointArgs) -> Result<RequestConfig, UsageError> {
    Ok(RequestConfig {
        model: args.model.clone(),
        server: match args.server {
            ServerArg::Auto => None,
            ServerArg::Vllm => Some(ServerKind::Vllm),
            ServerArg::Sglang => Some(ServerKind::Sglang),
            ServerArg::Tgi => Some(ServerKind::Tgi),
            ServerArg::Openai => Some(ServerKind::OpenAi),
        },
        streaming: args.streaming,
        stream_usage: if args.per_chunk_usage {
            StreamUsage::PerChunk
        } else {
            StreamUsage::AtEnd
        },
        max_tokens_field: args.use_legacy_max_tokens.then_some(MaxTokensField::MaxTokens),
        extra: inputs::parse_extra(&args.extra_inputs)?,
        wait_for_model: args.wait_for_model_timeout.0,
    })
}

pub(super) fn resolve_target(args: EndpointArgs) -> Result<TargetConfig, UsageError> {
    let urls = args.url.iter().map(|url| BaseUrl::parse(url));
    let urls = urls
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| UsageError::new(format!("--url: {error}")))?;
    let tls = match (args.ca_cert, args.insecure) {
        (Some(path), _) => TlsConfig::CaFile(path),
        (None, true) => TlsConfig::Insecure,
        (None, false) => TlsConfig::SystemRoots,
    };
    Ok(TargetConfig {
        urls,
        endpoint_type: match args.endpoint_type {
            EndpointArg::Chat => EndpointType::Chat,
            EndpointArg::Completions => EndpointType::Completions,
            EndpointArg::Responses => EndpointType::Responses,
            EndpointArg::Embeddings => EndpointType::Embeddings,
        },
        endpoint_path: args.endpoint,
        api_key: inputs::api_key(args.api_key, args.api_key_file.as_deref())?,
        headers: args
            .header
            .iter()
            .map(|header| inputs::parse_header(header))
            .collect::<Result<_, _>>()?,
        session_header: None,
        tls,
        http: if args.http2 {
            HttpPreference::Http2
        } else {
            HttpPreference::Http11
        },
        deadlines: Deadlines {
            connect: args.connect_timeout_seconds.0,
            first_byte: args.first_byte_timeout_seconds.0,
            idle: args.idle_timeout_seconds.0,
            total: args.request_timeout_seconds.0,
        },
    })
}
