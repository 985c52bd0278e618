//! Which spans are exported, and when.

use super::super::Sampled;
use super::*;

/// Requests with times from 10 ms on, in an order that is not that of their ids.
fn of_many_durations(count: u64) -> Vec<RequestRecord> {
    let slow = |index: u64| {
        let mut record = stream(index);
        record.timings.last_token_at = Some(at_ms(110 + index * 7 % count * 10));
        record.timings.finished_at = at_ms(110 + index * 7 % count * 10);
        record
    };
    (0..count).map(slow).collect()
}

fn requests(spans: &[Span]) -> Vec<&Span> {
    spans.iter().filter(|span| span.name == "chat m").collect()
}

#[test]
fn sampling_is_what_the_server_was_told() {
    let case = Case::new().sampling(0.5).scope(TraceScope::Session);
    let plan = case.run.trace_plan.unwrap();
    let mut recorder = case.recorder();
    let mut exported = Vec::new();
    for index in 0..1_000_u64 {
        let record = RequestRecord {
            trace_id: u128::from((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            ..stream(index)
        };
        let sampled = recorder.record(&record, &case.parameters, None);
        assert_eq!(
            sampled == Sampled::Yes,
            plan.is_sampled(record.trace_id, record.span_id)
        );
        if sampled == Sampled::Yes {
            exported.push(record.trace_id.to_be_bytes().to_vec());
        }
    }
    assert_eq!(recorder.sampled_out(), 1_000 - exported.len() as u64);
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let ids: Vec<_> = requests(&spans).into_iter().map(|span| span.trace_id.clone()).collect();
    assert_eq!(ids, exported);
    assert!((400..600).contains(&ids.len()), "{}", ids.len());
}

#[test]
fn errors_are_kept_and_say_so() {
    let case = Case::new().sampling(0.0).keep(true, 0);
    let mut recorder = case.recorder();
    assert_eq!(recorder.record(&stream(0), &case.parameters, None), Sampled::No);
    let failure = failed(1, FailureKind::Connect, "refused");
    assert_eq!(recorder.record(&failure, &case.parameters, None), Sampled::Yes);
    assert_eq!(recorder.sampled_out(), 1);
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let [kept] = requests(&spans)[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(text(&kept.attributes, "loadspan.kept"), Some("error"));
    assert_eq!(kept.flags & 1, 0, "the server was told that it is not sampled");
}

#[test]
fn the_slowest_of_a_stage_are_kept() {
    let case = Case::new().sampling(0.0).keep(false, 3);
    let mut recorder = case.recorder();
    let mut records = of_many_durations(50);
    let mut warmup = stream(50);
    warmup.phase = Phase::Warmup;
    warmup.timings.finished_at = at_ms(9_000);
    records.push(warmup);
    records.push(failed(51, FailureKind::TimeoutTotal, "slow, but an error"));
    for record in &records {
        recorder.record(record, &case.parameters, None);
    }
    assert_eq!(recorder.sampled_out(), 49, "all but the three");
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let ends: Vec<_> = requests(&spans)
        .iter()
        .map(|span| span.end_time_unix_nano - RUN_START)
        .collect();
    assert_eq!(ends, [600_000_000, 590_000_000, 580_000_000]);
    let says = |span: &&Span| text(&span.attributes, "loadspan.kept") == Some("slowest");
    assert!(requests(&spans).iter().all(says));
}

#[test]
fn no_request_is_exported_twice() {
    let case = Case::new().sampling(0.5).keep(true, 10).scope(TraceScope::Session);
    let mut records = of_many_durations(100);
    for (index, record) in records.iter_mut().enumerate() {
        record.trace_id = if index % 2 == 0 { 0x10 } else { u128::from(u64::MAX) };
        if index % 10 == 0 {
            record.outcome = Outcome::Failed(Failure::new(FailureKind::Parse));
        }
    }
    let mut recorder = case.recorder();
    for record in &records {
        recorder.record(record, &case.parameters, None);
    }
    let sampled_out = recorder.sampled_out();
    let spans = spans_of(&all(recorder.finish(&conclusion())));
    let mut ids: Vec<_> = requests(&spans).iter().map(|span| span.span_id.clone()).collect();
    assert_eq!(ids.len() as u64 + sampled_out, 100, "each is exported or sampled out");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), requests(&spans).len());
    assert!(
        (51..=60).contains(&ids.len()),
        "the sampled half and the slow ones that were not: {}",
        ids.len()
    );
}

#[test]
fn a_sampler_that_takes_nothing_takes_nothing() {
    let mut recorder = Case::new().sampling(0.0).recorder();
    recorder.record(&stream(0), &RequestParameters::default(), None);
    assert!(all(recorder.finish(&conclusion())).is_empty());
}

#[test]
fn a_session_of_which_nothing_is_exported_has_no_span() {
    let case = Case::new().sampling(0.0).keep(true, 0);
    let of = |mut record: RequestRecord, session| {
        record.session = Some(session);
        record
    };
    let spans = case.spans(&[
        of(stream(0), 1),
        of(failed(1, FailureKind::Parse, ""), 2),
        of(stream(2), 2),
    ]);
    let sessions: Vec<_> = spans.iter().filter(|span| span.name == "session").collect();
    assert_eq!(sessions.len(), 1);
    let shown: Vec<_> = sessions[0].attributes.iter().map(line).collect();
    assert!(shown.contains(&"loadspan.session = 2".to_owned()), "{shown:?}");
    assert!(
        shown.contains(&"loadspan.requests.completed = 1".to_owned()),
        "{shown:?}"
    );
}

#[test]
fn a_payload_goes_out_when_it_is_full_or_old() {
    let case = Case::new().with(|case| case.config.batch.spans = 2);
    let mut recorder = case.recorder();
    let finished = stream(0).timings.finished_at;
    for index in 0..5 {
        recorder.record(&stream(index), &case.parameters, None);
    }
    let full: Vec<_> = std::iter::from_fn(|| recorder.take_payload(finished)).collect();
    assert_eq!(full.iter().map(Payload::items).collect::<Vec<_>>(), [2, 2]);
    assert!(
        recorder
            .take_payload(finished.after(Duration::from_millis(999)))
            .is_none()
    );
    let old = recorder.take_payload(finished.after(Duration::from_secs(1))).unwrap();
    assert_eq!(old.items(), 1);
    assert!(
        recorder.take_payload(finished.after(Duration::from_secs(9))).is_none(),
        "nothing is left"
    );
}
