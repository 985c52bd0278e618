//! Speaks the tracking API: one request, and what came of it.

mod answer;
mod patience;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use loadspan_record::redact_url;
use loadspan_wire::mlflow::{API, ErrorBody, ErrorCode};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use url::Url;

use super::CompletionLimit;
use crate::config::{MlflowServer, ServerVerification, TlsFiles};
use crate::export::ClientError;
use crate::export::client::{Censor, PemFiles, TlsVariables, client_builder, header_value};

/// What servers are told of who is asking.
const USER_AGENT: &str = concat!("loadspan/", env!("CARGO_PKG_VERSION"));

/// Over HTTP/2 all requests share a connection: one whose peer has gone silent is given up after twice this time.
const PING_EVERY: Duration = Duration::from_secs(10);

/// A client of a tracking server. Cheap to clone; its connections belong to the runtime that it was built in.
#[derive(Debug, Clone)]
pub(crate) struct MlflowClient {
    server: MlflowServer,
    http: Client,
    censor: Arc<Censor>,
}

/// Why a request came to nothing. Reasons are single lines, short and free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ApiError {
    /// It may go well another time: no connection, no answer, 408, 429, 5xx.
    #[error("{reason}")]
    Unavailable {
        /// For people.
        reason: String,
        /// Status of HTTP. `None`: there was no answer.
        status: Option<u16>,
        /// When the server wants to be asked again.
        after: Option<Duration>,
    },
    /// The server refuses: 401, 403, or what answers is no MLflow server. Somebody may put it right.
    #[error("{reason}")]
    Refused {
        /// For people.
        reason: String,
    },
    /// The server says what is wrong with the request: 4xx with an error of MLflow, 501.
    #[error("{}", .body.message)]
    Api {
        /// Status of HTTP.
        status: u16,
        /// What is wrong.
        body: ErrorBody,
    },
}

impl MlflowClient {
    /// Reads PEM files; connects to nothing yet.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the configuration.
    pub(crate) fn build(server: &MlflowServer) -> Result<Self, ClientError> {
        let failed = |error: reqwest::Error| ClientError::Tls {
            url: redact_url(server.tracking_uri.as_str()),
            reason: error.without_url().to_string(),
        };
        let files = pem_files(server)?;
        let builder = client_builder(&server.tracking_uri, files.as_ref()).map_err(failed)?;
        let http = verified(builder, &server.verification)
            .user_agent(USER_AGENT)
            .default_headers(headers(server)?)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_EVERY)
            .build()
            .map_err(failed)?;
        let secrets = server.authorization.iter().map(|secret| secret.expose().to_owned());
        Ok(Self {
            server: server.clone(),
            http,
            censor: Arc::new(Censor::of(secrets)),
        })
    }

    /// The server, without credentials.
    pub(crate) fn destination(&self) -> String {
        redact_url(self.server.tracking_uri.as_str())
    }

    /// How it is spoken to.
    pub(crate) fn server(&self) -> &MlflowServer {
        &self.server
    }

    /// For requests that this client has no words for: it sends the credentials of the server with each, so that it is for URLs of
    /// the server only. What it builds goes through [`Self::send`].
    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    /// A URL of the server: `path` is relative to the tracking URI, its segments are encoded already.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.server.tracking_uri.clone();
        url.set_path(&format!("{}{path}", url.path()));
        url
    }

    /// `POST`s a body to a path below [`loadspan_wire::mlflow::API`], once.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is an error.
    pub(crate) async fn post<B: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<A, ApiError> {
        // Bodies are plain data: there is nothing in them that JSON cannot say.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.post_json(path, body).await
    }

    /// As [`Self::post`], with a body that is JSON already.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is an error.
    pub(crate) async fn post_json<A: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<A, ApiError> {
        let url = self.url(&format!("{API}/{path}"));
        let request = self.http.request(Method::POST, url);
        self.ask(request.header(CONTENT_TYPE, "application/json").body(body))
            .await
    }

    /// `GET`s a path below [`loadspan_wire::mlflow::API`], once.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is an error.
    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<A, ApiError> {
        let mut url = self.url(&format!("{API}/{path}"));
        url.query_pairs_mut().extend_pairs(query);
        self.ask(self.http.request(Method::GET, url)).await
    }

    /// Sends a request, which has its own time limit if it has any, and reads the body of the answer.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is an error.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>, ApiError> {
        let outcome = match request.send().await {
            Ok(response) => answer::read(response, self.server.named_by).await,
            Err(error) => Err(answer::broken(error)),
        };
        outcome.map_err(|error| self.cleaned(error))
    }

    async fn ask<A: DeserializeOwned>(&self, request: RequestBuilder) -> Result<A, ApiError> {
        let body = self.send(request.timeout(self.server.timeout)).await?;
        answer::parse(&body, self.server.named_by).map_err(|error| self.cleaned(error))
    }

    /// Does something again for as long as it may go well another time: by the server's [`crate::config::RetryPolicy`], and until
    /// `limit`, which also ends an attempt under way.
    ///
    /// # Errors
    ///
    /// As the last attempt that was not cut short.
    pub(crate) async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(
        &self,
        limit: &CompletionLimit,
        attempt: impl FnMut() -> F,
    ) -> Result<T, ApiError> {
        patience::patiently(self.server.retries, limit, attempt).await
    }

    fn cleaned(&self, mut error: ApiError) -> ApiError {
        let text = match &mut error {
            ApiError::Unavailable { reason, .. } | ApiError::Refused { reason } => reason,
            ApiError::Api { body, .. } => &mut body.message,
        };
        *text = self.censor.line(text);
        error
    }
}

impl ApiError {
    /// Whether it is this error of MLflow.
    pub(crate) fn is(&self, code: ErrorCode) -> bool {
        matches!(self, Self::Api { body, .. } if body.is(code))
    }
}

/// The files for TLS. `None`: there is none.
fn pem_files(server: &MlflowServer) -> Result<Option<PemFiles>, ClientError> {
    if server.tracking_uri.scheme() != "https" {
        return Ok(None);
    }
    let files = TlsFiles {
        ca: match &server.verification {
            ServerVerification::CaFile(path) => Some(path.clone()),
            ServerVerification::SystemRoots | ServerVerification::Off => None,
        },
        // One file holds both.
        client_certificate: server.client_certificate.clone(),
        client_key: server.client_certificate.clone(),
    };
    PemFiles::load(&files, &TlsVariables::MLFLOW).map(Some)
}

fn verified(builder: ClientBuilder, verification: &ServerVerification) -> ClientBuilder {
    match verification {
        ServerVerification::Off => builder.tls_danger_accept_invalid_certs(true),
        ServerVerification::SystemRoots | ServerVerification::CaFile(_) => builder,
    }
}

fn headers(server: &MlflowServer) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = &server.authorization {
        let value = header_value("authorization", authorization.expose())?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}
