//! What is shown of spans: they are arguments of traced functions, and fields of the application's own types.

use serde_json::json;

use crate::testing::{self, text};
use crate::{Parent, span, start_span, update_current_trace};

#[test]
fn a_span_is_shown_as_its_ids() {
    let memory = testing::state();
    let other = start_span("other");
    other.set_inputs("confidential");
    update_current_trace().user("confidential");
    let own = span("own").start();
    own.set_inputs("confidential");

    for shown in [format!("{own:?}"), format!("{other:?}"), format!("{:?}", memory.state)] {
        assert!(!shown.contains("confidential") && shown.len() < 1_000, "{shown}");
    }
    assert!(format!("{own:?}").contains(&own.span_id().unwrap()));
    assert_eq!(
        serde_json::to_value(&own).unwrap(),
        json!({"trace_id": own.trace_id(), "span_id": own.span_id()})
    );
}

#[test]
fn a_span_that_is_not_recorded_has_no_ids_to_show() {
    let _nothing = testing::nothing_set_up();

    assert_eq!(
        serde_json::to_value(span("off").start()).unwrap(),
        json!({"trace_id": null, "span_id": null})
    );
}

#[cfg(feature = "macros")]
#[test]
fn a_span_as_an_argument_is_recorded_as_its_ids() {
    #[crate::trace]
    fn step(parent: &crate::Span) {
        let _ = parent;
    }
    let memory = testing::state();
    let parent = start_span("parent");
    parent.set_inputs("confidential");

    step(&parent);

    let recorded = memory.span("step");
    let inputs = text(&recorded, "mlflow.spanInputs").unwrap();
    let id = parent.span_id().unwrap();
    assert!(inputs.contains(&id) && !inputs.contains("confidential"), "{inputs}");
}

#[test]
fn a_guard_is_a_parent() {
    let memory = testing::state();
    let parent = start_span("parent");
    span("child").as_root().with_parent(Parent::from(&parent)).start().end();

    let id = memory.span("child").parent_span_id.to_string();
    assert_eq!(Some(id), parent.span_id());
}
