//! What is left of a recording, and what is said where nothing is.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_replay::{FailedCalls, Options, Share, Window};

use super::{failure, file, sessions_of};
use crate::recorded::{Arrivals, LoadedRecording, RecordedConfig, RecordedError};
use crate::sessions::Sessions;
use crate::workload::LengthModel;

/// Three calls, one of which is a later turn, and a line that is none.
const LOG: &str = r#"{"timestamp": 500, "input_length": 10, "output_length": 3}
{"timestamp": 1500, "session_id": "a", "input_length": 10, "output_length": 4}
oops
{"timestamp": 3590, "session_id": "a", "input_length": 9, "output_length": 5}
"#;

const CONVERSATIONS: &str = r#"[
  {"id": "late", "arrival_time": 9, "conversations": [{"from": "human", "value": "Name a ship."}, {"from": "gpt", "value": "The Gorch Fock."}]},
  {"id": "early", "arrival_time": 7, "conversations": [{"from": "human", "value": "Name another."}, {"from": "gpt", "value": "The Passat."}]}
]"#;

fn window(from: u64, to: u64) -> Options {
    Options {
        window: Some(Window {
            from: Duration::from_millis(from),
            to: if to == u64::MAX {
                Duration::MAX
            } else {
                Duration::from_millis(to)
            },
        }),
        ..Options::default()
    }
}

fn sample(share: f64) -> Options {
    Options {
        sample: Share::new(share).unwrap(),
        ..Options::default()
    }
}

fn with(options: Options) -> RecordedConfig {
    RecordedConfig {
        options,
        ..RecordedConfig::default()
    }
}

fn held(options: Options) -> RecordedConfig {
    RecordedConfig {
        arrivals: Arrivals::OfLoad,
        ..with(options)
    }
}

#[test]
fn a_log_of_which_nothing_is_left_says_so_before_it_is_sent() {
    insta::assert_snapshot!(
        failure(LOG, with(window(3_600_000, 7_200_000))),
        @"FILE: nothing is left to send: of 3 calls, 3 are outside --replay-window 1h..2h; the recording is 3.09 s long, and its last session begins after 1 s; 1 line cannot be read, the first of them FILE:3: expected value, at column 1"
    );
    insta::assert_snapshot!(
        failure(LOG, with(sample(1e-9))),
        @"FILE: nothing is left to send: of 3 calls, 3 are not in --replay-sample 0.000000001; the recording is 3.09 s long, and its last session begins after 1 s; 1 line cannot be read, the first of them FILE:3: expected value, at column 1"
    );
    let both = Options {
        sample: Share::new(1e-9).unwrap(),
        ..window(500, 4_000)
    };
    insta::assert_snapshot!(
        failure(LOG, with(both)),
        @"FILE: nothing is left to send: of 3 calls, 1 is outside --replay-window 500ms..4s, 2 are not in --replay-sample 0.000000001; the recording is 3.09 s long, and its last session begins after 1 s; 1 line cannot be read, the first of them FILE:3: expected value, at column 1"
    );
}

#[test]
fn a_log_that_is_held_says_the_same() {
    for options in [window(3_600_000, u64::MAX), sample(1e-9)] {
        let streamed = failure(LOG, with(options.clone()));
        assert_eq!(failure(LOG, held(options)), streamed);
    }
}

#[test]
fn calls_that_had_failed_leave_nothing_either() {
    let table = "Timestamp,Model,Request tokens,Response tokens\n5,m,10,0\n6,m,10,0\n";
    let options = Options {
        failed: FailedCalls::Leave,
        ..Options::default()
    };
    insta::assert_snapshot!(
        failure(table, with(options)),
        @"FILE: nothing is left to send: of 2 calls, 2 had failed (--replay-failed leave); the recording is 1 s long"
    );
}

#[test]
fn conversations_of_which_nothing_is_left_say_the_same() {
    insta::assert_snapshot!(
        failure(CONVERSATIONS, with(window(3_000, u64::MAX))),
        @"FILE: nothing is left to send: of 2 sessions, 2 are outside --replay-window 3s..; the recording is 2 s long"
    );
    insta::assert_snapshot!(
        failure(CONVERSATIONS, with(sample(1e-9))),
        @"FILE: nothing is left to send: of 2 sessions, 2 are not in --replay-sample 0.000000001; the recording is 2 s long"
    );
}

#[test]
fn a_log_is_sent_if_a_later_call_of_it_is_wanted() {
    let sessions = sessions_of(LOG, with(window(1_000, 2_000)));
    assert!(sessions.count().is_none());
    let untimed = r#"{"input_length": 10}"#;
    insta::assert_snapshot!(
        failure(untimed, with(window(0, 1))),
        @"FILE:1 has no time at which it arrived; say when sessions begin with --num-sessions or --session-rate"
    );
    insta::assert_snapshot!(
        failure(untimed, held(window(0, 1))),
        @"FILE: nothing is left to send: of 1 call, 1 is outside --replay-window ..1ms; the recording has no times"
    );
}

fn load(text: &str, config: RecordedConfig, most_held: usize) -> Result<LoadedRecording, RecordedError> {
    let file = file(text);
    let mut config = config;
    config.reading.most_held = most_held;
    config.reading.block_tokens = NonZeroU32::MIN;
    config.load(&[file.path().to_owned()])
}

/// What was said where it was too much, and after how many calls.
fn too_much(text: &str, config: RecordedConfig, most_held: usize) -> (String, u64) {
    let error = load(text, config, most_held).unwrap_err().to_string();
    let message = error.split_once(": ").unwrap().1;
    let (before, after) = message.split_once("full after ").unwrap();
    let (calls, after) = after.split_once(' ').unwrap();
    (format!("{before}full after N {after}"), calls.parse().unwrap())
}

#[test]
fn a_log_that_is_held_has_a_limit_and_one_that_is_sent_as_it_is_read_has_none() {
    let line = |at: u32| {
        format!(
            "{{\"timestamp\": {at}, \"input_length\": 40, \"hash_ids\": {:?}}}\n",
            [7; 40]
        )
    };
    let log: String = (0..100).map(line).collect();
    let (said, calls) = too_much(&log, held(Options::default()), 8 << 10);
    // Each has 40 numbers of 8 bytes, and what a call and a session take.
    assert!((8..=16).contains(&calls), "{calls}");
    insta::assert_snapshot!(
        said,
        @"it is held as a whole, for which there are 8 KiB of memory: they were full after N calls; take less of it with --replay-window or --replay-sample, or leave --num-sessions and --session-rate out: then it is read while it is sent, whatever its size"
    );
    // What is outside is not held.
    assert!(load(&log, held(window(20, 30)), 8 << 10).is_ok());
    assert!(load(&log, held(Options::default()), 80 << 10).is_ok());
    assert!(load(&log, with(Options::default()), 1).is_ok());
}

#[test]
fn conversations_have_a_limit_and_those_that_are_not_sampled_hardly_count() {
    let one = |id: u32| {
        let answer = "x".repeat(10_000);
        format!(
            r#"{{"id": "{id}", "timestamp": {id}, "conversations": [{{"from": "human", "value": "?"}}, {{"from": "gpt", "value": "{answer}"}}]}}"#
        )
    };
    let all: Vec<String> = (0..100).map(one).collect();
    let all = all.join("\n");
    let (said, calls) = too_much(&all, with(Options::default()), 256 << 10);
    assert!((22..=25).contains(&calls), "{calls}");
    insta::assert_snapshot!(
        said,
        @"it is held as a whole, for which there are 256 KiB of memory: they were full after N calls; split it, or take less of it with --replay-sample"
    );
    assert!(load(&all, with(Options::default()), 2 << 20).is_ok());
    let sampled = |most_held: usize| {
        let loaded = load(&all, with(sample(0.05)), most_held).unwrap();
        let planned = loaded.build(&LengthModel::Words).unwrap().planned();
        (planned.sequence, planned.sessions, planned.left.by_sample)
    };
    let (sequence, sessions, others) = sampled(256 << 10);
    assert_eq!(sessions + others, 100);
    assert!((1..20).contains(&sessions), "{sessions}");
    assert_eq!((sequence, sessions, others), sampled(2 << 20));
}
