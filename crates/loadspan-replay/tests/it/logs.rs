//! Logs of times and lengths.

use std::num::NonZeroU32;
use std::time::Duration;

use insta::assert_snapshot;
use loadspan_replay::{Lengths, Opened, Peeked, Reading, SourceError, Strictness, TimedCall, TimedLog};

fn open(reading: &Reading, text: &'static str) -> Result<TimedLog<Peeked<&'static [u8]>>, SourceError> {
    match reading.open("log", text.as_bytes(), None)? {
        Opened::Log(log) => Ok(*log),
        other => panic!("{other:?}"),
    }
}

fn reading(lengths: Option<Lengths>) -> Reading {
    Reading {
        lengths,
        block_tokens: NonZeroU32::new(10).unwrap(),
        ..Reading::default()
    }
}

fn calls(text: &'static str) -> Vec<TimedCall> {
    open(&reading(None), text).unwrap().map(Result::unwrap).collect()
}

/// The error that ends a log, wherever it comes.
fn failure(reading: &Reading, text: &'static str) -> String {
    match open(reading, text) {
        Ok(log) => log
            .filter_map(Result::err)
            .map(|error| error.to_string())
            .next()
            .unwrap_or_default(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn times_count_from_the_first_call() {
    let text = r#"{"timestamp": 5000, "input_length": 15, "output_length": 3, "hash_ids": [1, 2]}
{"timestamp": 4000, "input_length": 7, "output_length": 2}
{"timestamp": 5500.5, "input_length": 12, "output_length": 1, "hash_ids": [1, 3]}"#;
    let calls = calls(text);
    let times: Vec<_> = calls
        .iter()
        .map(|call| (call.line, call.at.unwrap().as_micros()))
        .collect();
    assert_eq!(times, [(2, 0), (1, 1_000_000), (3, 1_500_500)]);
    assert_eq!(
        (calls[1].input_tokens, calls[1].new_tokens, calls[1].hash_ids.as_slice()),
        (15, 15, &[1, 2][..])
    );
}

#[test]
fn what_comes_much_too_late_is_a_bad_line() {
    let mut text = String::new();
    for second in 0..3_000 {
        text.push_str(&format!("{{\"timestamp\":{},\"input_length\":1}}\n", second * 1_000));
    }
    text.push_str("{\"timestamp\":0,\"input_length\":1}\n");
    let Opened::Log(mut log) = Reading::default().open("log", text.as_bytes(), None).unwrap() else {
        panic!("it is a log");
    };
    let times: Vec<Duration> = log.by_ref().map(|call| call.unwrap().at.unwrap()).collect();
    assert!(times.is_sorted() && times.len() == 3_000);
    assert_snapshot!(log.bad().first[0].reason, @"it is 1976s earlier than what was read 1024 lines before: sort the log by time");
    assert_eq!(log.bad().first[0].line, 3_001);
}

#[test]
fn blocks_show_that_lengths_are_cumulative() {
    let text = r#"{"timestamp": 0, "session_id": "a", "input_length": 25, "output_length": 5, "hash_ids": [1, 2, 3]}
{"timestamp": 9, "session_id": "a", "input_length": 45, "output_length": 5, "hash_ids": [1, 2, 4, 5, 6]}
{"delay": 20, "session_id": "a", "input_length": 60, "output_length": 5, "hash_ids": [1, 2, 4, 5, 7, 8]}"#;
    let calls = calls(text);
    let lengths: Vec<_> = calls.iter().map(|call| (call.input_tokens, call.new_tokens)).collect();
    assert_eq!(lengths, [(25, 25), (45, 15), (60, 10)]);
    let last = calls[2].turn.as_ref().unwrap();
    assert_eq!(
        (&*last.session, last.number, last.session_at),
        ("a", 2, Some(Duration::ZERO))
    );
    assert_eq!((calls[2].at, calls[2].delay), (None, Some(Duration::from_millis(20))));
}

#[test]
fn a_shorter_turn_shows_that_lengths_are_those_of_what_is_new() {
    let text = r#"{"timestamp": 0, "session_id": "a", "input_length": 25, "output_length": 5}
{"timestamp": 9, "session_id": "a", "input_length": 30, "output_length": 5}
{"timestamp": 10, "session_id": "b", "input_length": 30, "output_length": 5}
{"timestamp": 20, "session_id": "b", "input_length": 10, "output_length": 5}"#;
    let lengths: Vec<_> = calls(text)
        .iter()
        .map(|call| (call.input_tokens, call.new_tokens))
        .collect();
    assert_eq!(lengths, [(25, 25), (60, 30), (30, 30), (45, 10)]);
}

const OPEN: &str = r#"{"timestamp": 0, "session_id": "a", "input_length": 25, "output_length": 5}
{"timestamp": 9, "session_id": "a", "input_length": 30, "output_length": 5}"#;

#[test]
fn what_nothing_shows_has_to_be_said() {
    assert_snapshot!(failure(&reading(None), OPEN), @"log:2: it is a later turn of its session, and nothing shows whether its length counts the turns before it: say whether lengths are cumulative or delta (--replay-lengths)");
    let log = open(&reading(Some(Lengths::Cumulative)), OPEN).unwrap();
    assert_eq!(log.map(|call| call.unwrap().new_tokens).collect::<Vec<_>>(), [25, 0]);
    let log = open(&reading(Some(Lengths::Delta)), OPEN).unwrap();
    assert_eq!(log.map(|call| call.unwrap().input_tokens).collect::<Vec<_>>(), [25, 60]);
}

#[test]
fn a_contradiction_ends_the_log_with_its_line() {
    let text = r#"{"timestamp": 0, "session_id": "a", "input_length": 25, "output_length": 5, "hash_ids": [1, 2, 3]}
{"timestamp": 9, "session_id": "a", "input_length": 45, "output_length": 5, "hash_ids": [1, 2, 4, 5, 6]}
{"timestamp": 19, "session_id": "a", "input_length": 15, "output_length": 5, "hash_ids": [1, 2]}"#;
    assert_snapshot!(failure(&reading(None), text), @"log:3: line 2 shows that lengths are cumulative, but this one is shorter than line 2, the turn before it");
    assert_snapshot!(failure(&reading(Some(Lengths::Delta)), text), @"log:2: lengths are said to be delta, but this one begins with the blocks of line 1, the turn before it");
}

#[test]
fn bad_lines_are_counted_or_the_end() {
    let text = "{\"timestamp\": 0, \"input_length\": 25}\nnonsense\n{\"timestamp\": 1, \"input_length\": 25, \"hash_ids\": [1]}\n";
    let mut log = open(&reading(None), text).unwrap();
    assert_eq!(log.by_ref().count(), 1);
    let bad: Vec<String> = log
        .bad()
        .first
        .iter()
        .map(|bad| format!("{}:{}: {}", bad.file, bad.line, bad.reason))
        .collect();
    assert_snapshot!(bad.join("\n"), @r"
    log:2: expected ident, at column 2
    log:3: 1 hash_ids of 10 tokens each are not 25 tokens: say how many tokens a block has (--replay-block-tokens)
    ");
    let strict = Reading {
        strictness: Strictness::Fail,
        ..reading(None)
    };
    assert_snapshot!(failure(&strict, text), @"log:2: expected ident, at column 2");
}

#[test]
fn a_table_without_lengths_is_none() {
    assert_snapshot!(failure(&reading(None), "a,b\n1,2\n"), @"log:1: none of its columns has lengths of inputs, such as ContextTokens or Request tokens: a, b");
}

#[test]
fn a_table_of_azure_is_a_log() {
    let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109";
    let calls = calls(text);
    let said: Vec<_> = calls
        .iter()
        .map(|call| (call.at.unwrap(), call.input_tokens, call.output_tokens))
        .collect();
    assert_eq!(
        said,
        [
            (Duration::ZERO, 374, Some(44)),
            (Duration::from_nanos(4_314_579_000), 396, Some(109))
        ]
    );
}

#[test]
fn files_follow_one_another_in_one_time() {
    let first = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,10,1\n";
    let second = "GeneratedTokens,ContextTokens,TIMESTAMP\n2,20,2023-11-16 18:15:48\nno,20,2023-11-16 18:15:49\n";
    let next = loadspan_replay::detect("second", second.as_bytes(), None).unwrap();
    let mut log = open(&reading(None), first)
        .unwrap()
        .followed_by([Ok(("second".to_owned(), next.reader))].into_iter());
    let calls: Vec<_> = log.by_ref().map(Result::unwrap).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.at.unwrap().as_secs(), call.input_tokens, call.output_tokens))
        .collect();
    assert_eq!(told, [(0, 10, Some(1)), (2, 20, Some(2))]);
    assert_eq!((log.bad().total, log.bad().first[0].file.as_str()), (1, "second"));
}
