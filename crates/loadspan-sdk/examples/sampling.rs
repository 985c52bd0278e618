//! A share of the traces: each is recorded as a whole or not at all, and what is not recorded costs next to nothing.
//!
//! ```sh
//! export MLFLOW_TRACKING_URI=http://localhost:5000 MLFLOW_EXPERIMENT_NAME=sampling
//! MLFLOW_TRACE_SAMPLING_RATIO=0.5 cargo run -p loadspan-sdk --example sampling -- 100
//! ```
#![expect(clippy::print_stdout, reason = "says what was recorded")]

use std::error::Error;
use std::time::Duration;

use loadspan_sdk::{SpanType, start_span};
use serde::Serialize;

#[derive(Serialize)]
struct Order {
    number: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let traces: u32 = std::env::args().nth(1).map_or(Ok(100), |count| count.parse())?;
    let mlflow = loadspan_sdk::init()?;

    let recorded = (0..traces).filter(|number| handle(&Order { number: *number })).count();
    println!("{recorded} of {traces} traces");

    // An MLflow server takes some tens of traces a second.
    let (_, counts) = mlflow.shutdown(Duration::from_secs(60));
    for count in counts {
        println!(
            "{}: {} of {} spans, {} dropped",
            count.destination, count.exported, count.produced, count.dropped
        );
    }
    Ok(())
}

/// Whether its trace is recorded: the first span decides, those below go with it.
fn handle(order: &Order) -> bool {
    let span = start_span("handle").with_type(SpanType::Chain);
    // Given by reference: of a trace that is not recorded, it is not even looked at.
    span.set_inputs(order);
    for name in ["check", "pack"] {
        let _step = start_span(name).with_type(SpanType::Task);
    }
    // Worth asking before something that is costly to make.
    if span.is_recording() {
        span.set_outputs(format!("order {} is packed", order.number));
    }
    span.is_recording()
}
