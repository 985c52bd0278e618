//! The fake server as its clients see it: byte by byte over a plain socket, and by hyper for HTTP/2.
#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

mod faults;
mod http1;
mod http2;
mod info;
mod shapes;
mod streams;
mod timing;
mod truth;
