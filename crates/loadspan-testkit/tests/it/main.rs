//! The fake servers as their clients see them: byte by byte over a plain socket, and by hyper for HTTP/2.
#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

mod faults;
mod http1;
mod http2;
mod info;
mod mlflow_sink;
mod otlp_sink;
mod shapes;
mod streams;
mod timing;
mod truth;
