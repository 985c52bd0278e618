//! What the server under test and its GPUs were doing while the load ran.
//!
//! A [`Scraper`] is one thread that asks Prometheus endpoints, DCGM exporters and NVML once a second, translates what they say
//! into one vocabulary, appends it to `server_metrics.jsonl` and `gpu_metrics.jsonl`, and hands it on. It delays no request, and
//! whatever it meets costs the run a note at most.

mod config;
mod dcgm;
mod endpoint;
mod nvml;
mod outputs;
pub mod prometheus_text;
mod report;
mod scraper;
mod series;
mod server;
mod snapshot;
mod source;
mod vocabulary;

pub use config::{GpuSource, Named, ScrapeConfig, ScrapePage, ScrapeTarget, TlsTrust};
pub use outputs::{FileOpener, ScrapeOutputs};
pub use report::{ScrapeReport, SourceReport};
pub use scraper::Scraper;
