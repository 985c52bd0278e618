//! Runs of several stages, and those that seem to have them.

use super::*;
use crate::{Distribution, LoadFacts, LoadModel, RequestRecord, StageFacts, StageRole, VerdictStatus};

const SECOND: f64 = 1_000.0;

/// `count` requests of a stage, one every 100 ms from `from_ms` on, each of which takes 50 ms.
fn stage(number: u32, from_ms: f64, count: u32) -> Vec<RecordBuilder> {
    let request = |index| {
        whole()
            .sent_ms(from_ms + f64::from(index) * 100.0)
            .total_ms(50.0)
            .with(|record| record.stage = number)
    };
    (0..count).map(request).collect()
}

fn staged_facts(stages: u32) -> RunFacts {
    let mut facts = closed_facts(1);
    facts.load.model = LoadModel::Staged;
    let load = LoadFacts {
        description: "1 concurrent".to_owned(),
        model: LoadModel::Closed { concurrency: 1 },
    };
    facts.stages = (0..stages)
        .map(|number| StageFacts::planned(number, load.clone()))
        .collect();
    facts
}

#[test]
fn a_pause_between_stages_does_not_count() {
    let records = [stage(0, 0.0, 100), stage(1, 100.0 * SECOND, 100)].concat();
    let summary = summary_of(records, staged_facts(2));
    // Each is measured for 9.95 s; a hundred seconds lie between their beginnings.
    assert_eq!(summary.metrics.scalar(RunMetric::BenchmarkDuration), Some(19.9));
    assert_eq!(summary.metrics.scalar(RunMetric::RequestThroughput), Some(10.05025));
    assert_eq!(summary.load.in_flight.max, 1);
    assert!(
        (summary.load.in_flight.mean - 10.0 / 19.9).abs() < 1e-3,
        "{:?}",
        summary.load.in_flight
    );
    let each: Vec<_> = summary
        .stages
        .iter()
        .map(|stage| stage.metrics.scalar(RunMetric::BenchmarkDuration))
        .collect();
    assert_eq!(each, [Some(9.95), Some(9.95)]);
    assert_eq!(
        why_not_steady(&summary),
        "each of the 2 stages has a steady state of its own"
    );
    assert_eq!(summary.load.achieved_rate, None);
}

#[test]
fn percentiles_of_the_run_are_over_all_measured_requests() {
    let slow = stage(1, 60.0 * SECOND, 100)
        .into_iter()
        .map(|record| record.total_ms(90.0));
    let summary = summary_of(stage(0, 0.0, 100).into_iter().chain(slow), staged_facts(2));
    let latency = |figures: &Figures| figures.get(Metric::RequestLatency).copied().unwrap();
    assert_eq!(
        (latency(&summary.metrics).p50, latency(&summary.metrics).count),
        (70.0, 200)
    );
    let medians: Vec<f64> = summary.stages.iter().map(|stage| latency(&stage.metrics).p50).collect();
    assert_eq!(medians, [50.0, 90.0]);
}

#[test]
fn a_warm_up_stage_is_in_no_figure() {
    let mut warmup = stage(0, 0.0, 50);
    for record in &mut warmup {
        *record = record
            .clone()
            .total_ms(99.0)
            .with(|record| record.phase = Phase::Warmup);
    }
    let mut facts = staged_facts(2);
    facts.stages[0].role = StageRole::Warmup;
    let summary = summary_of(warmup.into_iter().chain(stage(1, 10.0 * SECOND, 200)), facts);
    let alone = summary_of(stage(0, 0.0, 200), closed_facts(1));
    assert_eq!(summary.counts.warmup, 50);
    assert_eq!(
        (summary.stages[0].counts.warmup, &summary.stages[0].verdict),
        (50, &None)
    );
    assert_eq!(summary.metrics, alone.metrics);
    assert_eq!(summary.verdict, alone.verdict);
    assert_eq!(steady_p99(&summary), steady_p99(&alone));
}

#[test]
fn a_run_is_as_bad_as_its_worst_stage() {
    let failing = stage(2, 60.0 * SECOND, 200)
        .into_iter()
        .enumerate()
        .map(|(index, record)| {
            if index < 5 {
                record.failed(FailureKind::HttpStatus(503))
            } else {
                record
            }
        });
    let records = [stage(0, 0.0, 200), stage(1, 30.0 * SECOND, 50)].concat();
    let mut facts = staged_facts(3);
    facts.stages[2].name = Some("peak".to_owned());
    facts.run.completeness = Completeness::Incomplete {
        reason: "interrupted".to_owned(),
    };
    let summary = summary_of(records.into_iter().chain(failing), facts);
    let statuses: Vec<_> = summary
        .stages
        .iter()
        .map(|stage| stage.verdict.as_ref().unwrap().status)
        .collect();
    assert_eq!(
        statuses,
        [VerdictStatus::Valid, VerdictStatus::Valid, VerdictStatus::Degraded]
    );
    assert_eq!(summary.verdict.status, VerdictStatus::Degraded);
    let told: Vec<_> = summary
        .verdict
        .reasons
        .iter()
        .map(|finding| (finding.stage, finding.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (None, "the run was cut short: interrupted"),
            (Some(2), "peak: 5 requests failed (2.50 %)"),
            (
                Some(1),
                "stage 1: 50 requests completed: percentiles in the tail are close to the maximum"
            ),
        ]
    );
}

#[test]
fn the_rate_of_a_stage_is_held_against_its_own_schedule() {
    let late = stage(1, 60.0 * SECOND, 200)
        .into_iter()
        .enumerate()
        .map(|(index, record)| record.scheduled_ms(60.0 * SECOND + index as f64 * 50.0));
    let mut facts = staged_facts(2);
    for stage in &mut facts.stages {
        stage.load.model = LoadModel::Open {
            target_rate: Some(10.0),
            max_concurrency: None,
        };
    }
    let summary = summary_of(stage(0, 0.0, 200).into_iter().chain(late), facts);
    assert_eq!(
        summary.stages[0].load.achieved_rate,
        summary.stages[0].load.scheduled_rate
    );
    assert_eq!(summary.verdict.status, VerdictStatus::Invalid);
    assert!(
        summary.verdict.reasons.iter().all(|finding| finding.stage == Some(1)),
        "{:?}",
        summary.verdict
    );
    assert!(summary.metrics.get(Metric::ScheduledLatency).is_some());
}

#[test]
fn a_stage_that_was_not_begun_is_not_there() {
    let mut facts = staged_facts(3);
    facts.run.completeness = Completeness::Incomplete {
        reason: "loadspan was killed before the run ended".to_owned(),
    };
    let summary = summary_of(stage(0, 500.0, 200), facts);
    let [only] = &summary.stages[..] else {
        panic!("{:?}", summary.stages)
    };
    assert_eq!(
        (only.started_s, only.measured_from_s, only.ended_s),
        (Some(0.5), Some(0.5), Some(20.45))
    );
    assert_eq!(codes(&summary), ["incomplete"]);
    assert_eq!(
        summary.verdict.reasons[0].message,
        "the run was cut short: loadspan was killed before the run ended; not begun: stage 1, stage 2"
    );
}

#[test]
fn of_many_stages_that_were_not_begun_the_first_are_named() {
    let mut facts = staged_facts(9);
    facts.stages[1].name = Some("peak".to_owned());
    facts.run.completeness = Completeness::Incomplete {
        reason: "interrupted".to_owned(),
    };
    let summary = summary_of(stage(0, 500.0, 200), facts);
    assert_eq!(
        summary.verdict.reasons[0].message,
        "the run was cut short: interrupted; not begun: peak, stage 2, stage 3, stage 4, stage 5 and 3 more"
    );
}

#[test]
fn slices_are_those_of_each_stage() {
    let builder = builder_of([stage(0, 0.0, 20), stage(1, 100.0 * SECOND, 20)].concat());
    let slices = builder.timeslices(Duration::from_secs(1));
    let stages: Vec<_> = slices.iter().map(|slice| (slice.stage, slice.start_s)).collect();
    assert_eq!(
        stages,
        [(Some(0), 0.0), (Some(0), 1.0), (Some(1), 100.0), (Some(1), 101.0)]
    );
}

#[test]
fn gaps_between_chunks_are_those_of_all_stages() {
    let stream_in = |number: u32, itl: f64| stream().itl_ms(itl).with(|record| record.stage = number);
    let together = summary_of([stream_in(0, 10.0), stream_in(1, 30.0)], staged_facts(2));
    let alone = summary_of([stream_in(0, 10.0), stream_in(0, 30.0)], closed_facts(1));
    let gaps = |summary: &Summary| summary.metrics.get(Metric::InterChunkLatency).copied();
    assert!(gaps(&together).is_some_and(|gaps: Distribution| gaps.count == 18));
    assert_eq!(gaps(&together), gaps(&alone));
}

fn any_stages() -> impl Strategy<Value = Vec<RequestRecord>> {
    let record = (any_record(), 0_u32..4).prop_map(|(mut record, stage)| {
        record.stage = stage;
        record
    });
    prop::collection::vec(record, 0..60)
}

fn finished(records: &[RequestRecord], facts: RunFacts) -> Summary {
    let mut builder = SummaryBuilder::new();
    records.iter().for_each(|record| builder.push(record));
    builder.finish(facts)
}

proptest! {
    #[test]
    fn the_stages_add_up_to_the_run(records in any_stages()) {
        let summary = finished(&records, staged_facts(4));
        let sum = |count: fn(&Counts) -> u64| summary.stages.iter().map(|stage| count(&stage.counts)).sum::<u64>();
        for count in [
            |counts: &Counts| counts.requests,
            |counts: &Counts| counts.completed,
            |counts: &Counts| counts.failed,
            |counts: &Counts| counts.cancelled,
            |counts: &Counts| counts.warmup,
        ] {
            prop_assert_eq!(sum(count), count(&summary.counts));
        }
        let tokens: u64 = summary.stages.iter().map(|stage| stage.tokens.output_total).sum();
        prop_assert_eq!(tokens, summary.tokens.output_total);
        for metric in Metric::ALL {
            let counted = |figures: &Figures| figures.get(metric).map_or(0, |stats| stats.count);
            let in_stages: u64 = summary.stages.iter().map(|stage| counted(&stage.metrics)).sum();
            prop_assert_eq!(in_stages, counted(&summary.metrics), "{}", metric.tag());
        }
        let text = serde_json::to_string(&summary).unwrap();
        prop_assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
    }

    #[test]
    fn a_verdict_at_the_end_of_a_stage_is_that_of_the_summary(records in any_stages(), interrupted in any::<bool>()) {
        let mut facts = staged_facts(4);
        for (stage, facts) in facts.stages.iter_mut().enumerate() {
            facts.completeness = Some(if stage == 3 && interrupted {
                Completeness::Incomplete { reason: "interrupted".to_owned() }
            } else {
                Completeness::Complete
            });
        }
        facts.stages[0].role = StageRole::Warmup;
        facts.stages[2].load.model = LoadModel::Open { target_rate: Some(10.0), max_concurrency: None };
        let mut builder = SummaryBuilder::new();
        let mut soon = Vec::new();
        for number in 0..4 {
            records.iter().filter(|record| record.stage == number).for_each(|record| builder.push(record));
            soon.push((number, builder.verdict_on_stage(number, &facts)));
        }
        let stages = builder.finish(facts).stages;
        let late: Vec<_> = stages.into_iter().map(|stage| (stage.number, stage.verdict)).collect();
        soon.retain(|(number, _)| late.iter().any(|(begun, _)| begun == number));
        prop_assert_eq!(soon, late);
    }

    #[test]
    fn the_number_of_the_only_stage_changes_nothing(records in any_stages(), number in 0_u32..9) {
        let mut moved = records;
        moved.iter_mut().for_each(|record| record.stage = 0);
        let usual = finished(&moved, closed_facts(1));
        moved.iter_mut().for_each(|record| record.stage = number);
        let mut facts = closed_facts(1);
        facts.stages = vec![StageFacts::planned(number, facts.load.clone())];
        prop_assert_eq!(finished(&moved, facts), usual);
    }
}
