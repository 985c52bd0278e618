//! The page, which is part of the binary: `index.html` for the addresses of people, and its files, which never change under their names.

use std::io::Read;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, StatusCode};

use crate::app::App;

mod assets {
    use super::Asset;

    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// A file of the page, in each form that browsers take: on a secure origin, which loopback is, that is brotli.
struct Asset {
    name: &'static str,
    brotli: &'static [u8],
    gzip: &'static [u8],
}

const INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/index.html"));

/// What is a page; everything else is for machines.
const PLACES: [&str; 9] = [
    "/runs",
    "/runs/{run}",
    "/compare",
    "/traces",
    "/traces/{trace}",
    "/sessions",
    "/sessions/{session}",
    "/ingest",
    "/start",
];

/// Scripts and styles are the page's own files, and nothing is ever made of text: what telemetry says stays text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";
const SAME_SITE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(super) fn routes() -> Router<App> {
    let router = Router::new()
        .route("/", get(async || (StatusCode::FOUND, [(LOCATION, "/runs")])))
        .route("/assets/{hash}/{*name}", get(asset));
    PLACES
        .iter()
        .fold(router, |router, place| router.route(place, get(index)))
}

/// Whether it is a browser that asks, and for a page: programs take anything, or JSON.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

pub(super) async fn index() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (SAME_SITE, "same-origin"),
    ];
    (headers, INDEX).into_response()
}

async fn asset(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let file = assets::FILES
        .iter()
        .find(|asset| asset.name == name)
        .filter(|_| hash == assets::HASH);
    let Some(file) = file else {
        // A page of before an update asks for files of before: it is to be loaded again.
        return StatusCode::NOT_FOUND.into_response();
    };
    let about = [
        (CONTENT_TYPE, content_type(file.name)),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (VARY, "accept-encoding"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (SAME_SITE, "same-origin"),
    ];
    if takes(&headers, "br") {
        return (about, [(CONTENT_ENCODING, "br")], file.brotli).into_response();
    }
    if takes(&headers, "gzip") {
        return (about, [(CONTENT_ENCODING, "gzip")], file.gzip).into_response();
    }
    let mut plain = Vec::new();
    match GzDecoder::new(file.gzip).read_to_end(&mut plain) {
        Ok(_) => (about, plain).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Whether a coding is accepted. Browsers list those that they take, and refuse none.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let name = |listed: &str| listed.split(';').next().is_some_and(|name| name.trim() == coding);
    accepted.is_some_and(|list| list.split(',').any(name))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests;
