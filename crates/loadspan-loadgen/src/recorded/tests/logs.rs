//! Logs of times and lengths.

use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_record::FailureKind;
use loadspan_replay::{Lengths, Share, Strictness};

use super::{answer, begin, compose, failure, file, says, sessions_of};
use crate::recorded::{Arrivals, RecordedConfig};
use crate::sessions::{DueCall, LogEntry, LogEvent, Session, Sessions, TextForm};
use crate::workload::{FakeTokenizer, LengthModel};

fn config() -> RecordedConfig {
    let mut config = RecordedConfig::default();
    config.reading.block_tokens = NonZeroU32::new(4).unwrap();
    config.reading.lengths = Some(Lengths::Cumulative);
    config
}

const MOONCAKE: &str = r#"{"timestamp": 100, "input_length": 10, "output_length": 3, "hash_ids": [1, 2, 3]}
{"timestamp": 150, "input_length": 10, "output_length": 4, "hash_ids": [1, 2, 9]}
oops
{"timestamp": 200, "input_length": 6, "output_length": 5, "hash_ids": [1, 7]}
"#;

/// A log of one session of three turns, and another one between them.
const TURNS: &str = r#"{"timestamp": 0, "session_id": "a", "input_length": 5, "output_length": 2}
{"timestamp": 40, "session_id": "b", "input_length": 3, "output_length": 1}
{"timestamp": 100, "session_id": "a", "input_length": 11, "output_length": 2}
{"delay": 30, "session_id": "a", "input_length": 20, "output_length": 2}
"#;

fn whole(entry: LogEntry) -> (u64, u128, Box<dyn Session + Send>) {
    match entry.event {
        LogEvent::Whole(session) => (entry.session, entry.at.as_millis(), session),
        other => panic!("{other:?}"),
    }
}

#[test]
fn inputs_begin_alike_where_the_log_says_that_they_did() {
    let sessions = sessions_of_kept(MOONCAKE, config());
    let entries: Vec<_> = sessions
        .0
        .open_log()
        .unwrap()
        .map(|entry| whole(entry.unwrap()))
        .collect();
    let times: Vec<_> = entries.iter().map(|(number, at, _)| (*number, *at)).collect();
    assert_eq!(times, [(0, 0), (1, 50), (2, 100)]);
    let texts: Vec<Vec<String>> = entries
        .into_iter()
        .map(|(_, _, mut session)| {
            assert_eq!(begin(&mut *session).len(), 1);
            let (text, composed) = compose(&mut *session, 0).unwrap();
            assert_eq!(composed.form, TextForm::Text);
            text.as_str().unwrap().split(' ').map(str::to_owned).collect()
        })
        .collect();
    assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 6]);
    assert_eq!(texts[0][..8], texts[1][..8]);
    assert_ne!(texts[0][8..], texts[1][8..]);
    assert_eq!(texts[0][..4], texts[2][..4]);
    assert_ne!(texts[0][4..6], texts[2][4..]);
    let planned = sessions.0.planned();
    assert_eq!((planned.sessions, planned.calls, planned.left.unread_lines), (3, 3, 1));
    assert!(planned.sequence.is_some());
    assert_eq!(sessions.0.remarks().len(), 1);
}

/// The log lies there as long as its sessions are asked for.
fn sessions_of_kept(text: &str, config: RecordedConfig) -> (crate::recorded::RecordedSessions, impl Sized) {
    let file = file(text);
    let loaded = config.load(&[file.path().to_owned()]).unwrap();
    (loaded.build(&LengthModel::Words).unwrap(), file)
}

#[test]
fn blocks_are_exact_with_a_tokenizer() {
    let file = file(MOONCAKE);
    let tokenizer = FakeTokenizer::byte_level(60).load();
    let lengths = LengthModel::Tokenizer {
        tokenizer: tokenizer.clone(),
        template_overhead: 3,
    };
    let sessions = config()
        .load(&[file.path().to_owned()])
        .unwrap()
        .build(&lengths)
        .unwrap();
    let entry = sessions.open_log().unwrap().next().unwrap().unwrap();
    let (_, _, mut session) = whole(entry);
    begin(&mut *session);
    let (text, composed) = compose(&mut *session, 0).unwrap();
    assert_eq!(
        tokenizer.count(text.as_str().unwrap()) + 3,
        composed.input_tokens.unwrap()
    );
}

#[test]
fn turns_without_blocks_repeat_the_answers_of_this_run() {
    let sessions = sessions_of_kept(TURNS, config());
    let mut entries = sessions.0.open_log().unwrap().map(Result::unwrap);
    let LogEvent::Begins(mut a) = entries.next().unwrap().event else {
        panic!()
    };
    let due = begin(&mut *a);
    assert_eq!(
        due,
        [DueCall {
            call: 0,
            wait: Duration::ZERO,
            not_before: Some(Duration::ZERO)
        }]
    );
    let (first, _) = compose(&mut *a, 0).unwrap();
    // The next turn has not been read yet.
    assert_eq!(answer(&mut *a, 0, says("Well!")), []);
    let rest: Vec<_> = entries
        .map(|entry| (entry.session, entry.at.as_millis(), format!("{:?}", entry.event)))
        .collect();
    let of = |session, at, event: &str| (session, at, event.to_owned());
    assert_eq!(rest, [of(1, 40, "Begins"), of(0, 100, "GoesOn"), of(0, 100, "GoesOn")]);
    let mut due = Vec::new();
    a.resumed(&mut due);
    assert_eq!(due[0].not_before, Some(Duration::from_millis(100)));
    let (second, composed) = compose(&mut *a, 1).unwrap();
    assert_eq!((composed.form, composed.input_tokens), (TextForm::Messages, Some(11)));
    assert_eq!(second[0], first[0]);
    assert_eq!(second[1]["content"], "Well!");
    // 11 tokens less 5 and 2.
    assert_eq!(second[2]["content"].as_str().unwrap().split(' ').count(), 4);
    a.resumed(&mut due);
    assert_eq!((due.len(), a.remaining()), (1, 1));
    let next = answer(&mut *a, 1, says("Again."));
    assert_eq!(
        next,
        [DueCall {
            call: 2,
            wait: Duration::from_millis(30),
            not_before: None
        }]
    );
    assert_eq!(a.remaining(), 0);
}

#[test]
fn where_the_load_has_arrivals_of_its_own_sessions_are_whole() {
    let mut config = config();
    config.arrivals = Arrivals::OfLoad;
    let sessions = sessions_of(TURNS, config);
    assert_eq!(sessions.count(), Some(2));
    assert!(sessions.open_log().is_none());
    let mut a = sessions.session(0).unwrap();
    assert_eq!(begin(&mut *a).len(), 1);
    assert_eq!(a.remaining(), 2);
    let next = answer(&mut *a, 0, says("Well!"));
    assert_eq!(
        next,
        [DueCall {
            call: 1,
            wait: Duration::from_millis(100),
            not_before: None
        }]
    );
    let planned = sessions.planned();
    assert_eq!((planned.sessions, planned.calls), (2, 4));
}

#[test]
fn what_a_log_lacks_is_said_with_its_line() {
    let untimed = r#"{"input_length": 10, "output_length": 3}"#;
    insta::assert_snapshot!(
        failure(untimed, config()),
        @"FILE:1 has no time at which it arrived; say when sessions begin with --num-sessions or --session-rate"
    );
    let mut strict = config();
    strict.reading.strictness = Strictness::Fail;
    insta::assert_snapshot!(failure(MOONCAKE, strict), @"FILE:3: expected value, at column 1");
    let mut none = config();
    (none.options.sample, none.arrivals) = (Share::new(1e-12).unwrap(), Arrivals::OfLoad);
    insta::assert_snapshot!(
        failure(MOONCAKE, none),
        @"FILE: nothing is left to send: of 3 calls, 3 are not in --replay-sample 0.000000000001; the recording is 0.1 s long; 1 line cannot be read, the first of them FILE:3: expected value, at column 1"
    );
}

#[test]
fn files_of_a_folder_are_sent_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("2.csv"),
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:48,20,2\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("1.csv"),
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,10,1\n",
    )
    .unwrap();
    std::fs::write(folder.path().join(".hidden"), "no").unwrap();
    let loaded = config().load(&[folder.path().to_owned()]).unwrap();
    let sessions = loaded.build(&LengthModel::Words).unwrap();
    let times: Vec<_> = sessions
        .open_log()
        .unwrap()
        .map(|entry| entry.unwrap().at.as_secs())
        .collect();
    assert_eq!(times, [0, 2]);
    assert_eq!(sessions.planned().sources.len(), 2);
}

#[test]
fn what_is_said_is_forgotten_where_it_finds_no_room() {
    let mut config = config();
    config.reading.most_held = 60;
    let log = r#"{"timestamp": 0, "session_id": "a", "input_length": 5, "output_length": 2}
{"timestamp": 40, "session_id": "a", "input_length": 9, "output_length": 2}
{"timestamp": 100, "session_id": "a", "input_length": 20, "output_length": 2}
"#;
    let (sessions, _file) = sessions_of_kept(log, config);
    let mut entries = sessions.open_log().unwrap().map(Result::unwrap);
    let LogEvent::Begins(mut a) = entries.next().unwrap().event else {
        panic!()
    };
    begin(&mut *a);
    let (first, _) = compose(&mut *a, 0).unwrap();
    assert_eq!(first.as_array().unwrap().len(), 1);
    // Longer than the room.
    answer(&mut *a, 0, says(&"well ".repeat(30)));
    assert_eq!(entries.count(), 2);
    let mut due = Vec::new();
    a.resumed(&mut due);
    for _ in 0..2 {
        let (second, composed) = compose(&mut *a, 1).unwrap();
        assert_eq!((composed.form, composed.input_tokens), (TextForm::Text, Some(9)));
        assert_eq!(second.as_str().unwrap().split(' ').count(), 9);
    }
    a.resumed(&mut due);
    answer(&mut *a, 1, says("Again."));
    let (third, _) = compose(&mut *a, 2).unwrap();
    assert_eq!(third.as_str().unwrap().split(' ').count(), 20);
    assert_eq!(sessions.planned().made_up, 2);
    insta::assert_snapshot!(
        sessions.remarks().join("\n"),
        @"2 later calls went with made-up texts of the whole length: what is said in sessions had no room in memory any more"
    );
}

#[test]
fn no_text_is_made_up_that_no_model_takes() {
    let log = r#"{"timestamp": 0, "input_length": 16777216}
{"timestamp": 1, "input_length": 16777217}
"#;
    let sessions = sessions_of_kept(log, config());
    let mut entries = sessions.0.open_log().unwrap().map(|entry| whole(entry.unwrap()).2);
    let (mut longest, mut longer) = (entries.next().unwrap(), entries.next().unwrap());
    begin(&mut *longest);
    begin(&mut *longer);
    let mut text = String::new();
    assert!(longest.compose(0, &mut text).is_ok());
    let refused = longer.compose(0, &mut text).unwrap_err();
    assert_eq!(refused.kind, FailureKind::ContextTooLong);
    insta::assert_snapshot!(
        refused.message,
        @"texts of more than 16777216 tokens are not made up, and this one would have 16777217"
    );
}

#[test]
fn lines_without_a_session_are_single_calls() {
    let single = |log: &str, arrivals| {
        let mut config = config();
        config.arrivals = arrivals;
        let sessions = sessions_of_kept(log, config);
        sessions
            .0
            .open_log()
            .into_iter()
            .flatten()
            .for_each(|entry| drop(entry.unwrap()));
        let planned = sessions.0.planned();
        (planned.sessions, planned.calls, planned.single_calls)
    };
    for arrivals in [Arrivals::Recorded, Arrivals::OfLoad] {
        assert_eq!(single(MOONCAKE, arrivals), (3, 3, 3));
        assert_eq!(single(TURNS, arrivals), (2, 4, 0));
        let mixed = format!("{TURNS}{{\"timestamp\": 150, \"input_length\": 3}}\n");
        assert_eq!(single(&mixed, arrivals), (3, 5, 1));
    }
}
