//! What of later inputs is made of earlier answers, and by what.

use super::*;
use crate::recording::Recorded;
use crate::testing::{call, session};

const ANSWER: &str = "an answer that is long enough";

fn uses(session: &Session, call: usize) -> Vec<Use> {
    Graph::of(session).uses[call].clone()
}

fn edges(session: &Session) -> Vec<(usize, usize, String)> {
    let edges = Graph::of(session).edges;
    edges
        .into_iter()
        .map(|edge| (edge.from, edge.to, edge.reason.to_string()))
        .collect()
}

#[test]
fn a_quotation_has_its_place() {
    let text = format!("Is it so? {ANSWER}! And: {ANSWER}");
    let session = session([
        call(0, 1).user("1").says(&format!("\n{ANSWER} ")),
        call(2, 3).system("x").user(&text),
    ]);
    let quote = |at| Use {
        message: 1,
        of: Used::Quote { call: 0, part: 0, at },
    };
    assert_eq!(uses(&session, 1), [quote(10..39), quote(46..75)]);
}

#[test]
fn the_result_of_a_tool_may_quote_an_answer_as_well() {
    let session = session([
        call(0, 10).user("1").calls(&[("c1", "ask")]),
        call(11, 12).user("2").says(ANSWER),
        call(20, 21)
            .user("1")
            .assistant_calls(&[("c1", "ask")])
            .tool_result("c1", ANSWER),
    ]);
    let of = [
        Used::Answer { call: 0 },
        Used::ToolResult {
            call: 0,
            part: 0,
            tool_call: 0,
        },
        Used::Quote {
            call: 1,
            part: 0,
            at: 0..ANSWER.len(),
        },
    ];
    assert_eq!(
        uses(&session, 2).into_iter().map(|used| used.of).collect::<Vec<_>>(),
        of
    );
}

#[test]
fn of_equal_answers_the_last_is_meant() {
    let session = session([
        call(0, 10).user("1").says(ANSWER),
        call(0, 5).user("2").says(ANSWER),
        call(20, 21).user("3").assistant(ANSWER),
    ]);
    // In the order in which they began, then ended.
    assert_eq!(edges(&session), [(1, 2, "same text".to_owned())]);
}

#[test]
fn the_strongest_reason_is_kept() {
    let session = session([
        call(0, 10).user("1").says(ANSWER),
        call(20, 21).user("1").assistant(ANSWER).after(0, Recorded::Link),
    ]);
    assert_eq!(edges(&session), [(0, 1, "link".to_owned())]);
    assert_eq!(uses(&session, 1).len(), 1);
}

#[test]
fn depth_is_the_longest_way() {
    let session = session([
        call(0, 1),
        call(2, 3).after(0, Recorded::Link),
        call(4, 5).after(1, Recorded::Link).after(0, Recorded::Link),
        call(4, 6),
    ]);
    assert_eq!(Graph::of(&session).depths(), [0, 1, 2, 0]);
}

#[test]
fn what_came_after_a_failed_call_comes_after_what_that_came_after() {
    let session = session([
        call(0, 1),
        call(2, 3).after(0, Recorded::Parent).failed(),
        call(4, 5).after(1, Recorded::Link),
    ]);
    assert_eq!(edges(&session.without_failed()), [(0, 1, "link".to_owned())]);
}

#[test]
fn a_place_that_there_is_not_is_no_edge() {
    let session = session([call(0, 1).after(7, Recorded::Link), call(2, 3).after(1, Recorded::Link)]);
    assert_eq!(edges(&session), []);
}

#[test]
fn a_picture_has_a_box_for_each_call_and_an_arrow_for_each_edge() {
    let session = session([
        call(0, 1_000).user("1").says(ANSWER),
        call(1_500, 3_000).user("1").assistant(ANSWER).says("x"),
        call(1_600, 2_000).user("2").failed(),
    ]);
    let svg = crate::render_svg(&session, &Graph::of(&session));
    assert_eq!(
        (svg.matches("rx=\"4\"").count(), svg.matches("waits for").count()),
        (3, 1)
    );
    insta::assert_snapshot!(svg);
}

#[test]
fn names_in_a_picture_are_no_markup() {
    let mut one = call(0, 1).build();
    one.model = Some("<script>".to_owned());
    let session = Session::new("<b>&", crate::Origin::Trace, vec![one]);
    let svg = crate::render_svg(&session, &Graph::of(&session));
    assert!(
        svg.contains("&lt;script&gt;") && svg.contains("Session &lt;b&gt;&amp;") && !svg.contains("<script"),
        "{svg}"
    );
}
