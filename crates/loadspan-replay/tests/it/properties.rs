//! What holds of any recording.

use std::collections::HashSet;
use std::sync::Arc;

use loadspan_replay::{
    After, Call, Exchange, Graph, Message, MissingToolCall, Options, Origin, Output, Plan, Recorded, Recording, Role,
    Session, Start, render_svg, render_text,
};
use loadspan_wire::semconv::genai::Operation;
use proptest::prelude::*;

const TEXTS: [&str; 6] = [
    "",
    "Yes",
    "the first of some longer answers",
    "the second of some longer answers",
    "the first of some longer answers, and the second of some longer answers",
    "something else that is said quite often",
];

#[derive(Debug, Clone)]
struct Made {
    start: u64,
    took: u64,
    asked: Vec<usize>,
    answer: usize,
    after: Vec<usize>,
    failed: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let asked = prop::collection::vec(0..TEXTS.len(), 0..5);
    let after = prop::collection::vec(0_usize..12, 0..3);
    (
        0_u64..60,
        0_u64..20,
        asked,
        0..TEXTS.len(),
        after,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(start, took, asked, answer, after, failed)| Made {
            start,
            took,
            asked,
            answer,
            after,
            failed,
        })
}

fn call(made: &Made) -> Call {
    let messages = made.asked.iter().enumerate().map(|(place, text)| {
        let role = if place % 2 == 1 { Role::Assistant } else { Role::User };
        Arc::new(Message::text_of(role, TEXTS[*text]))
    });
    let after = made.after.iter().map(|call| After {
        call: *call,
        by: Recorded::Link,
    });
    Call {
        id: format!("{}", made.start),
        operation: Operation::Chat,
        start_ns: made.start * 1_000,
        end_ns: (made.start + made.took) * 1_000,
        model: None,
        messages: messages.collect(),
        tools: None,
        output: Some(Output::of_text(TEXTS[made.answer])),
        input_tokens: None,
        output_tokens: None,
        parameters: serde_json::Map::new(),
        after: after.collect(),
        turn: None,
        failed: made.failed,
    }
}

fn session(calls: &[Made]) -> Session {
    Session::new("s", Origin::Trace, calls.iter().map(call).collect())
}

/// All that comes before each call.
fn reach(graph: &Graph) -> Vec<HashSet<usize>> {
    let mut reach: Vec<HashSet<usize>> = vec![HashSet::new(); graph.starts.len()];
    for edge in &graph.edges {
        let before = reach[edge.from].clone();
        reach[edge.to].extend(before);
        reach[edge.to].insert(edge.from);
    }
    reach
}

proptest! {
    #[test]
    fn a_graph_has_no_circles_and_no_edge_between_calls_that_overlap(calls in prop::collection::vec(made(), 0..12)) {
        let session = session(&calls);
        let graph = Graph::of(&session);
        prop_assert_eq!(graph.starts.len(), calls.len());
        for edge in &graph.edges {
            let (from, to) = (&session.calls()[edge.from], &session.calls()[edge.to]);
            prop_assert!(edge.from < edge.to);
            prop_assert!(from.end_ns <= to.start_ns);
        }
    }

    #[test]
    fn a_wait_is_the_gap_after_the_last_of_those_before(calls in prop::collection::vec(made(), 0..12)) {
        let session = session(&calls);
        let graph = Graph::of(&session);
        for (to, start) in graph.starts.iter().enumerate() {
            let ends = graph.before(to).iter().map(|edge| session.calls()[edge.from].end_ns);
            let began = session.calls()[to].start_ns;
            match (ends.max(), start) {
                (Some(end), Start::Wait(wait)) => prop_assert_eq!(wait.as_nanos(), u128::from(began - end)),
                (None, Start::Offset(offset)) => {
                    prop_assert_eq!(offset.as_nanos(), u128::from(began - session.calls()[0].start_ns));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn what_is_left_out_can_be_reached(calls in prop::collection::vec(made(), 0..12)) {
        let session = session(&calls);
        let graph = Graph::of(&session);
        let reach = reach(&graph);
        for (to, call) in session.calls().iter().enumerate() {
            for after in call.after.iter().filter(|after| after.call < to) {
                let ended = session.calls()[after.call].end_ns <= call.start_ns;
                prop_assert!(!ended || reach[to].contains(&after.call));
            }
            for used in &graph.uses[to] {
                prop_assert!(reach[to].contains(&used.of.call()));
            }
            // No edge is implied by the others.
            for edge in graph.before(to) {
                let others = graph.before(to).iter().filter(|other| other.from != edge.from);
                prop_assert!(others.into_iter().all(|other| !reach[other.from].contains(&edge.from)));
            }
        }
    }

    #[test]
    fn recorded_answers_put_back_are_the_recording(calls in prop::collection::vec(made(), 0..12)) {
        let session = session(&calls);
        let graph = Graph::of(&session);
        let exchange = Exchange::new(&session, &graph, MissingToolCall::Fail);
        for (place, call) in session.calls().iter().enumerate() {
            let sent = exchange.messages(place, |of| session.calls()[of].output.as_ref()).unwrap();
            prop_assert_eq!(&sent.messages, &call.messages);
        }
    }

    #[test]
    fn each_call_is_planned_once(calls in prop::collection::vec(made(), 1..12)) {
        let session = session(&calls);
        let recording = Recording { sessions: vec![session.clone()], ..Recording::default() };
        let plan = Plan::of(recording, &Options::default());
        prop_assert_eq!(plan.sessions[0].events.len(), calls.len());
        for (place, event) in plan.sessions[0].events.iter().enumerate() {
            prop_assert!(event.after.iter().all(|before| *before < place));
            prop_assert_eq!(event.after.is_empty(), matches!(event.start, Start::Offset(_)));
        }
        let without = session.without_failed();
        prop_assert_eq!(without.calls().len(), calls.iter().filter(|call| !call.failed).count());
        let graph = Graph::of(&without);
        prop_assert!(render_svg(&without, &graph).ends_with("</svg>\n"));
        prop_assert!(render_text(&without, &graph).starts_with("session s"));
    }
}
