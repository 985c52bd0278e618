//! What is noted of every request: counts and times for `/metrics`, a line of the access log, and faults of the server. Never a body, a
//! query or the path that a client made up; those who look for a mistake in what comes in are shown the last such path.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde::Serialize;

use super::{guard, otlp, page};
use crate::app::App;
use crate::error::{Code, short};
use crate::operation::{Entrance, Journal, Made, Mistake, Receiver, RequestSeen};

/// The route of what has none.
const UNKNOWN: &str = "unknown";

/// What looks on. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Observer {
    app: App,
    journal: Journal,
    entrance: Entrance,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// What a response with an error of the server says to its log.
#[derive(Debug, Clone)]
pub(crate) struct Fault(pub(crate) String);

/// What a response that refuses a request says to who looks on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// What the client did wrong, if that is known.
    pub(crate) mistake: Option<Mistake>,
}

impl Refused {
    /// What the client did wrong. What is wrong with calls of the tracking API concerns nobody but their clients.
    fn mistake(&self, receiver: Option<Receiver>) -> Option<Mistake> {
        if self.mistake.is_some() {
            return self.mistake.clone();
        }
        match (self.code, receiver) {
            (Code::Unauthenticated, _) => Some(Mistake::Unauthorized),
            (Code::PermissionDenied, _) => Some(Mistake::Forbidden),
            // The server's own doing, and its asking for patience.
            (Code::InternalError | Code::TemporarilyUnavailable, _) => None,
            (_, Some(Receiver::OtlpGrpc | Receiver::OtlpHttp)) => Some(Mistake::Other(self.message.clone())),
            _ => None,
        }
    }
}

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
    receiver: Option<Receiver>,
    /// What is wrong with it before anybody looks at it.
    mistake: Option<Mistake>,
    /// Shown when something is.
    uri: Uri,
    agent: Option<HeaderValue>,
    /// A page asks without a token, and then with one.
    is_page: bool,
}

impl Observer {
    pub(crate) fn new(app: App, journal: Journal, entrance: Entrance) -> Self {
        Self { app, journal, entrance }
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
        self.note_arrival(asked, response);
        if let Some(message) = fault(response) {
            self.journal
                .warn(&format!("{} {}: {message}", asked.method, asked.route()));
        }
    }

    fn note_arrival(&self, asked: &Asked, response: &Response) {
        let arrivals = self.app.meters.arrivals();
        let refused = response.extensions().get::<Refused>();
        if let Some(receiver) = asked.receiver {
            let is_refused = refused.is_some() || asked.mistake.is_some();
            match receiver {
                _ if is_refused => arrivals.refuse_request(receiver),
                Receiver::Mlflow => arrivals.call(asked.bytes.unwrap_or(0)),
                _ => {}
            }
        }
        let said = refused.filter(|refused| !(asked.is_page && refused.code == Code::Unauthenticated));
        let mistake = asked.mistake.clone();
        let Some(mistake) = mistake.or_else(|| said?.mistake(asked.receiver)) else {
            return;
        };
        let mut sample = asked.sample();
        if let (Mistake::Damaged | Mistake::ContentType | Mistake::TooLarge, Some(refused)) = (&mistake, refused) {
            sample = format!("{sample}: {}", refused.message);
        }
        arrivals.mistake(&Made {
            mistake,
            entrance: self.entrance,
            count: 1,
            sample: &sample,
        });
    }
}

/// What of the server a request is for, if it brings something.
fn receiver(request: &Request, entrance: Entrance) -> Option<Receiver> {
    let path = request.uri().path();
    let changes = !request.method().is_safe();
    match entrance {
        Entrance::OtlpGrpc => Some(Receiver::OtlpGrpc),
        _ if !changes => None,
        Entrance::OtlpHttp => Some(Receiver::OtlpHttp),
        Entrance::Main if otlp::is_export(path) || is_grpc(request.headers()) => Some(Receiver::OtlpHttp),
        Entrance::Main => (path.contains("/mlflow") && !guard::reads(request)).then_some(Receiver::Mlflow),
    }
}

/// Whether a request speaks what its port does not.
fn mistake(headers: &HeaderMap, entrance: Entrance) -> Option<Mistake> {
    let is_grpc = is_grpc(headers);
    match entrance {
        Entrance::OtlpGrpc => (!is_grpc).then_some(Mistake::HttpToGrpc),
        Entrance::Main | Entrance::OtlpHttp => is_grpc.then_some(Mistake::GrpcToHttp),
    }
}

/// Whether a request is one of gRPC.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/grpc"))
}

async fn observed(State(observer): State<Observer>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request, observer.entrance);
    let _in_flight = observer.app.meters.in_flight();
    let arrivals = observer.app.meters.arrivals();
    let _of_receiver = asked.receiver.map(|receiver| arrivals.in_flight(receiver));
    let response = next.run(request).await;
    observer.note(&asked, &response);
    response
}

impl Asked {
    fn of(request: &Request, entrance: Entrance) -> Self {
        Self {
            receiver: receiver(request, entrance),
            mistake: mistake(request.headers(), entrance),
            uri: request.uri().clone(),
            agent: request.headers().get(header::USER_AGENT).cloned(),
            is_page: page::is_asked_for(request.headers()),
            begun: Instant::now(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
            client: request.extensions().get().map(|Client(address)| *address),
            bytes: length(request.headers()),
        }
    }

    /// What shows that something is wrong with it.
    fn sample(&self) -> String {
        let agent = self.agent.as_ref().and_then(|agent| agent.to_str().ok());
        let agent = agent.unwrap_or("an unnamed client");
        format!(
            "{} {} from {}",
            method(&self.method),
            short(self.uri.path()),
            short(agent)
        )
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
