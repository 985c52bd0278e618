//! The end of a run: one deadline for everything.

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use loadspan_testkit::{OtlpSink, SinkAnswer};

use super::harness::{PATIENCE, Run, config, dead_sink, fates};

const DEADLINE: Duration = Duration::from_millis(500);

#[test]
fn a_hanging_backend_does_not_hold_up_the_end_of_a_run() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = Run::to(&sink);
    for _ in 0..50 {
        run.submit_spans(10);
        run.submit_points(1);
    }
    let finished = run.finish_within(DEADLINE);
    assert!(
        finished.took >= DEADLINE && finished.took < DEADLINE + Duration::from_secs(1),
        "{:?}",
        finished.took
    );
    assert_eq!(fates(&finished.traces), [0, 0, 500, 0]);
    assert_eq!(fates(&finished.metrics), [0, 0, 50, 0]);
    assert_eq!(finished.notices.len(), 2, "{:?}", finished.notices);
    assert_eq!(
        finished.folder.push_to(&OtlpSink::new().start().unwrap()).signals.len(),
        2
    );
}

#[test]
fn a_dead_backend_does_not_either_and_costs_one_warning_for_each_signal() {
    let sink = dead_sink();
    let run = Run::to(&sink);
    for _ in 0..50 {
        run.submit_spans(10);
        run.submit_points(1);
    }
    run.wait_for_traces(|traces| traces.retries >= 2);
    let finished = run.finish_within(DEADLINE);
    assert!(finished.took < DEADLINE + Duration::from_secs(1), "{:?}", finished.took);
    assert_eq!(fates(&finished.traces), [0, 0, 500, 0]);
    assert_eq!(fates(&finished.metrics), [0, 0, 50, 0]);
    assert_eq!(finished.notices.len(), 2, "{:?}", finished.notices);
    for notice in &finished.notices {
        assert!(
            notice.advice.as_deref().unwrap().contains("loadspan push "),
            "{notice:?}"
        );
    }
}

#[test]
fn the_end_waits_for_what_is_on_its_way_and_no_longer() {
    let sink = OtlpSink::new().delay(Duration::from_millis(200)).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(10);
    let finished = run.finish_within(Duration::from_secs(10));
    assert_eq!(fates(&finished.traces), [10, 0, 0, 0]);
    assert!(finished.took < Duration::from_secs(5), "{:?}", finished.took);
}

#[test]
fn a_backend_that_wants_to_be_asked_after_the_deadline_is_not_waited_for() {
    let throttled = SinkAnswer::throttled().retry_after(Duration::from_secs(15));
    let sink = OtlpSink::new().answer(throttled).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(10);
    let finished = run.finish_within(Duration::from_secs(8));
    assert!(finished.took < Duration::from_secs(4), "{:?}", finished.took);
    assert_eq!(fates(&finished.traces), [0, 0, 10, 0]);
}

#[test]
fn exports_that_are_dropped_leave_their_payloads_in_the_spool() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(10);
    let started = Instant::now();
    drop(run.exporters);
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(run.folder.payloads().len(), 1);
}

#[test]
fn a_flush_that_is_cut_leaves_everything_in_the_spool_at_once() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = Run::to(&sink);
    for _ in 0..50 {
        run.submit_spans(10);
        run.submit_points(1);
    }
    let cutter = run.exporters.flush_cutter();
    let finished = thread::scope(|scope| {
        let ending = scope.spawn(|| run.finish_within(Duration::from_secs(30)));
        thread::sleep(Duration::from_millis(100));
        assert!(!ending.is_finished());
        cutter.cut();
        ending.join().unwrap()
    });
    assert!(finished.took < Duration::from_millis(1100), "{:?}", finished.took);
    assert_eq!(fates(&finished.traces), [0, 0, 500, 0]);
    assert_eq!(fates(&finished.metrics), [0, 0, 50, 0]);
    // Nobody is there to listen any more.
    cutter.cut();
}

#[test]
fn a_cut_before_the_end_of_a_run_does_not_stop_its_exports() {
    let sink = OtlpSink::new().start().unwrap();
    let run = Run::to(&sink);
    let cutter = run.exporters.flush_cutter();
    cutter.cut();
    cutter.clone().cut();
    run.submit_spans(10);
    run.wait_for_traces(|traces| traces.delivered == 10);
    sink.set_answer(SinkAnswer::hang());
    run.submit_spans(5);
    let finished = run.finish_within(Duration::from_secs(30));
    assert!(finished.took < Duration::from_secs(1), "{:?}", finished.took);
    assert_eq!(fates(&finished.traces), [10, 0, 5, 0]);
}

#[test]
fn no_connection_outlives_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let run = Run::start(&config(&format!("http://{}", listener.local_addr().unwrap())));
    run.submit_spans(10);
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let finished = run.finish_within(DEADLINE);
    assert_eq!(fates(&finished.traces), [0, 0, 10, 0]);
    let end = connection.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert!(matches!(end, Ok(_) | Err(ErrorKind::ConnectionReset)), "{end:?}");
}
