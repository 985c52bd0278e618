//! HTTP/2, by hyper: with prior knowledge, or chosen in ALPN.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::reply::{BodyLength, Gone, Head, Reply};
use crate::request::{Headers, RawRequest};
use crate::respond::{Action, Answer, play, prepare, send};
use crate::state::Shared;

/// Streams that a client may have open on one connection.
const MAX_STREAMS: u32 = 100_000;

/// Writes that may wait for the flow control of the client.
const MAX_PENDING: usize = 16;

/// Resetting a stream takes back what has not left yet, so what was sent is given time to leave.
const RESET_DELAY: Duration = Duration::from_millis(5);

/// Serves a connection until either side closes it.
pub(super) async fn serve<S>(shared: Arc<Shared>, shard: usize, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| respond(Arc::clone(&shared), shard, request));
    let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(MAX_STREAMS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A connection that broke has nobody left to be told.
    drop(served);
}

/// The response was broken off on purpose: hyper resets the stream.
#[derive(Debug, Error)]
#[error("the script breaks off the response")]
struct Aborted;

async fn respond(
    shared: Arc<Shared>,
    shard: usize,
    request: Request<Incoming>,
) -> Result<Response<ChannelBody>, Aborted> {
    let (parts, body) = request.into_parts();
    let limit = shared.settings.body_limit;
    let body = Limited::new(body, limit).collect().await.map(|body| body.to_bytes());
    let (head_sender, head) = oneshot::channel();
    tokio::spawn(async move {
        let mut reply = Http2Reply::new(head_sender, &shared.settings.headers);
        let action = match &body {
            Ok(body) => {
                let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
                let request = RawRequest {
                    method: parts.method.as_str(),
                    target,
                    headers: &parts.headers,
                    body,
                };
                prepare(&shared, shard, &request)
            }
            Err(error) if error.is::<LengthLimitError>() => Action::Answer(Answer::too_large(limit)),
            Err(_) => return,
        };
        match action {
            Action::Play(job) => play(job, &mut reply).await,
            // A client that has gone needs no answer.
            Action::Answer(answer) => drop(send(&answer, &mut reply).await),
        }
    });
    head.await.map_err(|_| Aborted)
}

impl Headers for HeaderMap {
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.iter()
            .for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }
}

/// The way of one response over HTTP/2.
struct Http2Reply<'s> {
    /// Headers that every response has.
    headers: &'s [(String, String)],
    /// A head that is queued, and then its body.
    head: Option<Response<ChannelBody>>,
    head_sender: Option<oneshot::Sender<Response<ChannelBody>>>,
    sender: mpsc::Sender<Piece>,
    body: Option<ChannelBody>,
    queued: BytesMut,
    end: End,
}

/// Whether the end of the body is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Queued,
}

/// What goes from the script to hyper.
#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End,
}

impl<'s> Http2Reply<'s> {
    fn new(head_sender: oneshot::Sender<Response<ChannelBody>>, headers: &'s [(String, String)]) -> Self {
        let (sender, pieces) = mpsc::channel(MAX_PENDING);
        let body = Some(ChannelBody { pieces, broken: None });
        let head_sender = Some(head_sender);
        Self {
            headers,
            head: None,
            head_sender,
            sender,
            body,
            queued: BytesMut::new(),
            end: End::NotYet,
        }
    }

    async fn send(&self, piece: Piece) -> Result<(), Gone> {
        self.sender.send(piece).await.map_err(|_| Gone)
    }
}

impl Reply for Http2Reply<'_> {
    fn head(&mut self, head: &Head) {
        let Some(body) = self.body.take() else { return };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(head.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static("loadspan-mock"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(head.content_type));
        if let BodyLength::Known(length) = head.length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        if let Some(seconds) = head.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        self.head = Some(response);
    }

    fn chunk(&mut self, bytes: &[u8]) {
        self.queued.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.end = End::Queued;
    }

    fn queued(&self) -> usize {
        self.queued.len() + usize::from(self.head.is_some())
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        if let (Some(head), Some(sender)) = (self.head.take(), self.head_sender.take()) {
            sender.send(head).map_err(|_| Gone)?;
        }
        if !self.queued.is_empty() {
            let data = self.queued.split().freeze();
            self.send(Piece::Data(data)).await?;
        }
        if self.end == End::Queued {
            self.send(Piece::End).await?;
        }
        Ok(())
    }

    async fn wait_until(&mut self, due: Instant) -> Result<(), Gone> {
        tokio::select! {
            biased;
            () = sleep_until(due) => Ok(()),
            () = self.gone() => Err(Gone),
        }
    }

    async fn gone(&mut self) {
        match &mut self.head_sender {
            Some(head_sender) => head_sender.closed().await,
            None => self.sender.closed().await,
        }
    }

    fn abort(&mut self) {
        self.queued.clear();
        self.head_sender = None;
    }
}

/// A body that ends well only if the script says so.
struct ChannelBody {
    pieces: mpsc::Receiver<Piece>,
    /// Runs once the script has broken the response off.
    broken: Option<Pin<Box<Sleep>>>,
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Piece::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Piece::End) => Poll::Ready(None),
            None => {
                let broken = self.broken.get_or_insert_with(|| Box::pin(sleep(RESET_DELAY)));
                broken.as_mut().poll(cx).map(|()| Some(Err(Aborted)))
            }
        }
    }
}
