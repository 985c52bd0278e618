//! Summaries of whole runs, made up so that the right answer is known.

mod sessions;
mod stages;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::testing::{RecordBuilder, any_record, closed_facts, open_facts, stream, whole};
use crate::{Completeness, FailureKind, Metric, Outcome, Phase, RunFacts, RunMetric, SummaryBuilder, VerdictStatus};

fn summary_of(records: impl IntoIterator<Item = RecordBuilder>, facts: RunFacts) -> Summary {
    builder_of(records).finish(facts)
}

fn builder_of(records: impl IntoIterator<Item = RecordBuilder>) -> SummaryBuilder {
    let mut builder = SummaryBuilder::new();
    records.into_iter().for_each(|record| builder.push(&record.build()));
    builder
}

/// A fraction from 0 to 1 that looks random and is always the same.
fn jitter(seed: u64) -> f64 {
    (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / f64::from(1 << 24)
}

/// `users` users, each sending `each` requests one after the other; `ttft` says what the server takes at a time, in ms.
fn closed_load(users: u64, each: u64, ttft: impl Fn(f64, f64) -> f64) -> Vec<RecordBuilder> {
    let mut records = Vec::new();
    for user in 0..users {
        let mut at = 0.0;
        for request in 0..each {
            let took = ttft(at, jitter(user * each + request + 1));
            records.push(whole().sent_ms(at).total_ms(took));
            at += took + 0.02;
        }
    }
    records
}

fn steady_p99(summary: &Summary) -> f64 {
    match &summary.steady_state {
        SteadyState::Found { metrics, .. } => metrics.get(Metric::RequestLatency).unwrap().p99,
        SteadyState::Absent { absent } => panic!("no window: {absent}"),
    }
}

fn why_not_steady(summary: &Summary) -> &str {
    match &summary.steady_state {
        SteadyState::Found { window, .. } => panic!("there is a window: {window:?}"),
        SteadyState::Absent { absent } => absent,
    }
}

fn codes(summary: &Summary) -> Vec<String> {
    let code = |finding: &crate::Finding| {
        serde_json::to_value(&finding.reason).unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    summary.verdict.reasons.iter().map(code).collect()
}

#[test]
fn throughput_is_over_the_measured_time_and_of_completed_requests() {
    let mut records: Vec<_> = (0..10)
        .map(|request| stream().sent_ms(100.0 + f64::from(request) * 200.0))
        .collect();
    records.push(
        whole()
            .sent_ms(2_000.0)
            .total_ms(100.0)
            .failed(FailureKind::HttpStatus(503)),
    );
    let summary = summary_of(records, closed_facts(1));
    assert_eq!(summary.metrics.scalar(RunMetric::BenchmarkDuration), Some(2.0));
    assert_eq!(summary.metrics.scalar(RunMetric::RequestThroughput), Some(5.0));
    assert_eq!(summary.metrics.scalar(RunMetric::OutputTokenThroughput), Some(50.0));
    assert_eq!(summary.metrics.scalar(RunMetric::InputTokenThroughput), Some(500.0));
    assert_eq!(summary.metrics.scalar(RunMetric::TotalTokenThroughput), Some(550.0));
    assert_eq!(summary.counts.by_error, [("http_status_503".to_owned(), 1)].into());
}

#[test]
fn failed_requests_are_in_no_latency() {
    let fast_failure = whole().total_ms(1.0).failed(FailureKind::HttpStatus(429));
    let summary = summary_of([stream(), fast_failure], closed_facts(2));
    assert_eq!(summary.metrics.get(Metric::RequestLatency).unwrap().min, 190.0);
    assert_eq!(summary.metrics.scalar(RunMetric::RequestErrorRate), Some(50.0));
}

#[test]
fn warm_up_is_counted_and_in_flight_and_in_no_figure() {
    let warmup = stream().total_ms(1_000.0).with(|record| record.phase = Phase::Warmup);
    let summary = summary_of([warmup, stream().sent_ms(500.0)], closed_facts(2));
    assert_eq!((summary.counts.warmup, summary.counts.requests), (1, 1));
    assert_eq!(summary.metrics.get(Metric::RequestLatency).unwrap().count, 1);
    assert_eq!(summary.load.in_flight.max, 2);
    assert_eq!(summary.metrics.scalar(RunMetric::BenchmarkDuration), Some(0.19));
}

#[test]
fn cancelled_requests_do_not_stretch_the_run() {
    let cancelled = whole()
        .total_ms(60_000.0)
        .with(|record| record.outcome = Outcome::Cancelled);
    let summary = summary_of([stream(), cancelled], closed_facts(2));
    assert_eq!(summary.metrics.scalar(RunMetric::BenchmarkDuration), Some(0.19));
    assert_eq!(summary.metrics.scalar(RunMetric::RequestErrorRate), Some(0.0));
    assert_eq!(summary.counts.cancelled, 1);
}

#[test]
fn several_tokens_a_chunk_are_not_one() {
    let summary = summary_of([stream().itl_ms(10.0).tokens(40).tokens_per_chunk(4)], closed_facts(1));
    assert_eq!(summary.metrics.get(Metric::InterTokenLatency).unwrap().p50, 10.0);
    assert_eq!(summary.metrics.get(Metric::InterChunkLatency).unwrap().p50, 40.0);
    assert_eq!(
        summary.metrics.get(Metric::OutputTokenThroughputPerUser).unwrap().p50,
        100.0
    );
}

#[test]
fn goodput_has_failures_in_its_denominator() {
    let mut facts = closed_facts(1);
    facts.slo = Some("ttft:150 itl:20".parse().unwrap());
    let slow = stream().sent_ms(1_000.0).ttft_ms(300.0);
    let failed = stream().sent_ms(2_000.0).failed(FailureKind::TimeoutIdle);
    let summary = summary_of([stream(), slow, failed, stream().sent_ms(3_810.0)], facts);
    let goodput = summary.goodput.unwrap();
    assert_eq!((goodput.good, goodput.of), (2, 4));
    assert_eq!(
        goodput.targets.iter().map(|target| target.met).collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(summary.metrics.scalar(RunMetric::GoodRequestFraction), Some(0.5));
    assert_eq!(summary.metrics.scalar(RunMetric::Goodput), Some(0.5));
}

#[test]
fn a_run_without_success_has_reasons_and_no_zeros() {
    let failed = (0..3).map(|_| {
        whole()
            .failed(FailureKind::Connect)
            .with(|record| record.tokens.output = None)
    });
    let summary = summary_of(failed, closed_facts(1));
    assert_eq!(summary.verdict.status, VerdictStatus::Invalid);
    assert_eq!(codes(&summary), ["nothing_completed"]);
    assert_eq!(summary.metrics.scalar(RunMetric::RequestThroughput), None);
    assert_eq!(summary.metrics.get(Metric::RequestLatency), None);
}

#[test]
fn no_record_at_all_is_an_invalid_run_and_not_a_panic() {
    let summary = SummaryBuilder::new().finish(open_facts(10.0));
    assert_eq!(summary.verdict.status, VerdictStatus::Invalid);
    assert_eq!(summary.metrics, Figures::default());
    assert_eq!(why_not_steady(&summary), "no measured request completed");
}

#[test]
fn a_rate_on_its_schedule_is_valid_although_poisson_strays_from_its_target() {
    let records = (0..200).map(|request| {
        stream()
            .sent_ms(f64::from(request) * 11.0)
            .scheduled_ms(f64::from(request) * 11.0)
    });
    let summary = summary_of(records, open_facts(100.0));
    assert_eq!(summary.verdict.status, VerdictStatus::Valid);
    assert!((summary.load.achieved_rate.unwrap() - 90.909).abs() < 0.01);
}

#[test]
fn a_missed_rate_and_late_dispatch_are_found() {
    let records = (0..200).map(|request| {
        stream()
            .sent_ms(f64::from(request) * 12.0)
            .scheduled_ms(f64::from(request) * 10.0)
    });
    let summary = summary_of(records, open_facts(100.0));
    assert_eq!(summary.verdict.status, VerdictStatus::Invalid);
    assert_eq!(codes(&summary), ["rate_missed", "dispatch_delay"]);
}

#[test]
fn waiting_for_a_slot_is_the_cap_and_not_the_client() {
    let held = |request: u32| {
        let scheduled = f64::from(request) * 10.0;
        stream()
            .sent_ms(scheduled + 200.0)
            .scheduled_ms(scheduled)
            .with(|record| record.held_back_ns = 200_000_000)
    };
    let summary = summary_of((0..200).map(held), open_facts(100.0));
    assert_eq!(codes(&summary), ["held_back"]);
    assert_eq!(
        (summary.verdict.status, summary.load.held_back),
        (VerdictStatus::Degraded, 200)
    );
}

#[test]
fn a_short_run_is_valid_with_a_note() {
    let mut facts = closed_facts(1);
    let summary = summary_of([stream()], facts.clone());
    assert_eq!(
        (summary.verdict.status, codes(&summary)),
        (VerdictStatus::Valid, vec!["too_few_samples".to_owned()])
    );
    facts.run.completeness = Completeness::Incomplete {
        reason: "interrupted".to_owned(),
    };
    assert_eq!(codes(&summary_of([stream()], facts)), ["incomplete", "too_few_samples"]);
}

#[test]
fn the_window_leaves_out_a_start_up_burst() {
    let stationary = |random: f64| 100.0 + 40.0 * random;
    let burst = closed_load(64, 100, |at, random| {
        if at < 1_500.0 {
            300.0 + 400.0 * random
        } else {
            stationary(random)
        }
    });
    let truth = summary_of(closed_load(64, 100, |_, random| stationary(random)), closed_facts(64));
    let truth = truth.metrics.get(Metric::RequestLatency).unwrap().p99;
    let summary = summary_of(burst, closed_facts(64));
    assert!(summary.metrics.get(Metric::RequestLatency).unwrap().p99 > 1.5 * truth);
    assert!(
        (steady_p99(&summary) / truth - 1.0).abs() < 0.03,
        "{} is not {truth}",
        steady_p99(&summary)
    );
}

#[test]
fn the_window_leaves_out_the_first_wave_alone() {
    let first_wave = closed_load(64, 40, |at, random| {
        if at == 0.0 {
            900.0 * random
        } else {
            100.0 + 40.0 * random
        }
    });
    let p99 = steady_p99(&summary_of(first_wave, closed_facts(64)));
    assert!((p99 / 139.6 - 1.0).abs() < 0.03, "{p99}");
}

#[test]
fn the_window_leaves_out_ramp_and_tail() {
    let ramp = |user: u64, record: RecordBuilder| record.shifted_ms(user as f64 * 50.0);
    let loads = (0..64_u64).flat_map(|user| {
        closed_load(1, 80, |_, random| 90.0 + 20.0 * random)
            .into_iter()
            .map(move |r| ramp(user, r))
    });
    let summary = summary_of(loads, closed_facts(64));
    let SteadyState::Found { window, .. } = &summary.steady_state else {
        panic!("{:?}", summary.steady_state)
    };
    assert!(
        (2.5..3.2).contains(&window.start_s) && (7.9..8.6).contains(&window.end_s),
        "{window:?}"
    );
}

#[test]
fn a_run_that_was_always_steady_is_one_window() {
    let summary = summary_of(closed_load(8, 200, |_, random| 90.0 + 20.0 * random), closed_facts(8));
    let SteadyState::Found { window, .. } = &summary.steady_state else {
        panic!("{:?}", summary.steady_state)
    };
    assert!(window.share > 0.9, "{window:?}");
}

#[test]
fn a_growing_queue_has_no_steady_state() {
    let overload = (0..2_000).map(|request| {
        whole()
            .sent_ms(f64::from(request) * 10.0)
            .total_ms(50.0 + f64::from(request) * 20.0)
    });
    let summary = summary_of(overload, open_facts(100.0));
    insta::assert_snapshot!(why_not_steady(&summary), @"the load was steady for 27 % of the measured time, and 30 % are needed: run longer, or lower the rate: a growing queue is never steady");
}

#[test]
fn a_load_that_drifts_has_no_steady_state() {
    let latency = |request: u32| if request < 1_600 { 100.0 } else { 300.0 };
    let records = (0..2_000).map(|request| whole().sent_ms(f64::from(request) * 10.0).total_ms(latency(request)));
    insta::assert_snapshot!(why_not_steady(&summary_of(records, open_facts(100.0))), @"the number in flight went from 10 to 22: the server does not keep up with this load");
}

#[test]
fn a_handful_of_requests_has_no_steady_state() {
    let summary = summary_of([stream(), stream().sent_ms(190.0)], closed_facts(1));
    insta::assert_snapshot!(why_not_steady(&summary), @"only 2 of the 20 requests that are needed were sent and completed while the load was steady: run longer");
}

#[test]
fn slices_hold_what_ended_in_them() {
    let records = (0..10).map(|request| stream().sent_ms(f64::from(request) * 200.0));
    let slices = builder_of(records).timeslices(Duration::from_secs(1));
    let [first, last] = &slices[..] else {
        panic!("{slices:?}")
    };
    assert_eq!((first.started, first.completed, first.is_complete), (5, 5, true));
    assert_eq!((last.started, last.completed, last.is_complete), (5, 5, false));
    assert_eq!((first.request_throughput, first.output_token_throughput), (5.0, 50.0));
    assert!((first.in_flight_mean - 0.95).abs() < 1e-6);
    assert_eq!(first.time_to_first_token.unwrap().p50, 100.0);
}

#[test]
fn a_request_longer_than_a_slice_is_in_flight_in_each() {
    let slices = builder_of([whole().total_ms(3_500.0)]).timeslices(Duration::from_secs(1));
    assert_eq!(
        slices.iter().map(|slice| slice.in_flight_mean).collect::<Vec<_>>(),
        [1.0; 4]
    );
    assert!(builder_of([whole()]).timeslices(Duration::ZERO).is_empty());
    assert!(builder_of([whole()]).timeslices(Duration::from_nanos(1)).is_empty());
}

proptest! {
    #[test]
    fn a_summary_survives_its_file(records in prop::collection::vec(any_record(), 0..60)) {
        let mut builder = SummaryBuilder::new();
        records.iter().for_each(|record| builder.push(record));
        let mut facts = open_facts(10.0);
        facts.slo = Some("ttft:200".parse().unwrap());
        let summary = builder.finish(facts);
        let text = serde_json::to_string(&summary).unwrap();
        prop_assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary, "{}", text);
    }

    #[test]
    fn the_order_of_records_changes_nothing(records in prop::collection::vec(any_record(), 1..60)) {
        let summary = |records: &mut dyn Iterator<Item = &crate::RequestRecord>| {
            let mut builder = SummaryBuilder::new();
            records.for_each(|record| builder.push(record));
            builder.finish(open_facts(10.0))
        };
        let (forward, backward) = (summary(&mut records.iter()), summary(&mut records.iter().rev()));
        prop_assert_eq!(forward.counts, backward.counts);
        for (metric, distribution) in forward.metrics.distributions() {
            prop_assert_eq!(distribution.p99, backward.metrics.get(metric).unwrap().p99, "{}", metric.tag());
        }
    }

    #[test]
    fn slices_add_up_to_the_run(records in prop::collection::vec(any_record(), 1..60), length_ms in 50_u64..100_000) {
        let mut builder = SummaryBuilder::new();
        records.iter().for_each(|record| builder.push(record));
        let summary = builder.finish(open_facts(10.0));
        let slices = builder.timeslices(Duration::from_millis(length_ms));
        if !slices.is_empty() {
            prop_assert_eq!(slices.iter().map(|slice| slice.completed).sum::<u64>(), summary.counts.completed);
            prop_assert_eq!(slices.iter().map(|slice| slice.failed).sum::<u64>(), summary.counts.failed);
        }
    }
}
