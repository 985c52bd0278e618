//! What the crate says when something goes wrong, and that saying it does no harm.

use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loadspan_sdk::{FlushOutcome, Guard, Span};
use loadspan_testkit::{OtlpSink, RunningOtlpSink, SinkAnswer, When};

/// Says to this program, started by itself, what to do.
const ROLE: &str = "LOADSPAN_TEST_ROLE";
const NOTHING: [(&str, &str); 0] = [];
const PATIENCE: Duration = Duration::from_secs(20);

/// There is one set-up in a process: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A set-up, and what it says.
fn listened_to(sink: &RunningOtlpSink) -> (Guard, Arc<Mutex<Vec<String>>>) {
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&said);
    let guard = loadspan_sdk::builder()
        .environment(NOTHING)
        .otlp_endpoint(&sink.url())
        .on_warning(move |warning| {
            listener
                .lock()
                .expect("no test panics with the lock")
                .push(warning.to_owned())
        })
        .init()
        .expect("the settings are right");
    (guard, said)
}

#[test]
fn trouble_that_passes_does_not_hide_trouble_for_good() {
    let _turn = turn();
    let sink = OtlpSink::new()
        .answer(SinkAnswer::invalid())
        .on(When::Number(0), SinkAnswer::unavailable())
        .start()
        .unwrap();
    let (guard, said) = listened_to(&sink);
    for _ in 0..3 {
        drop(loadspan_sdk::start_span("work"));
        assert_eq!(guard.flush(PATIENCE), FlushOutcome::Complete);
    }
    drop(guard);

    let said = said.lock().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("cannot be reached"), "{}", said[0]);
    assert!(said[1].contains("does not take spans"), "{}", said[1]);
}

#[test]
fn what_a_backend_says_although_it_takes_everything_is_told_once() {
    let _turn = turn();
    let sink = OtlpSink::new()
        .answer(SinkAnswer::partial(0).message("soon\u{1b}[31m to be\nforbidden"))
        .start()
        .unwrap();
    let (guard, said) = listened_to(&sink);
    for _ in 0..2 {
        drop(loadspan_sdk::start_span("work"));
        assert_eq!(guard.flush(PATIENCE), FlushOutcome::Complete);
    }
    assert_eq!(guard.counts()[0].exported, 2);
    drop(guard);

    let said = said.lock().unwrap();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("takes spans, but says: soon [31m to be forbidden"),
        "{}",
        said[0]
    );
}

#[test]
fn spans_that_are_only_measured_are_told_of() {
    let _turn = turn();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&said);
    let guard = loadspan_sdk::builder()
        .environment(NOTHING)
        .metrics_endpoint("http://127.0.0.1:9")
        .flush_timeout(Duration::ZERO)
        .on_warning(move |warning| listener.lock().unwrap().push(warning.to_owned()))
        .init()
        .unwrap();
    assert!(guard.is_active());
    drop(guard);

    let said = said.lock().unwrap();
    assert!(
        said[0].starts_with("spans are measured, and go nowhere: set MLFLOW_TRACKING_URI"),
        "{said:?}"
    );
}

#[test]
fn warnings_may_be_turned_off() {
    let _turn = turn();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    for (level, count) in [("warn", 1), ("none", 1)] {
        let listener = Arc::clone(&said);
        let guard = loadspan_sdk::builder()
            .environment([("OTEL_LOG_LEVEL", level)])
            .on_warning(move |warning| listener.lock().unwrap().push(warning.to_owned()))
            .init()
            .unwrap();
        assert!(!guard.is_active());
        assert_eq!(said.lock().unwrap().len(), count, "{level}");
    }
}

/// Ends spans with a standard error that nobody reads: the parent has closed it. The queue is too short for them.
fn work_without_standard_error(end: impl FnOnce(Vec<Span>)) {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("standard input is closed");
    let _guard = loadspan_sdk::builder()
        .environment(NOTHING)
        .otlp_endpoint("http://127.0.0.1:9")
        .queue_size(1)
        .flush_timeout(Duration::from_millis(10))
        .init()
        .expect("tracing is set up");
    end((0..1_000).map(|_| loadspan_sdk::span("work").start()).collect());
}

/// They end while a panic is on its way: a second one would end the process.
fn unwind_with(spans: Vec<Span>) {
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _spans = spans;
        std::panic::resume_unwind(Box::new("the application's own"));
    }));
    assert!(caught.is_err());
}

#[test]
fn a_standard_error_that_is_gone_is_no_panic() {
    match std::env::var(ROLE).as_deref() {
        Ok("plain") => return work_without_standard_error(drop),
        Ok("unwinding") => return work_without_standard_error(unwind_with),
        _ => {}
    }
    for role in ["plain", "unwinding"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_standard_error_that_is_gone_is_no_panic", "--nocapture"])
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stderr.take());
        // It goes on when standard error is gone.
        drop(child.stdin.take());
        let mut output = String::new();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_to_string(&mut output).unwrap();
        assert!(child.wait().unwrap().success(), "{role}: {output}");
    }
}
