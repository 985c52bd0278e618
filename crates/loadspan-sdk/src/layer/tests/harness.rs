//! What the tests of calls share: clients with the layers, a service that answers what it is told, spans as JSON.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use opentelemetry::Value as OtelValue;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};

use crate::HttpTracingLayer;
use crate::testing::Memory;

pub(super) const STREAM: &str = "text/event-stream";
pub(super) const JSON: &str = "application/json";

/// What a server answers: a head, and a body in pieces.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) ending: Ending,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Well,
    BrokenOff,
}

impl Reply {
    pub(super) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            content_type,
            pieces: vec![body.into()],
            ending: Ending::Well,
        }
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn broken_off(mut self) -> Self {
        self.ending = Ending::BrokenOff;
        self
    }

    pub(super) fn pieces<'a>(mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        self.pieces = pieces.into_iter().map(<[u8]>::to_vec).collect();
        self
    }

    pub(super) fn body(
        &self,
    ) -> impl http_body::Body<Data = Bytes, Error = std::io::Error> + Send + Sync + Unpin + use<> {
        let frames = self
            .pieces
            .clone()
            .into_iter()
            .map(|piece| Ok(Frame::data(Bytes::from(piece))));
        let end = match self.ending {
            Ending::Well => None,
            Ending::BrokenOff => Some(Err(std::io::Error::other(
                "reset by https://user:secret@peer/?key=secret",
            ))),
        };
        StreamBody::new(futures_util::stream::iter(frames.chain(end).collect::<Vec<_>>()))
    }

    pub(super) fn response<B>(&self, body: B) -> Response<B> {
        let head = Response::builder()
            .status(self.status)
            .header("content-type", self.content_type);
        head.body(body).unwrap()
    }
}

/// A request of a client.
pub(super) fn post(path: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(format!("http://127.0.0.1:8000{path}"))
        .header("content-type", JSON)
        .header("authorization", "Bearer sk-secret")
        .body(Full::from(body.to_string()))
        .unwrap()
}

/// Sends a request through the layer to a server that reads it whole, and answers.
pub(super) async fn send(layer: HttpTracingLayer, request: Request<Full<Bytes>>, reply: Reply) -> Answered {
    let service = layer.layer(tower::service_fn(
        move |request: Request<crate::RequestBody<Full<Bytes>>>| {
            let reply = reply.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let mut response = reply.response(reply.body());
                response.extensions_mut().insert(Seen {
                    headers: head.headers,
                    body,
                });
                Ok::<_, Infallible>(response)
            }
        },
    ));
    let mut response = service.oneshot(request).await.unwrap();
    let seen = response.extensions_mut().remove().unwrap();
    let mut pieces = Vec::new();
    while let Some(Ok(frame)) = response.body_mut().frame().await {
        pieces.push(frame.into_data().unwrap().to_vec());
    }
    Answered { seen, pieces }
}

/// What both sides saw.
pub(super) struct Answered {
    pub(super) seen: Seen,
    pub(super) pieces: Vec<Vec<u8>>,
}

/// What the server saw.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

/// One call, and its span.
pub(super) fn span_of_call(memory: &Memory, call: (&str, Value), reply: Reply) -> Value {
    block_on(send(HttpTracingLayer::new(), post(call.0, &call.1), reply));
    last_span(memory)
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), future).await.unwrap() })
}

/// Waits for what happens elsewhere, for some seconds at most.
pub(super) async fn eventually(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never happens");
        tokio::task::yield_now().await;
    }
}

/// The span that ended last.
pub(super) fn last_span(memory: &Memory) -> Value {
    as_json(memory.spans().last().expect("no span has ended"))
}

/// A span without what differs each time, its JSON texts as JSON.
pub(super) fn as_json(span: &SpanData) -> Value {
    let attributes: BTreeMap<_, _> = span
        .attributes
        .iter()
        .filter(|attribute| attribute.key.as_str() != "mlflow.traceRequestId")
        .map(|attribute| {
            (
                attribute.key.to_string(),
                plain(attribute.key.as_str(), &attribute.value),
            )
        })
        .collect();
    let event = |event: &opentelemetry::trace::Event| {
        let attributes = event.attributes.iter();
        let attributes: BTreeMap<_, _> = attributes
            .map(|attribute| {
                (
                    attribute.key.to_string(),
                    plain(attribute.key.as_str(), &attribute.value),
                )
            })
            .collect();
        json!({"name": event.name, "attributes": attributes})
    };
    json!({
        "name": span.name,
        "kind": format!("{:?}", span.span_kind),
        "status": format!("{:?}", span.status),
        "attributes": attributes,
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn plain(key: &str, value: &OtelValue) -> Value {
    match value {
        OtelValue::String(text) if key.starts_with("mlflow.") => serde_json::from_str(text.as_str()).unwrap(),
        OtelValue::String(text) => text.as_str().into(),
        OtelValue::Bool(value) => (*value).into(),
        OtelValue::I64(value) => (*value).into(),
        OtelValue::F64(_) if key.ends_with("time_to_first_chunk") => "seconds".into(),
        OtelValue::F64(value) => (*value).into(),
        OtelValue::Array(opentelemetry::Array::String(texts)) => texts.iter().map(|text| text.as_str()).collect(),
        other => panic!("{key}: {other:?}"),
    }
}

/// A stream of events.
pub(super) fn stream(events: &[Value]) -> String {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    events + "data: [DONE]\n\n"
}

/// A stream of the API of responses, whose events have their name beside them.
pub(super) fn named_stream(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
        .collect()
}

pub(super) fn chat_request() -> (&'static str, Value) {
    (
        "/v1/chat/completions",
        json!({"model": "gpt-5", "messages": [{"role": "user", "content": "Weather in Paris?"}]}),
    )
}
