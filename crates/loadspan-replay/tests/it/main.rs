//! Recordings as bytes, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as loudly as the test")]

mod bytes;
mod dialects;
mod files;
mod harness;
mod heavy;
mod links;
mod logs;
mod plans;
mod properties;
mod shapes;
mod unsure;
