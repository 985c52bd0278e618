//! Drives the built binary as a user would, against the scripted server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod demo;
mod errors;
mod formats;
mod harness;
mod interrupted;
mod mlflow;
mod mlflow_flags;
mod plots;
mod readme;
mod replay;
mod replay_url;
mod run_file;
mod secrets;
mod serve;
mod sessions;
mod stages_cut;
mod telemetry;
mod verdicts;
