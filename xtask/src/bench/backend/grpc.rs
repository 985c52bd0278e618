//! The same over gRPC: unary calls of OTLP on one HTTP/2 connection.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection with the event loop that drives it.
#[derive(Debug)]
pub(crate) struct Channel {
    runtime: Runtime,
    requests: SendRequest<Full<Bytes>>,
    port: u16,
}

impl Channel {
    /// # Errors
    ///
    /// Nothing that speaks HTTP/2 listens there.
    pub(crate) fn open(port: u16) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let requests = runtime.block_on(async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            let (requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            anyhow::Ok(requests)
        });
        Ok(Self {
            requests: requests.context("no server speaks gRPC there")?,
            runtime,
            port,
        })
    }

    /// Sends spans.
    ///
    /// # Errors
    ///
    /// They were not taken.
    pub(crate) fn send(&mut self, message: &[u8]) -> anyhow::Result<()> {
        let request = Request::post(format!("http://127.0.0.1:{}{EXPORT}", self.port))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("x-mlflow-experiment-id", "0")
            .body(Full::new(framed(message)?))?;
        let requests = &mut self.requests;
        self.runtime.block_on(async {
            let call = async {
                requests.ready().await?;
                let answer = requests.send_request(request).await?;
                let (head, body) = answer.into_parts();
                let body = body.collect().await?;
                anyhow::Ok((head.headers, body.trailers().cloned().unwrap_or_default()))
            };
            let (headers, trailers) = tokio::time::timeout(TIMEOUT, call).await??;
            // Errors without an answer stand in the headers.
            let status = status(&trailers).or(status(&headers));
            ensure!(status == Some("0"), "answered with grpc-status {status:?}");
            Ok(())
        })
    }
}

fn status(headers: &HeaderMap) -> Option<&str> {
    headers.get("grpc-status")?.to_str().ok()
}

/// A message as gRPC frames it, not compressed.
fn framed(message: &[u8]) -> anyhow::Result<Bytes> {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len())?);
    framed.put_slice(message);
    Ok(framed.freeze())
}
