//! The scraper against real sockets: the scripted server, and pages that tests change.
#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

mod endpoints;
mod environment;
mod gpus;
mod servers;
mod tls;
