//! What is noted of every request: counts and times for `/metrics`, a line of the access log, and faults of the server. Never a body, a
//! query or the path that a client made up.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;

use crate::app::App;
use crate::operation::{Journal, RequestSeen};

/// The route of what has none.
const UNKNOWN: &str = "unknown";

/// What looks on. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Observer {
    app: App,
    journal: Journal,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// What a response with an error of the server says to its log.
#[derive(Debug, Clone)]
pub(crate) struct Fault(pub(crate) String);

/// A line of the access log.
#[derive(Debug, Serialize)]
struct Access<'a> {
    time: String,
    client: Option<IpAddr>,
    method: &'a str,
    route: &'a str,
    status: u16,
    ms: f64,
    /// As the headers say: absent if they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_bytes: Option<u64>,
}

/// What is known of a request before it is answered.
struct Asked {
    begun: Instant,
    method: Method,
    route: Option<MatchedPath>,
    client: Option<IpAddr>,
    bytes: Option<u64>,
}

impl Observer {
    pub(crate) fn new(app: App, journal: Journal) -> Self {
        Self { app, journal }
    }

    /// Looks on at a port.
    pub(crate) fn watch(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), observed))
    }

    fn note(&self, asked: &Asked, response: &Response) {
        let took = asked.begun.elapsed();
        self.app.meters.request(&RequestSeen {
            method: method(&asked.method),
            route: asked.route(),
            status: response.status().as_u16(),
            took,
        });
        if self.journal.has_access_log() {
            self.app.meters.said(self.journal.access(asked.line(response, took)));
        }
        if let Some(message) = fault(response) {
            self.journal
                .warn(&format!("{} {}: {message}", asked.method, asked.route()));
        }
    }
}

async fn observed(State(observer): State<Observer>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let _in_flight = observer.app.meters.in_flight();
    let response = next.run(request).await;
    observer.note(&asked, &response);
    response
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            begun: Instant::now(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
            client: request.extensions().get().map(|Client(address)| *address),
            bytes: length(request.headers()),
        }
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or(UNKNOWN, MatchedPath::as_str)
    }

    fn line(&self, response: &Response<Body>, took: Duration) -> String {
        let line = Access {
            time: jiff::Timestamp::now().to_string(),
            client: self.client,
            method: method(&self.method),
            route: self.route(),
            status: response.status().as_u16(),
            ms: (took.as_secs_f64() * 1e6).round() / 1e3,
            request_bytes: self.bytes,
            response_bytes: response
                .body()
                .size_hint()
                .exact()
                .or_else(|| length(response.headers())),
        };
        // It has no keys that are no strings, which is all that can fail.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// What went wrong with the server, if that is why the request failed.
fn fault(response: &Response) -> Option<&str> {
    match response.extensions().get::<Fault>() {
        Some(Fault(message)) => Some(message),
        None => (response.status() == StatusCode::INTERNAL_SERVER_ERROR).then_some("the request failed"),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A method by name. Clients may make some up: those have one name.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
