//! The layer for `tower`.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::{RequestBody, ResponseBody};
use super::exchange::{Answer, Failure, Outgoing, Server, begin};
use super::settings::{Settings, setters};
use crate::{InContext, TracedFuture};

/// A [`tower_layer::Layer`] for HTTP clients, as [`ReqwestTracing`](crate::ReqwestTracing) is for `reqwest`: calls of chat,
/// completions, responses and embeddings of any server that speaks OpenAI's API become spans. Other requests pass untouched.
///
/// Bodies pass unchanged, in the same pieces, and are never waited for. The span ends with the body of the response. It belongs
/// above a layer that decompresses, or it sees nothing of the content.
///
/// ```
/// use loadspan_sdk::HttpTracingLayer;
/// use tower_layer::Layer;
///
/// # let client = ();
/// let client = HttpTracingLayer::new().layer(client);
/// ```
#[derive(Debug, Clone, Default)]
pub struct HttpTracingLayer {
    settings: Arc<Settings>,
}

impl HttpTracingLayer {
    /// The layer, as most want it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

setters!(HttpTracingLayer);

impl<S> Layer<S> for HttpTracingLayer {
    type Service = HttpTracing<S>;

    fn layer(&self, inner: S) -> HttpTracing<S> {
        HttpTracing {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}

/// A client whose calls of models are traced: see [`HttpTracingLayer`].
#[derive(Debug, Clone)]
pub struct HttpTracing<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, R> Service<Request<B>> for HttpTracing<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display,
    B: Body,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = HttpTracingFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(halves) = begin(&mut request, &self.settings) else {
            let future = self.inner.call(request.map(|body| RequestBody::new(body, None)));
            return HttpTracingFuture {
                sent: Sent::Plain { future },
                answer: None,
            };
        };
        let request = request.map(|body| RequestBody::new(body, Some(halves.question)));
        let _scope = halves.span.enter();
        let future = self.inner.call(request).with_current_span();
        HttpTracingFuture {
            sent: Sent::InSpan { future },
            answer: Some(halves.answer),
        }
    }
}

impl<B> Outgoing for Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn path(&self) -> &str {
        self.uri().path()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn server(&self) -> Server {
        let uri = self.uri();
        match uri.host() {
            Some(host) => Server::new(uri.scheme_str().unwrap_or_default(), host, uri.port_u16()),
            None => Server::of_header(self.headers()),
        }
    }
}

pin_project! {
    /// The response of an [`HttpTracing`] client, to come.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct HttpTracingFuture<F> {
        #[pin]
        sent: Sent<F>,
        // `None`: nobody watches it.
        answer: Option<Answer>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = SentProjection]
    enum Sent<F> {
        Plain { #[pin] future: F },
        InSpan { #[pin] future: InContext<F> },
    }
}

impl<F: Future> Future for Sent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            SentProjection::Plain { future } => future.poll(task),
            SentProjection::InSpan { future } => future.poll(task),
        }
    }
}

impl<F, R, E> Future for HttpTracingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    E: Display,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.sent.poll(task));
        let answer = this.answer.take();
        Poll::Ready(match result {
            Ok(response) => Ok(watched(response, answer)),
            Err(error) => {
                answer
                    .into_iter()
                    .for_each(|answer| answer.fail(Failure::of_call(&error)));
                Err(error)
            }
        })
    }
}

fn watched<R: Body>(response: Response<R>, mut answer: Option<Answer>) -> Response<ResponseBody<R>> {
    if let Some(answer) = &mut answer {
        answer.head(response.status(), response.headers());
    }
    response.map(|body| ResponseBody::new(body, answer))
}
