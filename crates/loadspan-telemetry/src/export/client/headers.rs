//! The headers that every request carries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

use super::ClientError;
use crate::config::OtlpConfig;

/// The configured headers.
pub(super) fn http_headers(config: &OtlpConfig) -> Result<HeaderMap, ClientError> {
    build(config, |_, value| value.to_owned())
}

/// As [`http_headers`], for gRPC, where the values of names that end in `-bin` are bytes and sent as base64.
pub(super) fn metadata(config: &OtlpConfig) -> Result<MetadataMap, ClientError> {
    let headers = build(config, |name, value| {
        if name.ends_with("-bin") {
            STANDARD_NO_PAD.encode(value)
        } else {
            value.to_owned()
        }
    })?;
    Ok(MetadataMap::from_headers(headers))
}

fn build(config: &OtlpConfig, encode: impl Fn(&str, &str) -> String) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let value = encode(name, value.expose());
        headers.append(header_name(name)?, header_value(name, &value)?);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, ClientError> {
    HeaderName::try_from(name).map_err(|_| ClientError::Header {
        name: name.to_owned(),
        reason: "its name has characters that HTTP does not allow".to_owned(),
    })
}

/// A value that shows in no log.
pub(crate) fn header_value(name: &str, value: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::try_from(value).map_err(|_| ClientError::Header {
        name: name.to_owned(),
        reason: "its value has characters that HTTP does not allow".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
