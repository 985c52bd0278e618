//! The shapes that applications have, from bytes to graphs.

use insta::assert_snapshot;

use crate::harness::*;

const PLAN: &str = "First find the sources, then compare them.";
const SOURCES: &str = "There are three sources, two of them recent.";
const VERDICT: &str = "The recent ones agree with each other.";

#[test]
fn a_chain_waits_for_one_after_the_other() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).asks([user("Plan it")]).says(PLAN),
        chat("b", 1_500, 3_000).asks([user("Plan it"), assistant(PLAN), user("Find them")]).says(SOURCES),
        chat("c", 4_000, 5_000)
            .asks([user("Plan it"), assistant(PLAN), user("Find them"), assistant(SOURCES), user("Compare")])
            .says(VERDICT),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 2 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  wait 0.500 s, took 1.500 s: chat m [6200000000000000]
           after #0: continuation
      #2  wait 1.000 s, took 1.000 s: chat m [6300000000000000]
           after #1: continuation
    ");
}

#[test]
fn calls_that_have_nothing_in_common_begin_when_they_did() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).asks([user("Describe the north of it")]).says("The north of it is cold and wide."),
        chat("b", 1_200, 2_000).asks([user("Describe the south of it")]).says("The south of it is warm and small."),
        chat("c", 1_300, 1_400).asks([user("Describe the west of it")]).says("The west of it is wet and green."),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 0 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  at 1.200 s, took 0.800 s: chat m [6200000000000000]
      #2  at 1.300 s, took 0.100 s: chat m [6300000000000000]
    ");
}

#[test]
fn a_fan_out_waits_for_the_one_that_it_comes_from() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).asks([user("Plan it")]).says(PLAN),
        chat("b", 1_100, 2_000).asks([user(&format!("Do the first part of: {PLAN}"))]).says("The first part is done."),
        chat("c", 1_200, 1_900).asks([user(&format!("Do the second part of: {PLAN}"))]).says("The second part is done."),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 2 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  wait 0.100 s, took 0.900 s: chat m [6200000000000000]
           after #0: quoted text
      #2  wait 0.200 s, took 0.700 s: chat m [6300000000000000]
           after #0: quoted text
    ");
}

#[test]
fn a_fan_in_waits_for_all_and_counts_from_the_last() {
    let join = "Join these.\n1. The east is finished now.\n2. The west is finished now.";
    assert_snapshot!(graphs([
        // The first to begin is the last to end.
        chat("a", 0, 7_000).asks([user("Do the east of it")]).says("The east is finished now."),
        chat("b", 100, 4_000).asks([user("Do the west of it")]).says("The west is finished now."),
        chat("c", 8_000, 9_000).asks([user(join)]).says("Both of them are finished."),
        chat("d", 9_500, 9_900).asks([user("Thank them"), assistant("Both of them are finished.")]).says("Thanks"),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 3 edges
      #0  at 0.000 s, took 7.000 s: chat m [6100000000000000]
      #1  at 0.100 s, took 3.900 s: chat m [6200000000000000]
      #2  wait 1.000 s, took 1.000 s: chat m [6300000000000000]
           after #0: quoted text
           after #1: quoted text
      #3  wait 0.500 s, took 0.400 s: chat m [6400000000000000]
           after #2: same text
    ");
}

#[test]
fn a_prefix_in_common_is_no_edge() {
    let rules = "You are a reviewer. Be brief, be kind, and name the line.";
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).asks([system(rules), user("Review a.rs")]).says("Line 3 of a.rs can go away."),
        chat("b", 2_000, 3_000).asks([system(rules), user("Review b.rs")]).says("Line 7 of b.rs can go away."),
        chat("c", 3_100, 4_000).asks([system(rules), user("Review c.rs")]).says(rules),
        chat("d", 4_100, 5_000).asks([system(rules), user("Review d.rs")]).says("Line 1 of d.rs can go away."),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 0 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  at 2.000 s, took 1.000 s: chat m [6200000000000000]
      #2  at 3.100 s, took 0.900 s: chat m [6300000000000000]
      #3  at 4.100 s, took 0.900 s: chat m [6400000000000000]
    ");
}

#[test]
fn tool_calls_are_followed_by_their_ids() {
    assert_snapshot!(graphs([
        chat("a", 0, 1_000).asks([user("Weather?")]).answers(calls([("c1", "weather"), ("c2", "clock")])),
        chat("b", 3_000, 4_000)
            .asks([user("Weather?"), calls([("c1", "weather"), ("c2", "clock")]), result("c1", "rain"), result("c2", "noon")])
            .says("It rains."),
        // It has the result, and not the call: histories are cut.
        chat("c", 4_100, 4_500).asks([result("c2", "noon"), user("And now?")]).says("It is noon, still."),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 2 edges
      #0  at 0.000 s, took 1.000 s: chat m [6100000000000000]
      #1  wait 2.000 s, took 1.000 s: chat m [6200000000000000]
           after #0: tool call c1
      #2  wait 3.100 s, took 0.400 s: chat m [6300000000000000]
           after #0: tool call c2
    ");
}

#[test]
fn ids_that_come_again_are_those_of_the_last_call() {
    assert_snapshot!(graphs([
        chat("a", 0, 100).asks([user("One")]).answers(calls([("call_0", "add")])),
        chat("b", 200, 300).asks([user("One"), calls([("call_0", "add")]), result("call_0", "1")]).answers(calls([("call_0", "add")])),
        chat("c", 400, 500).asks([user("Two"), result("call_0", "2")]).says("2"),
    ]), @r"
    session 00000000000000000000000000000001: 3 calls, 2 edges
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
      #1  wait 0.100 s, took 0.100 s: chat m [6200000000000000]
           after #0: tool call call_0
      #2  wait 0.100 s, took 0.100 s: chat m [6300000000000000]
           after #1: tool call call_0
    ");
}

#[test]
fn calls_that_overlap_have_no_edge() {
    let yes = "Yes, that is how it is.";
    assert_snapshot!(graphs([
        chat("a", 0, 2_000).asks([user("Is it so?")]).answers(calls([("c1", "look")])),
        chat("b", 1_000, 3_000).asks([user("Is it so?"), calls([("c1", "look")]), result("c1", "x")]).says(yes),
        chat("c", 2_500, 4_000).asks([user("Really?"), assistant(yes)]).says("Sure"),
        // What was there before an answer is not made of it, also where it is seen again afterwards.
        chat("d", 5_000, 6_000).asks([user("Really?"), assistant(yes), user("Once more")]).says("Sure"),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 0 edges
      #0  at 0.000 s, took 2.000 s: chat m [6100000000000000]
      #1  at 1.000 s, took 2.000 s: chat m [6200000000000000]
      #2  at 2.500 s, took 1.500 s: chat m [6300000000000000]
      #3  at 5.000 s, took 1.000 s: chat m [6400000000000000]
      no edge from #0 to #1 (tool call c1): they overlap by 1.000 s
    ");
}

#[test]
fn short_and_empty_answers_show_nothing() {
    assert_snapshot!(graphs([
        chat("a", 0, 100).asks([user("Is it?")]).says("Yes"),
        chat("b", 200, 300).asks([user("Was it?")]).says(""),
        chat("c", 400, 500).asks([user("Say"), assistant("Yes"), user("Yes, sure, yes")]).says("   "),
        chat("d", 600, 700).asks([user("Tell"), assistant(""), assistant("   ")]).says("No"),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 0 edges
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
      #1  at 0.200 s, took 0.100 s: chat m [6200000000000000]
      #2  at 0.400 s, took 0.100 s: chat m [6300000000000000]
      #3  at 0.600 s, took 0.100 s: chat m [6400000000000000]
    ");
}

#[test]
fn a_short_answer_counts_right_behind_the_same_conversation() {
    assert_snapshot!(graphs([
        chat("a", 0, 100).asks([user("Is it?")]).says("Yes"),
        chat("b", 200, 300).asks([user("Is it?"), assistant("Yes"), user("Why?")]).says("So"),
    ]), @r"
    session 00000000000000000000000000000001: 2 calls, 1 edge
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
      #1  wait 0.100 s, took 0.100 s: chat m [6200000000000000]
           after #0: continuation
    ");
}

#[test]
fn several_traces_are_several_sessions() {
    assert_snapshot!(graphs([
        chat("b", 500, 700).of_trace(2).asks([user("Plan it")]).says(PLAN),
        chat("a", 0, 100).asks([user("Plan it")]).says(PLAN),
        chat("c", 800, 900).of_trace(2).asks([user("Plan it"), assistant(PLAN)]).says(SOURCES),
        chat("d", 900, 950).of_trace(3).asks([user("Plan it"), assistant(PLAN)]).says(SOURCES),
    ]), @r"
    session 00000000000000000000000000000001: 1 call, 0 edges
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
    session 00000000000000000000000000000002: 2 calls, 1 edge
      #0  at 0.000 s, took 0.200 s: chat m [6200000000000000]
      #1  wait 0.100 s, took 0.100 s: chat m [6300000000000000]
           after #0: continuation
    session 00000000000000000000000000000003: 1 call, 0 edges
      #0  at 0.000 s, took 0.050 s: chat m [6400000000000000]
    ");
}

#[test]
fn a_conversation_joins_traces() {
    let of = |span: Span, id: &str| span.with("gen_ai.conversation.id", id);
    assert_snapshot!(graphs([
        of(chat("a", 0, 100), "x").asks([user("Plan it")]).says(PLAN),
        of(chat("b", 50, 150).of_trace(2), "y").asks([user("Plan it")]).says(PLAN),
        of(chat("c", 300, 400).of_trace(3), "x").asks([user("Plan it"), assistant(PLAN), user("Do it")]).says(SOURCES),
    ]), @r"
    session x: 2 calls, 1 edge
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
      #1  wait 0.200 s, took 0.100 s: chat m [6300000000000000]
           after #0: continuation
    session y: 1 call, 0 edges
      #0  at 0.000 s, took 0.100 s: chat m [6200000000000000]
    ");
}

#[test]
fn what_is_within_reach_has_no_edge_of_its_own() {
    let [one, two, three] = [
        "the first answer of them",
        "the second answer of them",
        "the third answer of them",
    ];
    assert_snapshot!(graphs([
        chat("a", 0, 100).asks([user("1")]).says(one),
        chat("b", 200, 300).asks([user(one)]).says(two),
        chat("c", 400, 500).asks([user(&format!("{one} {two}"))]).says(three),
        chat("d", 600, 700).asks([user(&format!("{three} {two} {one}"))]).says("4"),
    ]), @r"
    session 00000000000000000000000000000001: 4 calls, 3 edges
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000]
      #1  wait 0.100 s, took 0.100 s: chat m [6200000000000000]
           after #0: quoted text
      #2  wait 0.100 s, took 0.100 s: chat m [6300000000000000]
           after #1: quoted text
      #3  wait 0.100 s, took 0.100 s: chat m [6400000000000000]
           after #2: quoted text
    ");
}

#[test]
fn a_failed_call_is_said_to_be_one() {
    assert_snapshot!(graphs([
        chat("a", 0, 100).asks([user("Plan it")]).failed(),
        chat("b", 200, 300).asks([user("Plan it")]).says(PLAN),
    ]), @r"
    session 00000000000000000000000000000001: 2 calls, 0 edges
      #0  at 0.000 s, took 0.100 s: chat m [6100000000000000], failed
      #1  at 0.200 s, took 0.100 s: chat m [6200000000000000]
    ");
}
