//! What is sent of a recording, and when.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_replay::{
    FailedCalls, Left, Opened, Options, Plan, PlannedSession, Planner, Reading, Share, Speed, Start, Window,
};

use crate::harness::*;

const LONG: &str = "An answer that is long enough.";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn plan(spans: &[Span], options: &Options) -> Plan {
    Plan::of(recording_of(otlp(spans)), options)
}

/// A hundred sessions, one a second, of two calls each.
fn hundred() -> Vec<Span> {
    let pair = |number: u32| {
        let at = u64::from(number) * 1_000;
        let question = format!("Question {number}");
        [
            chat("a", at, at + 200)
                .of_trace(number)
                .asks([user(&question)])
                .says(LONG),
            chat("b", at + 500, at + 800)
                .of_trace(number)
                .asks([user(&question), assistant(LONG)])
                .says("x"),
        ]
    };
    (1..=100).flat_map(pair).collect()
}

fn starts(session: &PlannedSession) -> Vec<Start> {
    session.events.iter().map(|event| event.start).collect()
}

#[test]
fn speed_scales_arrivals_and_waits() {
    let options = Options {
        speed: Speed::new(2.0).unwrap(),
        ..Options::default()
    };
    let plan = plan(&hundred(), &options);
    assert_eq!(plan.sessions.len(), 100);
    assert_eq!(plan.sessions[10].arrival, Some(ms(5_000)));
    assert_eq!(starts(&plan.sessions[10]), [Start::Offset(ms(0)), Start::Wait(ms(150))]);
    assert_eq!(plan.sessions[10].events[1].after, [0]);
}

#[test]
fn no_wait_is_longer_than_the_longest() {
    let options = Options {
        max_wait: Some(ms(100)),
        ..Options::default()
    };
    let spans = [
        chat("a", 0, 1_000).asks([user("1")]).says(LONG),
        chat("b", 5_000, 6_000).asks([user("1"), assistant(LONG)]).says("x"),
        // On its own, and 4,000 ms after anything ran.
        chat("c", 10_000, 11_000).asks([user("2")]).says("y"),
        chat("d", 10_500, 10_600).asks([user("3")]).says("z"),
    ];
    let plan = plan(&spans, &options);
    let expected = [
        Start::Offset(ms(0)),
        Start::Wait(ms(100)),
        Start::Offset(ms(10_000 - 3_900 - 3_900)),
        Start::Offset(ms(10_500 - 3_900 - 3_900)),
    ];
    assert_eq!(starts(&plan.sessions[0]), expected);
}

#[test]
fn a_window_takes_whole_sessions_and_begins_at_nothing() {
    let options = Options {
        window: Some(Window {
            from: ms(20_000),
            to: ms(30_000),
        }),
        ..Options::default()
    };
    let plan = plan(&hundred(), &options);
    assert_eq!((plan.sessions.len(), plan.left.by_window), (10, 90));
    assert_eq!(plan.sessions[0].arrival, Some(Duration::ZERO));
    assert!(plan.sessions.iter().all(|session| session.events.len() == 2));
}

#[test]
fn a_sample_is_of_whole_sessions_and_the_same_for_a_seed() {
    let options = |seed| Options {
        sample: Share::new(0.3).unwrap(),
        seed,
        ..Options::default()
    };
    let one = plan(&hundred(), &options(1));
    let again = plan(&hundred(), &options(1));
    let other = plan(&hundred(), &options(2));
    assert!((15..45).contains(&one.sessions.len()), "{}", one.sessions.len());
    assert_eq!(one.sessions.len() as u64 + one.left.by_sample, 100);
    assert_eq!(one.sha256, again.sha256);
    assert_ne!(one.sha256, other.sha256);
    // Who is left keeps the time at which it arrived.
    let arrivals: Vec<_> = one
        .sessions
        .iter()
        .map(|session| session.arrival.unwrap().as_millis() % 1_000)
        .collect();
    assert!(arrivals.iter().all(|rest| *rest == 0));
}

#[test]
fn the_hash_is_of_all_that_is_sent() {
    let sha256 = |text: &str, start: u64| {
        plan(
            &[chat("a", start, 300).asks([user(text)]).says("x")],
            &Options::default(),
        )
        .sha256
    };
    assert_eq!(sha256("one", 0), sha256("one", 0));
    assert_ne!(sha256("one", 0), sha256("two", 0));
    assert_eq!(
        sha256("one", 0),
        "6057be7328097a99196ac4356a151c9c725d6d313bcac7b18ff0ac2629612756"
    );
}

#[test]
fn another_seed_is_another_sequence_where_it_makes_texts_up() {
    let seeded = |seed| Options {
        seed,
        ..Options::default()
    };
    let of_spans = |span: &Span, seed| plan(std::slice::from_ref(span), &seeded(seed)).sha256;
    let with_content = chat("a", 0, 300).asks([user("one")]).says("x");
    assert_eq!(of_spans(&with_content, 1), of_spans(&with_content, 2));
    let without = chat("a", 0, 300).with("gen_ai.usage.input_tokens", 20);
    assert_eq!(of_spans(&without, 1), of_spans(&without, 1));
    assert_ne!(of_spans(&without, 1), of_spans(&without, 2));
    let of_log = |seed, block_tokens| {
        let line = "{\"timestamp\": 0, \"input_length\": 5, \"hash_ids\": [7]}\n";
        let Opened::Log(log) = Reading::default().open("log", line.as_bytes(), None).unwrap() else {
            panic!("it is a log");
        };
        let mut planner = Planner::of_log(seeded(seed), NonZeroU32::new(block_tokens).unwrap());
        assert!(log.map(Result::unwrap).all(|call| planner.call(call).is_some()));
        planner.sha256()
    };
    assert_eq!(of_log(1, 512), of_log(1, 512));
    assert_ne!(of_log(1, 512), of_log(2, 512));
    assert_ne!(of_log(1, 512), of_log(1, 16));
}

#[test]
fn failed_calls_can_be_left_out() {
    let spans = || {
        [
            span("agent", 0, 9_000),
            chat("a", 0, 1_000).under("agent").counts(1, 1),
            tool("t", 1_000, 1_100).under("agent"),
            chat("b", 1_200, 2_000).under("agent").counts(1, 1).failed(),
            tool("u", 2_000, 2_100).under("agent"),
            chat("c", 2_200, 3_000).under("agent").counts(1, 1),
        ]
    };
    let sent = plan(&spans(), &Options::default());
    assert_eq!(sent.sessions[0].events.len(), 3);
    let options = Options {
        failed: FailedCalls::Leave,
        ..Options::default()
    };
    let left = plan(&spans(), &options);
    let expected = Left {
        failed: 1,
        ..Left::default()
    };
    assert_eq!(left.left, expected);
    assert_eq!(
        starts(&left.sessions[0]),
        [Start::Offset(ms(0)), Start::Wait(ms(1_200))]
    );
    assert_eq!(left.sessions[0].events[1].after, [0]);
}

#[test]
fn a_log_is_planned_as_it_is_read() {
    let text = "{\"timestamp\": 0, \"session_id\": 1, \"input_length\": 5}\n\
        {\"timestamp\": 1000, \"session_id\": 2, \"input_length\": 5, \"output_length\": 9}\n\
        {\"delay\": 600, \"session_id\": 2, \"input_length\": 3}\n\
        {\"timestamp\": 9000, \"session_id\": 1, \"input_length\": 4}\n";
    let Opened::Log(log) = Reading::default().open("log", text.as_bytes(), None).unwrap() else {
        panic!("it is a log");
    };
    let options = Options {
        speed: Speed::new(2.0).unwrap(),
        max_wait: Some(ms(250)),
        window: Some(Window {
            from: ms(500),
            to: ms(5_000),
        }),
        ..Options::default()
    };
    let mut planner = Planner::of_log(options, Reading::default().block_tokens);
    let calls: Vec<_> = log.filter_map(|call| planner.call(call.unwrap())).collect();
    let said: Vec<_> = calls.iter().map(|call| (call.call.line, call.at, call.delay)).collect();
    // The other session began before the window, and so is its later turn.
    assert_eq!(said, [(2, Some(ms(250)), None), (3, None, Some(ms(250)))]);
    assert_eq!((planner.left().by_window, planner.sha256().len()), (2, 64));
}

#[test]
fn numbers_that_make_no_sense_are_none() {
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Speed::new(wrong), None);
    }
    assert_eq!((Share::new(1.1), Share::new(-0.1)), (None, None));
}
