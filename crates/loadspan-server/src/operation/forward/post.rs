//! One request, posted until it is taken, refused, or too old.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use loadspan_record::redact_url;
use loadspan_wire::otlp::response::{ExportOutcome, decode_any_outcome};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::trail::FORWARDED_BY;
use super::{Outcome, Parcel};
use crate::config::{ConfigError, Forward};

const FLAG: &str = "--forward-otlp";
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pauses between two attempts grow from here …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … to here, unless the other side asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The most that is read of an answer.
const MOST_OF_ANSWER: usize = 64 << 10;

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

    /// Posts until it is taken or time is up: what became of it, and what to tell the user.
    pub(super) async fn deliver(&self, parcel: &Parcel, server: Uuid) -> (Outcome, Option<String>) {
        let over = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.post(parcel, server).await {
                Ok(None) => return (Outcome::Delivered, None),
                Ok(partly) => return (Outcome::InPart, partly),
                Err(Refusal::Never(message)) => return (Outcome::NotTaken, Some(message)),
                Err(Refusal::Later(message, asked)) => {
                    let left = over.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return (Outcome::NotTaken, Some(message));
                    }
                    // Whoever asks for more than there is gets one more chance, at the end.
                    tokio::time::sleep(asked.unwrap_or(pause).min(left)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Posts once; what the other side would not have.
    async fn post(&self, parcel: &Parcel, server: Uuid) -> Result<Option<String>, Refusal> {
        let mut url = self.base.clone();
        let signal = parcel.signal.as_str();
        url.set_path(&format!("{}/v1/{signal}", url.path().trim_end_matches('/')));
        let shown = redact_url(url.as_str());
        let sent = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(FORWARDED_BY, parcel.trail.header(server))
            .body(parcel.body.clone())
            .send();
        let response = sent
            .await
            .map_err(|error| Refusal::Later(format!("{shown} cannot be reached: {}", root(&error)), None))?;
        let status = response.status();
        if status.is_success() {
            return Ok(rejected(response)
                .await
                .map(|what| format!("{shown} does not take {what}")));
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

/// What a success says that was not taken. An answer that cannot be read says nothing: the request is never to be sent again.
async fn rejected(mut response: Response) -> Option<String> {
    let mut answer = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if answer.len() + chunk.len() > MOST_OF_ANSWER {
            return None;
        }
        answer.extend_from_slice(&chunk);
    }
    let ExportOutcome { rejected, message } = decode_any_outcome(&answer).ok()?;
    let reason = message.map_or(String::new(), |message| {
        format!(": {}", message.chars().take(200).collect::<String>())
    });
    (rejected > 0).then(|| format!("{rejected} of what it is sent{reason}"))
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
