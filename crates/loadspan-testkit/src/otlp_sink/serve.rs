//! Connections of a sink, and the exports that come over them.

use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use flate2::read::GzDecoder;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::answer::AnswerKind;
use super::respond::{self, Dialect, SinkBody};
use super::store::Store;
use super::{Accepted, SinkAnswer, SinkSignal, count};

/// How long to wait when the operating system has no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Accepts connections and serves each in a task of its own. Runs until it is dropped.
pub(super) async fn accept_all(listener: TcpListener, tls: Option<TlsAcceptor>, store: Arc<Store>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        // Without it only latency is lost.
        let _ = stream.set_nodelay(true);
        let (tls, store) = (tls.clone(), Arc::clone(&store));
        tokio::spawn(async move {
            match tls {
                None => serve(stream, store).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, store).await;
                    }
                }
            }
        });
    }
}

/// Serves a connection until either side closes it.
async fn serve<S>(stream: S, store: Arc<Store>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let close = Arc::new(Notify::new());
    let service = service_fn(|request| {
        let (store, close) = (Arc::clone(&store), Arc::clone(&close));
        async move { Ok::<_, Infallible>(answer(request, &store, &close).await) }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that broke has nobody left to be told.
        _ = connection => {}
        () = close.notified() => {}
    }
}

async fn answer(request: Request<Incoming>, store: &Store, close: &Notify) -> Response<SinkBody> {
    let (head, body) = request.into_parts();
    let dialect = Dialect::of(&head.headers);
    let signal = SinkSignal::from_path(head.uri.path());
    let Some(signal) = signal else {
        return respond::failure(dialect, &SinkAnswer::not_taken());
    };
    if head.method != Method::POST {
        return respond::failure(dialect, &SinkAnswer::fail(405, 12));
    }
    let scripted = store.arrive(signal);
    let Ok(body) = body.collect().await else {
        // The client went away in the middle of it.
        return respond::failure(dialect, &SinkAnswer::invalid());
    };
    if !scripted.delay.is_zero() {
        tokio::time::sleep(scripted.delay).await;
    }
    match scripted.kind {
        AnswerKind::Hang => std::future::pending().await,
        AnswerKind::Close => {
            close.notify_one();
            std::future::pending().await
        }
        AnswerKind::Fail { .. } | AnswerKind::Foreign { .. } => respond::failure(dialect, &scripted),
        AnswerKind::Accept { rejected } => {
            let export = Export {
                dialect,
                signal,
                head,
                rejected,
            };
            match export.accept(body.to_bytes(), store) {
                Ok(()) => respond::success(dialect, &scripted),
                Err(answer) => respond::failure(dialect, &answer),
            }
        }
    }
}

/// An export that the script would accept.
struct Export {
    dialect: Dialect,
    signal: SinkSignal,
    head: Parts,
    rejected: u64,
}

impl Export {
    /// Keeps it, or says why not.
    fn accept(self, body: Bytes, store: &Store) -> Result<(), Box<SinkAnswer>> {
        let headers = &self.head.headers;
        let message = unpack(self.dialect, headers, body).ok_or_else(SinkAnswer::invalid)?;
        if message.len() > store.message_limit() {
            return Err(Box::new(SinkAnswer::too_large()));
        }
        let items = count::items(self.dialect, self.signal, &message);
        let accepted = Accepted {
            signal: self.signal,
            path: kept(store, || self.head.uri.path().to_owned()),
            content_type: kept(store, || text(headers, header::CONTENT_TYPE)),
            headers: kept(store, || listed(headers)),
            body: message,
            rejected: self.rejected,
        };
        store.accept(accepted, items);
        Ok(())
    }
}

/// Only made when it will be kept.
fn kept<T: Default>(store: &Store, make: impl FnOnce() -> T) -> T {
    if store.keeps_everything() { make() } else { T::default() }
}

/// The message without gRPC's frame and without compression.
fn unpack(dialect: Dialect, headers: &HeaderMap, mut body: Bytes) -> Option<Bytes> {
    let packed = match dialect {
        Dialect::Grpc => {
            let flag = body.try_get_u8().ok()?;
            let length = body.try_get_u32().ok()?;
            (body.len() == usize::try_from(length).ok()?).then_some(())?;
            flag == 1
        }
        Dialect::Protobuf | Dialect::Json => text(headers, header::CONTENT_ENCODING) == "gzip",
    };
    if !packed {
        return Some(body);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut unpacked).ok()?;
    Some(unpacked.into())
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
