//! Who may do what: checks that every request passes before anything looks at it, on all ports.

mod host;
mod origin;
mod pace;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};

use self::host::Hosts;
use self::pace::Paced;
use self::token::Tokens;
pub(crate) use self::token::reads;
use crate::config::{ConfigError, ServerConfig};
use crate::error::{ApiError, Code};
use crate::{grpc, http as edge};

/// What asks whether the server lives, and where it is one of ours. They say nothing that is worth a token.
const OPEN: [&str; 3] = ["/health", "/version", "/api/3.0/loadspan/server"];

/// The checks. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    hosts: Hosts,
    tokens: Tokens,
}

/// What a port speaks: how a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http,
    Grpc,
}

impl Guard {
    /// The checks that a configuration asks for.
    ///
    /// # Errors
    ///
    /// Other machines would be served without tokens, or a file of tokens cannot be used.
    pub(crate) fn build(config: &ServerConfig) -> Result<Self, ConfigError> {
        let tokens = Tokens::load(&config.security)?;
        if !config.host.is_loopback() && tokens.is_open() {
            let message = format!(
                "{} serves other machines, and without tokens anybody there: name a file of tokens with --auth-token-file (openssl \
                 rand -hex 32 makes one)",
                config.host
            );
            return Err(ConfigError::new("--host", message));
        }
        Ok(Self(Arc::new(Rules {
            hosts: Hosts::new(&config.security.allowed_hosts),
            tokens,
        })))
    }

    /// Puts the checks before a port.
    pub(crate) fn protect(&self, router: Router, speaks: Speaks) -> Router {
        router.layer(from_fn_with_state((self.clone(), speaks), guarded))
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let path = request.uri().path();
        if path == "/health" {
            // Probes ask by whatever name.
            return Ok(());
        }
        self.0.hosts.check(request)?;
        origin::check(request)?;
        if OPEN.contains(&path) {
            return Ok(());
        }
        self.0.tokens.check(request)
    }
}

async fn guarded(State((guard, speaks)): State<(Guard, Speaks)>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(&request) {
        Ok(()) => next.run(request.map(paced)).await,
        Err(error) => refused(&request, speaks, error),
    };
    if speaks == Speaks::Http {
        protect_page(response.headers_mut());
    }
    response
}

fn paced(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(Paced::new(body))
}

fn refused(request: &Request, speaks: Speaks, error: ApiError) -> Response {
    let is_unknown = error.code == Code::Unauthenticated;
    let mut response = match speaks {
        Speaks::Grpc => grpc::refused(error),
        Speaks::Http if edge::otlp::is_export(request.uri().path()) => edge::otlp::refused(request.headers(), error),
        Speaks::Http => error.into_response(),
    };
    if is_unknown {
        // Both are taken; browsers know how to ask for the one that is named.
        let challenge = HeaderValue::from_static("Basic realm=\"loadspan\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What browsers are told about every answer. What a handler says itself stays.
fn protect_page(headers: &mut HeaderMap) {
    let rules = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in rules {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
