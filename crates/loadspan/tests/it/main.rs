//! Drives the built binary as a user would, against the scripted server.

mod errors;
mod formats;
mod harness;
mod interrupted;
mod readme;
mod secrets;
mod verdicts;
