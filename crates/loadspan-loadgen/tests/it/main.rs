//! The load generator as its users see it: real sockets, real threads, and a server that knows what it did.
#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

mod bodies;
mod closed;
mod content;
mod endpoints;
mod failures;
mod http1;
mod http2;
mod open;
mod preflight;
mod proxy;
mod recorded;
mod secrets;
mod server_kinds;
mod sessions;
mod shapes;
mod stages;
mod stopping;
mod targets;
mod tls;
mod tokens;
mod trace_context;
