//! Headers of OTLP requests. Their values are secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Environment, Secret, percent};
use crate::error::InitError;

/// `a=1,b=2` with percent-encoded values.
pub(super) fn read(environment: &Environment, name: &str) -> Result<Vec<(String, Secret)>, InitError> {
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let items = environment.text(name).unwrap_or_default().split(',').enumerate();
    for (place, item) in items.filter(|(_, item)| !item.trim().is_empty()) {
        let header = parse(item).ok_or_else(|| {
            let advice = "write name=value,name=value, with values percent-encoded";
            environment.wrong(name, format!("item {} is no header", place + 1), advice)
        })?;
        headers.retain(|(name, _)| *name != header.0);
        headers.push(header);
    }
    Ok(headers)
}

fn parse(item: &str) -> Option<(String, Secret)> {
    let (name, value) = item.split_once('=')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let value = percent::decode(value.trim())?;
    HeaderValue::from_str(&value).ok()?;
    (!is_reserved(name.as_str())).then(|| (name.as_str().to_owned(), Secret(value)))
}

/// Headers that the protocols themselves need.
fn is_reserved(name: &str) -> bool {
    let names = ["host", "transfer-encoding", "te", "connection"];
    names.contains(&name) || name.starts_with("content-") || name.starts_with("grpc-")
}

/// The header that stands for these credentials.
pub(super) fn basic(user: &str, password: &str) -> Secret {
    Secret(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// Takes user and password out of a URL.
pub(super) fn take_credentials(url: &mut Url) -> Option<Secret> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decode(url.username()), url.password().map(decode));
    if user.is_empty() && password.is_none() {
        return None;
    }
    // They fail for URLs without a host only, and there are no credentials there.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(basic(&user, &password.unwrap_or_default()))
}
