//! A request, read.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::reply::Failure;

/// A request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Decoded.
    pub(super) path: String,
    /// Decoded.
    query: Vec<(String, String)>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self {
            method: head.method,
            path: decoded(head.uri.path()),
            query: query(head.uri.query().unwrap_or_default()),
            headers: head.headers,
            body,
        }
    }

    /// A parameter of the query; `None` also for an empty one.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter of the query that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.optional(name).ok_or_else(|| Failure::missing(name))
    }

    /// A header; `None` also for one that is no text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON. MLflow wants to be told that it is.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let content_type = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Failure::invalid(
                "Bad Request. Content-Type must be one of ['application/json'].",
            ));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::invalid(format!("the body cannot be read: {error}")))
    }
}

fn query(text: &str) -> Vec<(String, String)> {
    let fields = text.split('&').filter(|field| !field.is_empty());
    let pairs = fields.map(|field| field.split_once('=').unwrap_or((field, "")));
    pairs
        .map(|(key, value)| (decoded(&key.replace('+', " ")), decoded(&value.replace('+', " "))))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
