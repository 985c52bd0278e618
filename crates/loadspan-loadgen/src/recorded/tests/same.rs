//! A log is the same whether it is read while it is sent or held as a whole.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use loadspan_replay::{Lengths, Options, Share, Speed, Window};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{answer, compose, file, says};
use crate::recorded::{Arrivals, RecordedConfig, RecordedSessions};
use crate::sessions::{DueCall, LogEvent, Session, Sessions};
use crate::workload::LengthModel;

/// A line of a log, or something that is none.
#[derive(Debug, Clone)]
struct Line {
    later_ms: u64,
    /// By how much it stands too late in the file.
    moved_ms: u64,
    session: Option<u8>,
    delay_ms: Option<u64>,
    tokens: u64,
    has_blocks: bool,
    is_bad: bool,
}

fn line() -> impl Strategy<Value = Line> {
    (
        0_u64..50,
        0_u64..20,
        prop::option::of(0_u8..4),
        prop::option::of(0_u64..30),
        1_u64..40,
        any::<bool>(),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(later_ms, moved_ms, session, delay_ms, tokens, has_blocks, is_bad)| Line {
                later_ms,
                moved_ms,
                session,
                delay_ms,
                tokens,
                has_blocks,
                is_bad,
            },
        )
}

fn log_of(lines: &[Line]) -> String {
    let mut now = 100;
    let mut text = String::new();
    for line in lines {
        now += line.later_ms;
        if line.is_bad {
            text.push_str("{\"timestamp\": \n");
            continue;
        }
        let blocks = line.tokens.div_ceil(4);
        let mut entry = Map::new();
        let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        put("timestamp", (now - line.moved_ms).into());
        put("input_length", line.tokens.into());
        put("output_length", (line.tokens % 7).into());
        if let Some(session) = line.session {
            put("session_id", session.into());
        }
        if let Some(delay) = line.delay_ms {
            put("delay", delay.into());
        }
        if line.has_blocks && line.session.is_none() {
            put("hash_ids", (0..blocks).collect::<Vec<_>>().into());
        }
        text.push_str(&format!("{}\n", Value::Object(entry)));
    }
    text
}

fn options() -> impl Strategy<Value = Options> {
    let window = prop::option::of((0_u64..200, 1_u64..2_000));
    (
        window,
        prop::sample::select(vec![0.4, 1.0]),
        prop::sample::select(vec![1.0, 2.5]),
        0_u64..4,
    )
        .prop_map(|(window, sample, speed, seed)| Options {
            window: window.map(|(from, length)| Window {
                from: Duration::from_millis(from),
                to: Duration::from_millis(from + length),
            }),
            sample: Share::new(sample).unwrap(),
            speed: Speed::new(speed).unwrap(),
            seed,
            ..Options::default()
        })
}

/// What each session says, call by call.
type Said = BTreeMap<u64, Vec<(Value, Option<u32>, Option<u32>)>>;

/// Answers all calls that are due, and those that come of it.
fn send(number: u64, session: &mut dyn Session, due: Vec<DueCall>, said: &mut Said) {
    let mut due = due;
    while let Some(DueCall { call, .. }) = due.pop() {
        let (text, composed) = compose(session, call).unwrap();
        let calls = said.entry(number).or_default();
        calls.push((text, composed.input_tokens, composed.output_tokens));
        due.extend(answer(session, call, says("Aye.")));
    }
}

fn streamed(sessions: &RecordedSessions) -> Said {
    let (mut said, mut open) = (Said::new(), BTreeMap::new());
    for entry in sessions.open_log().unwrap() {
        let entry = entry.unwrap();
        let mut due = Vec::new();
        match entry.event {
            LogEvent::Whole(mut session) | LogEvent::Begins(mut session) => {
                session.begin(&mut due);
                open.insert(entry.session, session);
            }
            LogEvent::GoesOn => open.get_mut(&entry.session).unwrap().resumed(&mut due),
            LogEvent::Ends => continue,
        }
        let session = open.get_mut(&entry.session).unwrap();
        send(entry.session, &mut **session, due, &mut said);
    }
    said
}

fn by_number(sessions: &RecordedSessions) -> Said {
    let mut said = Said::new();
    for number in 0..sessions.count().unwrap() {
        let mut session = sessions.session(number).unwrap();
        let mut due = Vec::new();
        session.begin(&mut due);
        send(number, &mut *session, due, &mut said);
        assert_eq!(session.remaining(), 0);
    }
    said
}

proptest! {
    #[test]
    fn a_log_plans_the_same_calls_streamed_and_held(lines in prop::collection::vec(line(), 1..60), options in options()) {
        let file = file(&log_of(&lines));
        let loaded = |arrivals| {
            let mut config = RecordedConfig { options: options.clone(), arrivals, ..RecordedConfig::default() };
            config.reading.block_tokens = NonZeroU32::new(4).unwrap();
            config.reading.lengths = Some(Lengths::Delta);
            config.load(&[file.path().to_owned()]).map_err(|error| error.to_string())
        };
        match (loaded(Arrivals::Recorded), loaded(Arrivals::OfLoad)) {
            (Ok(log), Ok(held)) => {
                let build = |loaded: crate::recorded::LoadedRecording| loaded.build(&LengthModel::Words).unwrap();
                let (log, held) = (build(log), build(held));
                prop_assert_eq!(streamed(&log), by_number(&held));
                // Sessions, calls, what was left out, and the hash of the sequence.
                prop_assert_eq!(log.planned(), held.planned());
                prop_assert!(log.planned().sequence.is_some());
            }
            (Err(log), Err(held)) => prop_assert_eq!(log, held),
            (log, held) => prop_assert!(false, "{:?}\n{:?}", log, held),
        }
    }
}
