//! The middleware for `reqwest`.

use std::error::Error as StdError;
use std::sync::Arc;

use http::{Extensions, HeaderMap, Method};
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::body::{RequestBody, ResponseBody};
use super::exchange::{Answer, Failure, Outgoing, Question, Server, begin};
use super::settings::{Settings, setters};
use crate::TracedFuture;

/// A middleware for [`reqwest_middleware`]: calls of chat, completions, responses and embeddings of any server that speaks OpenAI's
/// API become spans, with messages, parameters, tokens, finish reasons and, of streams, the time to the first chunk. Other requests
/// pass untouched.
///
/// Bodies pass unchanged, in the same pieces, and are never waited for. The span ends with the body of the response. Headers, and
/// with them keys, are not recorded.
///
/// Behind a middleware that tries again, each attempt is a span of its own.
///
/// ```
/// use loadspan_sdk::ReqwestTracing;
///
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(ReqwestTracing::new())
///     .build();
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReqwestTracing {
    settings: Arc<Settings>,
}

impl ReqwestTracing {
    /// The middleware, as most want it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

setters!(ReqwestTracing);

#[async_trait::async_trait]
impl Middleware for ReqwestTracing {
    async fn handle(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let Some(halves) = begin(&mut request, &self.settings) else {
            return next.run(request, extensions).await;
        };
        read(&mut request, halves.question);
        let sent = {
            let _scope = halves.span.enter();
            next.run(request, extensions).with_current_span()
        };
        match sent.await {
            Ok(response) => Ok(watched(response, halves.answer)),
            Err(error) => {
                halves.answer.fail(failure(&error));
                Err(error)
            }
        }
    }
}

impl Outgoing for Request {
    fn method(&self) -> &Method {
        self.method()
    }

    fn path(&self) -> &str {
        self.url().path()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn server(&self) -> Server {
        let url = self.url();
        Server::new(url.scheme(), url.host_str().unwrap_or_default(), url.port())
    }
}

/// Reads the body: at once, if it is in memory, or else as it is sent.
fn read(request: &mut Request, question: Question) {
    match request.body().map(Body::as_bytes) {
        None => question.end(),
        Some(Some(bytes)) => question.whole(bytes),
        Some(None) => {
            let body = request.body_mut();
            *body = body
                .take()
                .map(|body| Body::wrap(RequestBody::new(body, Some(question))));
        }
    }
}

fn watched(response: Response, mut answer: Answer) -> Response {
    answer.head(response.status(), response.headers());
    // The conversions lose the URL.
    let url = http::Response::builder().url(response.url().clone()).body(());
    let (mut parts, body) = http::Response::from(response).into_parts();
    if let Ok(url) = url {
        parts.extensions.extend(url.into_parts().0.extensions);
    }
    let body = Body::wrap(ResponseBody::new(body, Some(answer)));
    Response::from(http::Response::from_parts(parts, body))
}

fn failure(error: &Error) -> Failure {
    let error: &(dyn StdError + 'static) = match error {
        Error::Reqwest(error) => error,
        Error::Middleware(error) => error.as_ref(),
    };
    Failure::of_request(error)
}
