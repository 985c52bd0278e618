//! What becomes of payloads while a run goes on.

use std::time::{Duration, Instant};

use loadspan_testkit::{OtlpSink, SinkAnswer, SinkSignal, When};

use super::harness::{PATIENCE, Run, accepted_sizes, config, dead_sink, fates, grpc_config, spans};

#[test]
fn everything_arrives_at_a_backend_that_is_well() {
    let sink = OtlpSink::new().start().unwrap();
    let run = Run::to(&sink);
    for _ in 0..100 {
        run.submit_spans(10);
    }
    run.submit_points(7);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [1000, 0, 0, 0]);
    assert_eq!(fates(&finished.metrics), [7, 0, 0, 0]);
    assert_eq!((sink.counts().spans, sink.counts().data_points), (1000, 7));
    assert_eq!(finished.traces.retries, 0);
    assert!(finished.notices.is_empty() && !finished.folder.spool_dir().exists());
}

#[test]
fn a_slow_backend_gets_several_payloads_at_a_time_and_all_of_them() {
    for (delay, payloads) in [(10, 100), (200, 12)] {
        let sink = OtlpSink::new().delay(Duration::from_millis(delay)).start().unwrap();
        let run = Run::to(&sink);
        for _ in 0..payloads {
            run.submit_spans(5);
        }
        let finished = run.finish();
        assert_eq!(fates(&finished.traces), [payloads * 5, 0, 0, 0]);
        assert_eq!(sink.counts().spans, payloads * 5);
        let one_by_one = Duration::from_millis(delay * payloads);
        assert!(finished.took < one_by_one * 3 / 4, "{:?}", finished.took);
    }
}

#[test]
fn points_arrive_in_the_order_of_their_making_whatever_goes_wrong() {
    let trouble = SinkAnswer::unavailable();
    let sink = OtlpSink::new().on(When::EveryNth(3), trouble).start().unwrap();
    let run = Run::to(&sink);
    for items in 1..=8 {
        run.submit_points(items);
    }
    let finished = run.finish();
    assert_eq!(accepted_sizes(&sink), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(fates(&finished.metrics), [36, 0, 0, 0]);
    assert!(finished.metrics.retries >= 2, "{:?}", finished.metrics);
}

#[test]
fn a_backend_that_is_unavailable_for_a_while_gets_everything_later() {
    let sink = OtlpSink::new()
        .on(When::First(6), SinkAnswer::unavailable())
        .start()
        .unwrap();
    let run = Run::to(&sink);
    for _ in 0..10 {
        run.submit_spans(3);
    }
    run.wait_for_traces(|traces| traces.delivered == 30);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [30, 0, 0, 0]);
    assert_eq!(finished.traces.retries, 6);
    let messages: Vec<_> = finished.notices.iter().map(|notice| notice.message.as_str()).collect();
    let [failing, recovered] = messages[..] else {
        panic!("{messages:?}")
    };
    assert!(failing.starts_with("traces cannot be delivered to "), "{failing}");
    assert!(recovered.ends_with(" takes traces again"), "{recovered}");
}

#[test]
fn one_payload_probes_an_unavailable_backend_while_the_others_wait() {
    let sink = OtlpSink::new().answer(SinkAnswer::unavailable()).start().unwrap();
    let run = Run::to(&sink);
    for _ in 0..200 {
        run.submit_spans(1);
    }
    run.wait_for_traces(|traces| traces.retries >= 2);
    // Four were under way when the first failed; since then there were the retries.
    let (requests, retries) = (sink.counts().requests, run.traces().retries);
    assert!(requests <= retries + 5, "{requests} requests, {retries} retries");
}

#[test]
fn a_throttling_backend_is_asked_again_when_it_wants_to_be() {
    let throttled = SinkAnswer::throttled().retry_after(Duration::from_secs(1));
    let sink = OtlpSink::new().on(When::First(1), throttled).start().unwrap();
    let run = Run::to(&sink);
    let started = Instant::now();
    run.submit_spans(9);
    let seen = sink.wait_until(PATIENCE, |counts| counts.requests == 2);
    assert!(seen.requests == 2 && started.elapsed() >= Duration::from_secs(1));
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [9, 0, 0, 0]);
    assert_eq!(sink.counts().spans, 9);
}

#[test]
fn a_server_error_is_not_retried_and_costs_a_place_in_the_spool() {
    let sink = OtlpSink::new()
        .on(When::Number(1), SinkAnswer::internal())
        .start()
        .unwrap();
    let run = Run::to(&sink);
    for items in 1..=3 {
        run.submit_spans(items);
        run.wait_for_traces(|traces| traces.delivered + traces.spooled == (1..=items).sum::<u64>());
    }
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [4, 0, 2, 0]);
    assert_eq!(sink.counts().requests, 3);
    assert_eq!(
        finished.notices.len(),
        2,
        "refused once, and back: {:?}",
        finished.notices
    );
}

#[test]
fn nothing_is_lost_when_a_collector_is_killed_and_comes_back() {
    let mut sink = OtlpSink::new().start().unwrap();
    let run = Run::to(&sink);
    for _ in 0..20 {
        run.submit_spans(5);
    }
    run.wait_for_traces(|traces| traces.delivered == 100);
    sink.stop();
    for _ in 0..20 {
        run.submit_spans(5);
    }
    run.wait_for_traces(|traces| traces.retries >= 1);
    sink.restart().unwrap();
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [200, 0, 0, 0]);
    assert_eq!(sink.counts().spans, 200);
}

#[test]
fn partial_success_is_counted_and_not_sent_again() {
    let sink = OtlpSink::new()
        .answer(SinkAnswer::partial(3).message("too old"))
        .start()
        .unwrap();
    let run = Run::to(&sink);
    run.submit_spans(10);
    run.submit_spans(2);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [7, 5, 0, 0]);
    assert_eq!((sink.counts().requests, sink.counts().spans), (2, 7));
    assert_eq!(finished.traces.last_error.as_deref(), Some("too old"));
    assert_eq!(finished.notices.len(), 1);
}

#[test]
fn a_payload_that_is_too_large_arrives_in_parts() {
    let limit = spans(20).body.len();
    let sink = OtlpSink::new().message_limit(limit).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(100);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [100, 0, 0, 0]);
    assert_eq!(sink.counts().spans, 100);
    assert!(sink.accepted().iter().all(|accepted| accepted.body.len() <= limit));
}

#[test]
fn grpc_knows_the_same_troubles() {
    let sink = OtlpSink::new()
        .refuse(SinkSignal::Metrics)
        .message_limit(spans(20).body.len())
        .on(When::First(2), SinkAnswer::unavailable())
        .start()
        .unwrap();
    let run = Run::start(&grpc_config(&sink.url()));
    run.submit_spans(100);
    run.submit_spans(5);
    run.submit_points(3);
    run.wait_for_traces(|traces| traces.delivered == 105);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [105, 0, 0, 0]);
    assert_eq!(fates(&finished.metrics), [0, 3, 0, 0]);
    assert!(finished.metrics.turned_off.is_some());
    assert_eq!(sink.counts().spans, 105);
}

#[test]
fn a_single_item_that_is_too_large_is_rejected() {
    let sink = OtlpSink::new().message_limit(1).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(3);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [0, 3, 0, 0]);
    assert_eq!(finished.notices.len(), 1);
}

#[test]
fn a_backend_that_does_not_take_a_signal_turns_it_off_and_not_the_other() {
    let sink = OtlpSink::new().refuse(SinkSignal::Metrics).start().unwrap();
    let run = Run::to(&sink);
    let metrics = run.exporters.metrics().unwrap();
    for _ in 0..10 {
        run.submit_points(2);
    }
    let until = Instant::now() + PATIENCE;
    while metrics.is_taken() && Instant::now() < until {
        std::thread::yield_now();
    }
    assert!(!metrics.is_taken());
    run.submit_points(2);
    run.submit_spans(4);
    let finished = run.finish();
    assert_eq!(fates(&finished.metrics), [0, 22, 0, 0]);
    assert_eq!(fates(&finished.traces), [4, 0, 0, 0]);
    assert!(finished.metrics.turned_off.is_some() && finished.traces.turned_off.is_none());
    assert_eq!(finished.notices.len(), 1, "{:?}", finished.notices);
    assert!(!finished.folder.spool_dir().exists());
}

#[test]
fn a_404_of_a_backend_that_has_taken_the_signal_before_is_a_fault_and_nothing_is_thrown_away() {
    let sink = OtlpSink::new()
        .on(When::Number(1), SinkAnswer::not_taken())
        .start()
        .unwrap();
    let run = Run::to(&sink);
    for items in [1, 2, 4] {
        run.submit_spans(items);
        run.wait_for_traces(|traces| traces.delivered + traces.spooled + traces.rejected == traces.produced);
    }
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [5, 0, 2, 0]);
    assert_eq!(finished.traces.turned_off, None);
}

#[test]
fn what_a_backend_rejects_for_good_is_not_spooled() {
    let sink = OtlpSink::new().answer(SinkAnswer::invalid()).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(3);
    run.submit_spans(4);
    let finished = run.finish();
    assert_eq!(fates(&finished.traces), [0, 7, 0, 0]);
    assert_eq!(finished.notices.len(), 1);
}

#[test]
fn nobody_who_submits_waits_for_a_dead_backend() {
    let sink = dead_sink();
    let mut config = config(&sink.url());
    if let Some(traces) = &mut config.traces {
        traces.batch.queue = 10_000;
    }
    let run = Run::start(&config);
    let payload = spans(10);
    let started = Instant::now();
    for _ in 0..10_000 {
        run.exporters.traces().unwrap().submit(payload.clone());
    }
    let took = started.elapsed();
    assert!(took < Duration::from_millis(300), "{took:?}");
    let finished = run.finish_within(Duration::from_millis(100));
    assert_eq!(fates(&finished.traces), [0, 0, 100_000, 0]);
}

#[test]
fn a_snapshot_adds_up_when_what_is_on_its_way_is_counted() {
    let sink = OtlpSink::new().answer(SinkAnswer::hang()).start().unwrap();
    let run = Run::to(&sink);
    run.submit_spans(5);
    let traces = run.exporters.traces().unwrap();
    traces.count_dropped(2);
    traces.count_sampled_out(9);
    let ledger = run.traces();
    assert_eq!(
        (ledger.produced, fates(&ledger), ledger.sampled_out),
        (7, [0, 0, 0, 2], 9)
    );
    assert_eq!(run.notices(), []);
}
