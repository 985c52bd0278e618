//! Each reason, at the point where it begins to hold.

use super::*;
use crate::testing::{RecordBuilder, closed_facts, open_facts, stream, whole};
use crate::{
    ClientStats, FailureKind, PlannedReplay, PromptReuse, ReplayFacts, RunFacts, SummaryBuilder, TokenSource,
    WorkerStats,
};

/// The verdict on 200 requests, one after the other, which `change` makes what the test wants.
fn verdict_of(facts: RunFacts, change: impl Fn(u32, RecordBuilder) -> RecordBuilder) -> Verdict {
    let mut builder = SummaryBuilder::new();
    for request in 0..200_u32 {
        builder.push(&change(request, stream().sent_ms(f64::from(request) * 200.0)).build());
    }
    builder.finish(facts).verdict
}

fn unchanged(_: u32, record: RecordBuilder) -> RecordBuilder {
    record
}

fn messages(verdict: &Verdict) -> String {
    verdict
        .reasons
        .iter()
        .map(|finding| format!("{:?}: {}", finding.severity, finding.message))
        .collect::<Vec<_>>()
        .join("\n")
}

fn facts_with_worker(busy_share: f64, loop_lag_p99_ms: f64) -> RunFacts {
    let worker = WorkerStats {
        busy_share,
        loop_lag_p99_ms,
        ..WorkerStats::default()
    };
    let mut facts = closed_facts(1);
    facts.client = Some(ClientStats {
        workers: vec![WorkerStats::default(), worker],
        ..ClientStats::default()
    });
    facts
}

#[test]
fn a_run_without_blemish_is_valid_and_has_no_reasons() {
    let verdict = verdict_of(facts_with_worker(0.9, 5.0), unchanged);
    assert_eq!((verdict.status, verdict.reasons), (VerdictStatus::Valid, vec![]));
}

#[test]
fn one_worker_without_cpu_to_spare_is_enough() {
    insta::assert_snapshot!(messages(&verdict_of(facts_with_worker(0.95, 1.0), unchanged)), @"Degraded: the client was short of CPU: its busiest worker ran 95.0 % of the time, its timers were up to 1.00 ms late (p99)");
    insta::assert_snapshot!(messages(&verdict_of(facts_with_worker(0.2, 7.5), unchanged)), @"Degraded: the client was short of CPU: its busiest worker ran 20.0 % of the time, its timers were up to 7.50 ms late (p99)");
}

#[test]
fn lost_records_degrade() {
    let mut facts = facts_with_worker(0.1, 0.1);
    facts.client.iter_mut().for_each(|client| client.records_lost = 1);
    insta::assert_snapshot!(messages(&verdict_of(facts, unchanged)), @"Degraded: 1 record lost on the way to the figures");
}

#[test]
fn errors_degrade_and_then_spoil() {
    let failing = |share: u32| {
        verdict_of(closed_facts(1), move |request, record| {
            if request < share {
                record.failed(FailureKind::TruncatedStream)
            } else {
                record
            }
        })
    };
    assert_eq!(failing(2).status, VerdictStatus::Valid);
    insta::assert_snapshot!(messages(&failing(3)), @"Degraded: 3 requests failed (1.50 %)");
    insta::assert_snapshot!(messages(&failing(101)), @r#"
    Invalid: 101 requests failed (50.5 %)
    Note: 99 requests completed: percentiles in the tail are close to the maximum
    "#);
}

#[test]
fn cached_prompts_are_doubtful_unless_they_may_repeat() {
    let cached = |_: u32, record: RecordBuilder| record.with(|record| record.tokens.cached_input = Some(30));
    insta::assert_snapshot!(messages(&verdict_of(closed_facts(1), cached)), @"Degraded: 30.0 % of the input tokens came from the server's prefix cache although every prompt is new");
    let mut facts = closed_facts(1);
    facts.prompts = PromptReuse::MayRepeat;
    assert_eq!(verdict_of(facts, cached).status, VerdictStatus::Valid);
}

#[test]
fn tokens_known_as_chunks_are_doubtful() {
    let verdict = verdict_of(closed_facts(1), |request, record| {
        record.with(|record| {
            record.tokens.source = Some(if request == 0 {
                TokenSource::ChunkCount
            } else {
                TokenSource::ServerUsage
            })
        })
    });
    assert_eq!(verdict.status, VerdictStatus::Valid);
    let verdict = verdict_of(closed_facts(1), |_, record| {
        record.with(|record| record.tokens.source = Some(TokenSource::ChunkCount))
    });
    insta::assert_snapshot!(messages(&verdict), @"Degraded: the output tokens of 100 % of the requests are counted as chunks, which may hold several");
}

#[test]
fn missed_output_lengths_are_a_note() {
    let verdict = verdict_of(closed_facts(1), |_, record| {
        record.with(|record| record.tokens.requested_output = Some(64))
    });
    insta::assert_snapshot!(messages(&verdict), @"Note: 100 % of the outputs had another length than was asked for");
    assert_eq!(verdict.status, VerdictStatus::Valid);
}

#[test]
fn a_closed_load_has_no_rate_and_no_dispatch_delay() {
    let late = |_: u32, record: RecordBuilder| record.scheduled_ms(0.0);
    assert_eq!(verdict_of(closed_facts(1), late).status, VerdictStatus::Valid);
    assert_eq!(verdict_of(open_facts(5.0), late).status, VerdictStatus::Invalid);
}

#[test]
fn dispatch_delay_begins_at_ten_milliseconds() {
    let late = |ms: f64| {
        verdict_of(open_facts(5.0), move |request, _| {
            let scheduled = f64::from(request) * 200.0;
            whole().sent_ms(scheduled + ms).scheduled_ms(scheduled)
        })
    };
    assert_eq!(late(10.0).status, VerdictStatus::Valid);
    insta::assert_snapshot!(messages(&late(12.0)), @"Degraded: requests left the client late: 12.0 ms after they were due (p99)");
    insta::assert_snapshot!(messages(&late(120.0)), @"Invalid: requests left the client late: 120 ms after they were due (p99)");
}

#[test]
fn opening_a_connection_is_not_a_dispatch_delay() {
    let verdict = verdict_of(open_facts(5.0), |request, _| {
        let scheduled = f64::from(request) * 200.0;
        let connection = crate::ConnectionUse::Opened {
            connect_ns: 40_000_000,
            tls_ns: 10_000_000,
        };
        whole()
            .sent_ms(scheduled + 50.0)
            .scheduled_ms(scheduled)
            .with(|record| record.http.connection = connection)
    });
    assert_eq!(verdict.reasons, vec![]);
}

#[test]
fn the_worst_reason_comes_first() {
    let mut facts = open_facts(5.0);
    facts.run.completeness = crate::Completeness::Incomplete {
        reason: "interrupted".to_owned(),
    };
    let verdict = verdict_of(facts, |_, record| record.scheduled_ms(0.0));
    let severities: Vec<Severity> = verdict.reasons.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Invalid, Severity::Degraded]);
}

/// What is said of a recording that is sent at half the rate at which it was to be sent, of which so many calls are of no session.
fn said_of_half_the_rate(single_calls: u64) -> [String; 2] {
    let mut facts = open_facts(100.0);
    facts.load.model = LoadModel::Recorded { max_concurrency: None };
    let planned = PlannedReplay {
        calls: 200,
        single_calls,
        ..PlannedReplay::default()
    };
    facts.replays = vec![ReplayFacts {
        stage: 0,
        planned,
        never_sent: 0,
    }];
    let verdict = verdict_of(facts, |request, record| {
        record.scheduled_ms(f64::from(request) * 100.0).with(|record| {
            (record.session, record.turn, record.turns) = (Some(u64::from(request)), Some(0), Some(1));
        })
    });
    let is_of_rate = |finding: &&Finding| {
        matches!(
            finding.reason,
            Reason::RateMissed { .. } | Reason::SessionRateMissed { .. }
        )
    };
    let found = verdict.reasons.iter().find(is_of_rate).unwrap();
    [found.message.clone(), found.advice.clone()]
}

#[test]
fn single_calls_of_a_recording_miss_a_rate_of_requests() {
    let advice = "lower --replay-speed, raise --max-concurrency, or give the client more cores";
    assert_eq!(
        said_of_half_the_rate(200),
        [
            "the achieved rate missed the schedule: 5.00 req/s instead of 10.0",
            advice
        ]
    );
    assert_eq!(
        said_of_half_the_rate(199),
        [
            "sessions began at a rate that missed the schedule: 5.00 a second instead of 10.0",
            advice
        ]
    );
}

/// What is advised about too few requests, and about requests that left late.
fn advised(model: LoadModel, replays: Vec<ReplayFacts>) -> [String; 2] {
    let mut facts = open_facts(100.0);
    facts.load.model = model;
    facts.replays = replays;
    let mut builder = SummaryBuilder::new();
    for request in 0..50_u32 {
        let scheduled = f64::from(request) * 10.0;
        builder.push(&stream().sent_ms(scheduled + 500.0).scheduled_ms(scheduled).build());
    }
    let reasons = builder.finish(facts).verdict.reasons;
    let advice_on = |is_wanted: fn(&Reason) -> bool| {
        let mut wanted = reasons.iter().filter(|finding| is_wanted(&finding.reason));
        wanted.next().map_or_else(String::new, |finding| finding.advice.clone())
    };
    [
        advice_on(|reason| matches!(reason, Reason::TooFewSamples { .. })),
        advice_on(|reason| matches!(reason, Reason::DispatchDelay { .. })),
    ]
}

#[test]
fn what_is_advised_helps_with_what_was_sent() {
    let (target_rate, max_concurrency) = (Some(100.0), None);
    let open = LoadModel::Open {
        target_rate,
        max_concurrency,
    };
    let sessions = LoadModel::OpenSessions {
        target_rate,
        max_concurrency,
    };
    let recorded = LoadModel::Recorded { max_concurrency };
    let replay = || {
        vec![ReplayFacts {
            stage: 0,
            planned: PlannedReplay::default(),
            never_sent: 0,
        }]
    };
    let a_longer_recording =
        "replay a longer recording, or more of this one: see --replay-window, --replay-sample and --benchmark-duration";
    assert_eq!(
        advised(open, Vec::new()),
        [
            "raise --request-count or --benchmark-duration",
            "give the client more cores, or lower --request-rate"
        ]
    );
    assert_eq!(
        advised(sessions, Vec::new()),
        [
            "raise --session-count or --benchmark-duration",
            "give the client more cores, or lower --session-rate"
        ]
    );
    assert_eq!(
        advised(LoadModel::ClosedSessions { sessions: 2 }, Vec::new())[0],
        "raise --session-count or --benchmark-duration"
    );
    assert_eq!(
        advised(recorded, replay()),
        [
            a_longer_recording,
            "give the client more cores, or lower --replay-speed"
        ]
    );
    // Each session of a recording is sent once, whoever says when.
    assert_eq!(advised(sessions, replay())[0], a_longer_recording);
}
