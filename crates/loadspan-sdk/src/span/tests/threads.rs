//! Many threads at once.

use crate::{start_span, testing};

#[test]
fn spans_of_eight_threads_are_all_there() {
    let memory = testing::state();
    std::thread::scope(|threads| {
        for thread in 0..8 {
            threads.spawn(move || {
                for index in 0..2_500 {
                    let _root = start_span("root");
                    let child = start_span("child");
                    child.set_inputs((thread, index));
                }
            });
        }
    });

    let spans = memory.spans();
    let roots = spans.iter().filter(|span| span.name == "root").count();
    let mut inputs: Vec<_> = spans
        .iter()
        .filter_map(|span| testing::text(span, "mlflow.spanInputs"))
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    assert_eq!((spans.len(), roots, inputs.len()), (40_000, 20_000, 20_000));
}
