//! Exports against a real server that goes wrong as it is told to, each with its exact ledger.

mod console;
mod delivery;
mod flush;
mod harness;
mod missed;
mod mlflow;
mod push;
mod spool;
