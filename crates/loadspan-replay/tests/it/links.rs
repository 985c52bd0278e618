//! What the structure of a trace says by itself: without content, as most traces of production are.

use insta::assert_snapshot;
use loadspan_replay::{Reading, RecordingBuilder, SessionsBy};

use crate::harness::*;

#[test]
fn a_tool_between_two_calls_makes_them_a_chain() {
    assert_snapshot!(graphs([
        span("agent", 0, 9_000),
        chat("a", 0, 1_000).under("agent").counts(10, 5),
        tool("t", 1_100, 2_000).under("agent"),
        chat("b", 2_200, 3_000).under("agent").counts(20, 5),
        // Nothing is between these.
        chat("c", 3_500, 4_000).under("agent").counts(20, 5),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 1 edge
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  wait 1.200 s, took 0.800 s: chat m [6200000000000000], 20 → 5 tokens, without content
           after #0: tool search
      #2  at 3.500 s, took 0.500 s: chat m [6300000000000000], 20 → 5 tokens, without content
    ");
}

#[test]
fn what_a_tool_calls_is_between_as_well() {
    assert_snapshot!(graphs([
        span("agent", 0, 9_000),
        chat("a", 0, 1_000).under("agent").counts(10, 5),
        tool("t", 1_100, 5_000).under("agent"),
        span("sub", 1_200, 4_900).under("t"),
        chat("b", 1_300, 2_000).under("sub").counts(1, 1),
        chat("c", 1_400, 4_000).under("sub").counts(1, 1),
        chat("d", 5_100, 6_000).under("agent").counts(20, 5),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 4 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  wait 0.300 s, took 0.700 s: chat m [6200000000000000], 1 → 1 tokens, without content
           after #0: tool search
      #2  wait 0.400 s, took 2.600 s: chat m [6300000000000000], 1 → 1 tokens, without content
           after #0: tool search
      #3  wait 1.100 s, took 0.900 s: chat m [6400000000000000], 20 → 5 tokens, without content
           after #1: tool search
           after #2: tool search
    ");
}

#[test]
fn tools_at_the_same_time_are_all_waited_for() {
    assert_snapshot!(graphs([
        span("agent", 0, 9_000),
        chat("a", 0, 1_000).under("agent").counts(10, 5),
        tool("t", 1_100, 5_000).under("agent"),
        chat("b", 1_300, 4_800).under("t").counts(1, 1),
        tool("u", 1_100, 3_000).under("agent"),
        chat("c", 1_400, 2_900).under("u").counts(1, 1),
        chat("d", 5_500, 6_000).under("agent").counts(20, 5),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 4 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  wait 0.300 s, took 3.500 s: chat m [6200000000000000], 1 → 1 tokens, without content
           after #0: tool search
      #2  wait 0.400 s, took 1.500 s: chat m [6300000000000000], 1 → 1 tokens, without content
           after #0: tool search
      #3  wait 0.700 s, took 0.500 s: chat m [6400000000000000], 20 → 5 tokens, without content
           after #1: tool search
           after #2: tool search
    ");
}

#[test]
fn the_id_of_a_tool_call_says_who_asked_for_it() {
    assert_snapshot!(graphs([
        span("agent", 0, 9_000),
        chat("a", 0, 1_000).under("agent").asks([user("A")]).answers(calls([("c1", "search")])),
        chat("b", 0, 1_050).under("agent").asks([user("B")]).answers(calls([("c2", "search")])),
        tool("t", 1_100, 2_000).under("agent").with("gen_ai.tool.call.id", "c1"),
        chat("c", 1_200, 1_900).under("t").asks([user("C")]).says("3"),
        chat("d", 2_100, 3_000).under("agent").asks([user("B"), calls([("c2", "search")]), result("c2", "x")]).says("4"),
        chat("e", 2_200, 3_000).under("agent").asks([user("A"), calls([("c1", "search")]), result("c1", "x")]).says("5"),
    ]), @r"
    session 00000000000000000000000000000001: 5 calls, 3 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  at 0.000 s, took 1.050 s: chat m [6200000000000000]
      #2  wait 0.200 s, took 0.700 s: chat m [6300000000000000]
           after #0: tool search
      #3  wait 1.050 s, took 0.900 s: chat m [6400000000000000]
           after #1: tool call c2
      #4  wait 0.300 s, took 0.800 s: chat m [6500000000000000]
           after #2: tool search
    ");
}

#[test]
fn a_span_below_one_that_has_ended_comes_after_it() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).counts(10, 5),
        span("later", 1_500, 3_000).under("a"),
        chat("b", 2_000, 3_000).under("later").counts(10, 5),
    ]), @r"
    session 00000000000000000000000000000001: 2 calls, 1 edge
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  wait 1.000 s, took 1.000 s: chat m [6200000000000000], 10 → 5 tokens, without content
           after #0: parent span
    ");
}

#[test]
fn links_lead_to_all_calls_of_what_they_name() {
    assert_snapshot!(graphs([
        span("one", 0, 2_000),
        chat("a", 0, 1_000).under("one").counts(10, 5),
        chat("b", 0, 2_000).under("one").counts(10, 5),
        span("two", 3_000, 5_000).linked_to(1, "one"),
        chat("c", 3_500, 4_000).under("two").counts(10, 5),
        // What is still running is no reason to wait.
        chat("d", 4_500, 5_000).linked_to(1, "two").counts(10, 5),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 2 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  at 0.000 s, took 2.000 s: chat m [6200000000000000], 10 → 5 tokens, without content
      #2  wait 1.500 s, took 0.500 s: chat m [6300000000000000], 10 → 5 tokens, without content
           after #0: link
           after #1: link
      #3  at 4.500 s, took 0.500 s: chat m [6400000000000000], 10 → 5 tokens, without content
    ");
}

#[test]
fn turns_of_a_conversation_have_numbers() {
    let turn = |span: Span, number: u32| span.with("gen_ai.conversation.id", "x").with("loadspan.turn", number);
    assert_snapshot!(graphs([
        turn(chat("a", 0, 1_000).of_trace(5), 0).counts(10, 5),
        turn(chat("b", 3_000, 4_000).of_trace(6), 1).counts(20, 5),
        turn(chat("c", 4_500, 5_000).of_trace(7), 2).counts(30, 5),
    ]), @r"
    session x: 3 calls, 2 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
      #1  wait 2.000 s, took 1.000 s: chat m [6200000000000000], 20 → 5 tokens, without content
           after #0: turn
      #2  wait 0.500 s, took 0.500 s: chat m [6300000000000000], 30 → 5 tokens, without content
           after #1: turn
    ");
}

#[test]
fn requests_that_loadspan_sent_are_sessions_each() {
    let request = |span: Span| span.under("stage").with("loadspan.request.id", "r").counts(10, 5);
    let spans = || {
        [
            span("stage", 0, 9_000),
            request(chat("a", 0, 1_000)),
            request(chat("b", 500, 2_000)),
        ]
    };
    assert_snapshot!(graphs(spans()), @r"
    session 6100000000000000: 1 call, 0 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 10 → 5 tokens, without content
    session 6200000000000000: 1 call, 0 edges
      #0  at 0.000 s, took 1.500 s: chat m [6200000000000000], 10 → 5 tokens, without content
    ");
    let by_trace = Reading {
        sessions: SessionsBy::Trace,
        ..Reading::default()
    };
    let mut builder = RecordingBuilder::new(by_trace);
    builder.add("t", otlp(&spans()).as_bytes(), None).unwrap();
    assert_eq!(builder.finish().sessions[0].calls().len(), 2);
}

#[test]
fn the_span_around_a_call_is_not_another_call() {
    assert_snapshot!(graphs([
        chat("outer", 0, 1_000).asks([user("Hi")]).says("Hello to you, whoever it is."),
        chat("inner", 100, 900).under("outer").asks([user("Hi")]).says("Hello to you, whoever it is."),
        chat("around", 1_500, 3_000).asks([user("Hi")]).says("Hello"),
        chat("bare", 1_600, 2_900).under("around").counts(1, 1),
    ]), @r"
    session 00000000000000000000000000000001: 2 calls, 0 edges
      #0  at 0.000 s, took 0.800 s: chat m [696e6e6572000000]
      #1  at 1.400 s, took 1.500 s: chat m [61726f756e640000]
    not used: chat m (6f75746572000000): the call within it is the same one
    not used: chat m (6261726500000000): the call around it is the same one, and has its content
    ");
}

#[test]
fn a_circle_of_parents_is_no_hindrance() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).under("b").counts(1, 1),
        chat("b", 2_000, 3_000).under("a").counts(1, 1),
        chat("c", 4_000, 5_000).under("c").counts(1, 1),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 0 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000], 1 → 1 tokens, without content
      #1  at 2.000 s, took 1.000 s: chat m [6200000000000000], 1 → 1 tokens, without content
      #2  at 4.000 s, took 1.000 s: chat m [6300000000000000], 1 → 1 tokens, without content
    ");
}
