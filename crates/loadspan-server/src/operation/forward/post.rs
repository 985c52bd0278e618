//! One request, posted until it is taken, refused, or too old.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use loadspan_record::redact_url;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::time::Instant;
use url::Url;

use crate::config::{ConfigError, Forward};
use crate::operation::Signal;

const FLAG: &str = "--forward-otlp";
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pauses between two attempts grow from here …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … to here, unless the other side asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Who posts.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    base: Url,
}

/// Why it was not taken.
enum Refusal {
    /// It may be, later: after this long, if the other side says so.
    Later(String, Option<Duration>),
    /// It will not be.
    Never(String),
}

impl Poster {
    pub(super) fn new(config: &Forward) -> Result<Self, ConfigError> {
        let shown = redact_url(config.url.as_str());
        if !matches!(config.url.scheme(), "http" | "https") || config.url.host().is_none() {
            let message = format!("`{shown}` is no URL of OTLP over HTTP, such as http://collector:4318");
            return Err(ConfigError::new(FLAG, message));
        }
        let client = Client::builder()
            .default_headers(headers(config)?)
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build();
        Ok(Self {
            client: client.map_err(|error| ConfigError::new(FLAG, error.without_url().to_string()))?,
            base: config.url.clone(),
        })
    }

    /// Posts until it is taken.
    ///
    /// # Errors
    ///
    /// It is not, for good: what to tell the user.
    pub(super) async fn deliver(&self, signal: Signal, body: &Bytes) -> Result<(), String> {
        let over = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.post(signal, body.clone()).await {
                Ok(()) => return Ok(()),
                Err(Refusal::Never(message)) => return Err(message),
                Err(Refusal::Later(message, asked)) => {
                    let wait = asked.unwrap_or(pause);
                    if Instant::now() + wait >= over {
                        return Err(message);
                    }
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn post(&self, signal: Signal, body: Bytes) -> Result<(), Refusal> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/v1/{}", url.path().trim_end_matches('/'), signal.as_str()));
        let shown = redact_url(url.as_str());
        let sent = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .body(body)
            .send();
        let response = sent
            .await
            .map_err(|error| Refusal::Later(format!("{shown} cannot be reached: {}", root(&error)), None))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let message = format!("{shown} answers {status}");
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Refusal::Later(message, retry_after(&response)),
            _ => Refusal::Never(message),
        })
    }
}

fn headers(config: &Forward) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let refuse = || {
            ConfigError::new(
                "--forward-header",
                format!("`{name}` is no header, or its value is none"),
            )
        };
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| refuse())?;
        value.set_sensitive(true);
        headers.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?, value);
    }
    Ok(headers)
}

/// Only seconds: dates are rare, and clocks differ.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// The innermost cause, which has no URL in it.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::addr_eq(cause, error) {
        return "the request failed".to_owned();
    }
    cause.to_string()
}
