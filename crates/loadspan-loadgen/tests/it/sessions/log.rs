//! Sessions out of a log that is read while it is sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadspan_loadgen::sessions::{
    Answer, ComposedCall, DueCall, LogEntry, LogEvent, Session, SessionLog, Sessions, TextForm, Unsendable,
};
use loadspan_loadgen::{LoadModel, RunError, StopReason};
use loadspan_testkit::{DurationExt, FakeServer, Fault, Script, When};

use super::{counts_of, fates};
use crate::harness::{Load, Report, Running, counts, server_with};

/// Lines of a log: which session, and when. Its first is its beginning; it ends with its last.
#[derive(Debug)]
struct Lines {
    lines: Vec<(u64, Duration)>,
    /// Where reading fails.
    broken_at: Option<usize>,
    /// What is waited for before the first line, until it says so or is gone.
    before: Mutex<Option<Receiver<()>>>,
}

/// What a session of the log shares with its reader: the times of calls that it has not been asked for.
type Inbox = Arc<Mutex<VecDeque<Duration>>>;

struct Timed {
    inbox: Inbox,
    sent: u32,
}

impl Sessions for Lines {
    fn session(&self, _: u64) -> Option<Box<dyn Session>> {
        None
    }

    fn arrival(&self, _: u64) -> Option<Duration> {
        None
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn description(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn open_log(&self) -> Option<SessionLog> {
        let mut left = BTreeMap::<u64, usize>::new();
        self.lines
            .iter()
            .for_each(|(session, _)| *left.entry(*session).or_default() += 1);
        let mut inboxes = BTreeMap::<u64, Inbox>::new();
        let (lines, broken_at) = (self.lines.clone(), self.broken_at);
        let mut before = self.before.lock().unwrap().take();
        let entries = lines.into_iter().enumerate().flat_map(move |(place, (session, at))| {
            if let Some(before) = before.take() {
                let _ = before.recv();
            }
            if Some(place) == broken_at {
                return vec![Err(std::io::Error::other("line 3 is no JSON"))];
            }
            let entry = |event| Ok(LogEntry { session, at, event });
            let begins = !inboxes.contains_key(&session);
            let inbox = Arc::clone(inboxes.entry(session).or_default());
            inbox.lock().unwrap().push_back(at);
            let event = if begins {
                LogEvent::Begins(Box::new(Timed { inbox, sent: 0 }))
            } else {
                LogEvent::GoesOn
            };
            let left = left.get_mut(&session).unwrap();
            *left -= 1;
            let mut entries = vec![entry(event)];
            entries.extend((*left == 0).then(|| entry(LogEvent::Ends)));
            entries
        });
        Some(Box::new(entries))
    }
}

impl Session for Timed {
    fn begin(&mut self, due: &mut Vec<DueCall>) {
        self.resumed(due);
    }

    fn compose(&mut self, call: u32, text: &mut String) -> Result<ComposedCall, Unsendable> {
        *text = format!("call {call}");
        Ok(ComposedCall {
            form: TextForm::Text,
            output_tokens: None,
            input_tokens: None,
        })
    }

    fn answered(&mut self, _: u32, _: Answer, _: &mut Vec<DueCall>) {}

    fn remaining(&self) -> u64 {
        0
    }

    fn resumed(&mut self, due: &mut Vec<DueCall>) {
        let not_before = self.inbox.lock().unwrap().pop_front();
        due.push(DueCall {
            call: self.sent,
            wait: Duration::ZERO,
            not_before,
        });
        self.sent += 1;
    }
}

fn lines(lines: &[(u64, u64)]) -> Lines {
    Lines {
        lines: lines
            .iter()
            .map(|(session, at)| (*session, Duration::from_millis(*at)))
            .collect(),
        broken_at: None,
        before: Mutex::default(),
    }
}

fn recorded(url: impl AsRef<str>, lines: Lines) -> Load {
    Load::sessions(url, 1, lines).model(LoadModel::Recorded { max_concurrency: None })
}

/// When each call was due, by session, in milliseconds from the start.
fn due(report: &Report) -> Vec<(u64, u64)> {
    let start = report.end.stages[0].load_started_at;
    let mut due: Vec<_> = report
        .records
        .iter()
        .map(|record| {
            let at = record.timings.scheduled_at.nanos_since(start);
            (record.session.unwrap(), at / 1_000_000)
        })
        .collect();
    due.sort_by_key(|(session, at)| (*at, *session));
    due
}

#[test]
fn lines_are_sent_at_their_times_and_sessions_grow() {
    let server = server_with(Script::new().ttft(3.ms()));
    let log = [(0, 0), (1, 5), (0, 20), (2, 30), (1, 40), (0, 60)];
    for workers in [1, 2] {
        let report = recorded(server.url(), lines(&log)).workers(workers).run();
        report.assert_completed(6);
        assert_eq!(due(&report), log);
        let found = counts_of(&report);
        assert_eq!((found.started, found.completed, found.never_sent), (3, 3, 0));
    }
}

#[test]
fn a_log_longer_than_any_queue_is_sent_whole() {
    let server = server_with(Script::new());
    let log: Vec<_> = (0..5_000).map(|line| (line / 2, line / 10)).collect();
    let report = recorded(server.url(), lines(&log)).workers(2).run();
    report.assert_completed(5_000);
    assert_eq!(counts_of(&report).completed, 2_500);
}

#[test]
fn the_load_begins_when_the_log_has_been_read_as_far_as_there_is_something_to_send() {
    let server = server_with(Script::new());
    for workers in [1, 2] {
        let (reading, before) = channel();
        let log = lines(&[(0, 0), (1, 5), (2, 10)]);
        *log.before.lock().unwrap() = Some(before);
        let running = recorded(server.url(), log).workers(workers).start();
        std::thread::sleep(400.ms());
        drop(reading);
        let report = running.report();
        report.assert_completed(3);
        let began = report.end.stages[0].load_started_at;
        assert!(began.as_secs_f64() >= 0.4, "the load began at {began:?}");
        assert_eq!(due(&report), [(0, 0), (1, 5), (2, 10)]);
    }
}

#[test]
fn a_run_can_be_stopped_while_a_log_is_read_up_to_what_is_sent() {
    let server = server_with(Script::new());
    let (reading, before) = channel();
    let log = lines(&[(0, 0)]);
    *log.before.lock().unwrap() = Some(before);
    let running = recorded(server.url(), log).workers(2).start();
    running.run.stopper().stop();
    let report = running.report();
    assert_eq!(report.end.reason, StopReason::Interrupted);
    assert!(report.records.is_empty());
    drop(reading);
}

#[test]
fn lines_of_a_session_that_failed_are_not_sent_but_counted() {
    let failing = Script::new().fault(Fault::status(500));
    let server = FakeServer::new().on(When::Number(1), failing).start().unwrap();
    let report = recorded(server.url(), lines(&[(0, 0), (1, 200), (0, 400), (0, 500)])).run();
    assert_eq!(report.outcomes(), counts([("completed", 1), ("http_status_500", 1)]));
    assert_eq!(
        fates(&report),
        "2 started, 1 completed, 1 failed, 2 calls, 2 never sent"
    );
}

#[test]
fn so_many_sessions_of_a_log_are_sent_to_their_ends() {
    let server = server_with(Script::new());
    let mut load = recorded(
        server.url(),
        lines(&[(0, 0), (1, 5), (2, 10), (0, 20), (2, 25), (1, 30), (3, 35)]),
    );
    load.config.limits.sessions = Some(2);
    let report = load.workers(2).run();
    report.assert_completed(4);
    let found = counts_of(&report);
    assert_eq!((found.started, found.completed, found.never_sent), (2, 2, 0));
}

#[test]
fn a_log_that_breaks_off_ends_the_run_with_what_was_read() {
    let server = server_with(Script::new());
    let broken = Lines {
        broken_at: Some(2),
        ..lines(&[(0, 0), (1, 5), (2, 10)])
    };
    let (plan, clock) = recorded(server.url(), broken).plan();
    let running = Running::start(plan, clock).unwrap();
    let error = running.run.join().unwrap_err();
    assert!(matches!(error, RunError::Log(_)));
    assert_eq!(error.to_string(), "cannot read on in the replay log: line 3 is no JSON");
    assert_eq!(server.stats().generation_requests, 3);
}
