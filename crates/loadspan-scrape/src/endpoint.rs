//! A page that is fetched again and again.

use std::error::Error;
use std::path::{Path, PathBuf};

use loadspan_record::redact_url;
use reqwest::header::ACCEPT;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, ClientBuilder, StatusCode};
use thiserror::Error;
use url::{Host, Url};

use crate::config::{ScrapePage, TlsTrust};

/// Largest page.
const MAX_PAGE: usize = 16 << 20;

/// The text format; anything else as well, since there are servers that know it by another name.
const ACCEPTED: &str = "text/plain;version=0.0.4, */*;q=0.1";

/// Pages move from `/metrics` to `/metrics/`, and hardly further.
const MAX_REDIRECTS: usize = 3;

/// A page that is fetched again and again.
#[derive(Debug)]
pub(crate) struct Endpoint {
    client: Client,
    url: Url,
}

/// Why a page cannot even be asked for.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    #[error("cannot read the CA certificate {}: {reason}", path.display())]
    CaFile { path: PathBuf, reason: String },
    /// The system's certificates or proxy settings are broken.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

/// Why a page could not be had.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error("{0}")]
    Transport(String),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("its page is larger than 16 MiB")]
    TooLarge,
}

/// Each page has its own client: what it trusts, and whether there is a proxy on the way, is up to the page.
fn client(page: &ScrapePage) -> Result<Client, SetupError> {
    let mut builder = Client::builder()
        .redirect(Policy::custom(stay_with_the_host))
        .user_agent(concat!("loadspan/", env!("CARGO_PKG_VERSION")));
    if is_loopback(&page.url) {
        // No proxy could reach it.
        builder = builder.no_proxy();
    }
    builder = match &page.tls {
        // Otherwise a host without certificates could not even speak plain HTTP.
        _ if page.url.scheme() != "https" => builder.tls_certs_only([]),
        TlsTrust::SystemRoots => builder,
        TlsTrust::CaFile(path) => trust_file(builder, path)?,
        TlsTrust::Insecure => builder.tls_danger_accept_invalid_certs(true),
    };
    builder.build().map_err(|error| SetupError::Client(innermost(&error)))
}

fn trust_file(builder: ClientBuilder, path: &Path) -> Result<ClientBuilder, SetupError> {
    let failed = |reason: String| SetupError::CaFile {
        path: path.to_owned(),
        reason,
    };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(innermost(&error)))?;
    if certificates.is_empty() {
        return Err(failed("it holds no certificate in PEM form".to_owned()));
    }
    Ok(builder.tls_certs_only(certificates))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// URLs may hold keys, which are for nobody else.
fn stay_with_the_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let first = attempt.previous().first().map(Url::origin);
    if attempt.previous().len() > MAX_REDIRECTS || first != Some(attempt.url().origin()) {
        attempt.stop()
    } else {
        attempt.follow()
    }
}

impl Endpoint {
    pub(crate) fn new(page: &ScrapePage) -> Result<Self, SetupError> {
        Ok(Self {
            client: client(page)?,
            url: page.url.clone(),
        })
    }

    /// The URL without credentials.
    pub(crate) fn source(&self) -> String {
        redact_url(self.url.as_str())
    }

    /// The page as it is now. The caller limits the time.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let request = self.client.get(self.url.clone()).header(ACCEPT, ACCEPTED);
        let mut response = request.send().await.map_err(transport)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status()));
        }
        let mut page = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if page.len() + chunk.len() > MAX_PAGE {
                return Err(FetchError::TooLarge);
            }
            page.extend_from_slice(&chunk);
        }
        Ok(page)
    }
}

fn transport(error: reqwest::Error) -> FetchError {
    FetchError::Transport(innermost(&error.without_url()))
}

/// The end of a chain of errors is what says something: `connection refused`.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
