//! What spans cost the threads that make them.
//!
//! `cargo bench -p loadspan-sdk --all-features`
//!
//! Spans are made as an application makes them and go to a collector in this process, over gRPC. Its thread and that of the exports
//! work at the same time, as they do elsewhere; now and then the clock stands until the queue is empty, so that no span is dropped,
//! which would be cheaper. The clock is the CPU time of the calling thread, which does not depend on what else the machine does.

mod content;
mod cost;
mod layer;
mod swallow;
mod threads;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    cost::measure(&mut criterion);
    content::measure(&mut criterion);
    layer::measure(&mut criterion);
    threads::measure(&mut criterion);
    criterion.final_summary();
}
