//! Connections of a sink, and the requests that come over them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::MlflowAnswer;
use super::call::Call;
use super::reply::Reply;
use super::store::Store;

/// How long to wait when the operating system has no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// Accepts connections and serves each in a task of its own. Runs until it is dropped.
pub(super) async fn accept_all(listener: TcpListener, store: Arc<Store>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        // Without it only latency is lost.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, Arc::clone(&store)));
    }
}

/// Serves a connection until either side closes it.
async fn serve(stream: TcpStream, store: Arc<Store>) {
    let close = Notify::new();
    let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request, &store, &close).await) });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that broke has nobody left to be told.
        _ = connection => {}
        () = close.notified() => {}
    }
}

async fn answer(request: Request<Incoming>, store: &Store, close: &Notify) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let scripted = store.arrive(head.uri.path());
    let Ok(body) = body.collect().await else {
        // The client went away in the middle of it.
        return Reply::scripted(400, String::new()).into_response();
    };
    let call = Call::new(head, body.to_bytes());
    let reply = match scripted {
        MlflowAnswer::Normal => store.handle(&call),
        MlflowAnswer::Status(status, body) => Reply::scripted(status, body),
        MlflowAnswer::RetryAfter(status, delay) => Reply::retry_after(status, delay),
        MlflowAnswer::Hang => std::future::pending().await,
        MlflowAnswer::Slow(delay) => {
            let reply = store.handle(&call);
            tokio::time::sleep(delay).await;
            reply
        }
        MlflowAnswer::DropAfterHandling => {
            store.handle(&call);
            close.notify_one();
            std::future::pending().await
        }
    };
    reply.into_response()
}
