//! An application that has `tracing` already: one layer, and each `#[instrument]` span is a span of MLflow.
//!
//! ```sh
//! MLFLOW_TRACKING_URI=http://localhost:5000 cargo run -p loadspan-sdk --features tracing --example tracing_layer
//! ```

use std::error::Error;

use tracing::{info, instrument};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> Result<(), Box<dyn Error>> {
    let _mlflow = loadspan_sdk::init()?;
    // A filter, or the spans of every crate come along, those of HTTP clients and databases included.
    let mine = Targets::new().with_target("tracing_layer", LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(loadspan_sdk::tracing_layer().with_filter(mine))
        .try_init()?;

    process_request("What is MLflow?");
    Ok(())
}

/// Arguments become inputs; `ret` makes the result the outputs. `span_type` says what MLflow shows it as.
#[instrument(ret, fields(span_type = "CHAIN"))]
fn process_request(query: &str) -> String {
    let found = search(query, 2);
    info!(documents = found.len(), "searched"); // An event of the span.
    // Both ways of making spans nest.
    let span = loadspan_sdk::start_span("answer").with_type("LLM");
    span.set_inputs(&found);
    span.set_outputs("MLflow is an open source platform");
    "MLflow is an open source platform".to_owned()
}

#[instrument(ret, fields(span_type = "RETRIEVER"))]
fn search(query: &str, count: usize) -> Vec<String> {
    vec![query.to_uppercase(); count]
}
