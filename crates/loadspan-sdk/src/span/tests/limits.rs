//! Many attributes.

use std::time::{Duration, Instant};

use loadspan_wire::mlflow::attributes;

use crate::start_span;
use crate::testing;

#[test]
fn what_mlflow_knows_fits_after_any_number_of_others() {
    let memory = testing::state();
    {
        let span = start_span("many");
        span.set_inputs("in");
        for number in 0..130 {
            span.set_attribute(format!("k{number}"), number);
        }
        span.set_attribute("k0", "again");
        span.set_outputs("out");
    }

    let many = memory.span("many");
    assert_eq!(many.attributes.len(), 128);
    for key in [
        attributes::SPAN_INPUTS,
        attributes::SPAN_OUTPUTS,
        attributes::SPAN_TYPE,
        attributes::TRACE_REQUEST_ID,
    ] {
        let is_there = many.attributes.iter().any(|attribute| attribute.key.as_str() == key);
        assert!(is_there, "{key}");
    }
    assert_eq!(
        many.attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == "k0")
            .unwrap()
            .value
            .as_str(),
        "\"again\""
    );
    assert_eq!(many.dropped_attributes_count, 130 + 4 - 128);
}

#[test]
fn too_many_attributes_cost_no_more_than_the_first_ones() {
    let memory = testing::state();
    let start = Instant::now();
    {
        let span = start_span("many");
        for number in 0..20_000 {
            span.set_attribute(format!("k{number}"), number);
        }
    }
    // Two hundred million comparisons, if all were kept until the end.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(memory.span("many").dropped_attributes_count, 20_000 + 2 - 128);
}
