//! Runs of sessions, made up so that the right answer is known.

use super::*;
use crate::{LoadModel, VerdictStatus};

/// A turn of a session that has three.
fn turn(session: u64, turn: u32, sent_ms: f64) -> RecordBuilder {
    stream().sent_ms(sent_ms).with(|record| {
        record.session = Some(session);
        record.turn = Some(turn);
        record.turns = Some(3);
    })
}

fn sessions_of(records: impl IntoIterator<Item = RecordBuilder>) -> SessionSummary {
    summary_of(records, closed_facts(1)).sessions.unwrap()
}

#[test]
fn requests_without_a_session_have_none() {
    assert_eq!(summary_of([stream(), stream()], closed_facts(1)).sessions, None);
}

#[test]
fn think_time_is_in_the_duration_and_not_in_the_busy_one() {
    // Three turns of 190 ms each, after 0, 1,000 and 3,000 ms; two of another session overlap in part.
    let overlapping = [turn(2, 0, 0.0), turn(2, 1, 100.0), turn(2, 2, 100.0).total_ms(50.0)];
    let records = [turn(1, 0, 0.0), turn(1, 1, 1_000.0), turn(1, 2, 3_000.0)]
        .into_iter()
        .chain(overlapping);
    let sessions = sessions_of(records);
    assert_eq!((sessions.seen, sessions.completed, sessions.requests), (2, 2, 6));
    let (duration, busy) = (sessions.duration.unwrap(), sessions.busy_duration.unwrap());
    assert_eq!((duration.max, duration.min), (3.19, 0.29));
    assert_eq!((busy.max, busy.min), (0.57, 0.29));
}

#[test]
fn a_session_fails_is_cut_or_completes() {
    let retried = [
        turn(4, 0, 0.0),
        turn(4, 1, 500.0).failed(FailureKind::HttpStatus(503)),
        turn(4, 1, 900.0).with(|record| record.attempt = 1),
        turn(4, 2, 1_500.0),
    ];
    let records = [
        // The second turn fails.
        turn(1, 0, 0.0),
        turn(1, 1, 500.0).failed(FailureKind::TruncatedStream),
        // The third never came.
        turn(2, 0, 0.0),
        turn(2, 1, 500.0),
        // The second was given up when the run ended.
        turn(3, 0, 0.0),
        turn(3, 1, 500.0).with(|record| record.outcome = Outcome::Cancelled),
    ];
    let sessions = sessions_of(records.into_iter().chain(retried));
    assert_eq!(
        (sessions.seen, sessions.completed, sessions.failed, sessions.cut),
        (4, 1, 1, 2)
    );
    assert_eq!((sessions.retries, sessions.never_sent), (1, 3));
    assert_eq!(sessions.turns.unwrap().mean, 3.0);
}

#[test]
fn a_session_of_unknown_length_is_complete_when_nothing_is_amiss() {
    let open_end = |session, number| turn(session, number, 0.0).with(|record| record.turns = None);
    let sessions = sessions_of([open_end(1, 0), open_end(1, 1)]);
    assert_eq!((sessions.completed, sessions.cut), (1, 0));
}

#[test]
fn turns_and_contexts_fall_into_growing_buckets() {
    let records = (0..20_u32).map(|number| {
        turn(1, number, f64::from(number) * 1_000.0)
            .ttft_ms(f64::from(number + 1))
            .with(|record| {
                record.tokens.input = Some(100 * (number + 1));
                record.tokens.cached_input = Some(if number == 0 { 0 } else { 50 * (number + 1) });
            })
    });
    let sessions = sessions_of(records);
    let places = |buckets: &[SessionBucket]| -> Vec<(u64, u64, u64)> {
        buckets
            .iter()
            .map(|bucket| (bucket.from, bucket.to, bucket.requests))
            .collect()
    };
    assert_eq!(
        places(&sessions.by_turn),
        [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 7, 4), (8, 15, 8), (16, 31, 5)]
    );
    assert_eq!(
        places(&sessions.by_context),
        [(0, 255, 2), (256, 511, 3), (512, 1_023, 5), (1_024, 2_047, 10)]
    );
    let ttft = |bucket: &SessionBucket| bucket.time_to_first_token.unwrap().p50;
    assert_eq!((ttft(&sessions.by_turn[0]), ttft(&sessions.by_turn[3])), (1.0, 5.5));
    let shares: Vec<_> = sessions
        .by_turn
        .iter()
        .map(|bucket| bucket.cached_input_share)
        .collect();
    assert_eq!(shares[..2], [Some(0.0), Some(0.5)]);
    // All but the first hundred of 21,000 are half cached.
    assert_eq!(sessions.cached_input_share, Some(0.497_619));
}

#[test]
fn warm_up_is_no_session() {
    let warm = |number| turn(1, number, 0.0).with(|record| record.phase = Phase::Warmup);
    let sessions = sessions_of([warm(0), warm(1), warm(2), turn(2, 0, 0.0)]);
    assert_eq!((sessions.seen, sessions.requests), (1, 1));
    assert_eq!(summary_of([warm(0)], closed_facts(1)).sessions, None);
}

#[test]
fn the_rate_of_sessions_is_that_of_their_first_calls() {
    let session = |number: u32| {
        let at = f64::from(number) * 1_000.0;
        // Due in time, and 300 ms later each time: 1 session a second was asked for.
        let sent = at + f64::from(number) * 300.0;
        [
            turn(number.into(), 0, sent).scheduled_ms(at),
            turn(number.into(), 1, sent + 200.0),
            turn(number.into(), 2, sent + 400.0),
        ]
    };
    let mut facts = open_facts(1.0);
    facts.load.model = LoadModel::OpenSessions {
        target_rate: Some(1.0),
        max_concurrency: None,
    };
    let summary = summary_of((0..50).flat_map(session), facts);
    assert_eq!(
        (summary.load.scheduled_rate, summary.load.achieved_rate),
        (Some(1.0), Some(0.769_230_8))
    );
    assert_eq!(summary.verdict.status, VerdictStatus::Invalid);
    assert!(
        codes(&summary).contains(&"session_rate_missed".to_owned()),
        "{:?}",
        codes(&summary)
    );
}

proptest! {
    #[test]
    fn sessions_add_up(records in prop::collection::vec((any_record(), prop::option::of(0_u64..6), 0_u32..5), 0..60)) {
        let records: Vec<_> = records
            .into_iter()
            .map(|(mut record, session, number)| {
                record.session = session;
                record.turn = session.map(|_| number);
                record
            })
            .collect();
        let mut builder = SummaryBuilder::new();
        records.iter().for_each(|record| builder.push(record));
        let measured = || records.iter().filter(|record| record.phase == Phase::Measure && record.session.is_some());
        match builder.finish(closed_facts(1)).sessions {
            None => prop_assert_eq!(measured().count(), 0),
            Some(sessions) => {
                prop_assert_eq!(sessions.seen, sessions.completed + sessions.failed + sessions.cut);
                prop_assert_eq!(sessions.requests, measured().count() as u64);
                let completed = measured().filter(|record| record.outcome.is_completed()).count() as u64;
                prop_assert_eq!(sessions.by_turn.iter().map(|bucket| bucket.requests).sum::<u64>(), completed);
                if let (Some(whole), Some(busy)) = (sessions.duration, sessions.busy_duration) {
                    prop_assert!(busy.max <= whole.max && busy.min <= whole.max);
                }
            }
        }
    }
}

/// A stage that replays so many calls, of which so many belong to no session.
fn replayed(stage: u32, calls: u64, single_calls: u64) -> ReplayFacts {
    ReplayFacts {
        stage,
        planned: PlannedReplay {
            calls,
            single_calls,
            ..PlannedReplay::default()
        },
        never_sent: 0,
    }
}

#[test]
fn single_calls_of_a_recording_are_no_sessions() {
    let seen = |replay: ReplayFacts| {
        let mut facts = closed_facts(1);
        facts.replays = vec![replay];
        let sessions = summary_of([turn(1, 0, 0.0), turn(2, 0, 500.0)], facts).sessions;
        sessions.map(|sessions| sessions.seen)
    };
    assert_eq!(seen(replayed(0, 2, 2)), None);
    assert_eq!(seen(replayed(0, 2, 1)), Some(2));
    assert_eq!(seen(replayed(0, 2, 0)), Some(2));
}

#[test]
fn sessions_of_another_stage_stay_by_themselves() {
    let in_stage = |stage: u32, record: RecordBuilder| record.with(|record| record.stage = stage);
    let mut facts = closed_facts(1);
    facts.stages = (0..2)
        .map(|number| crate::StageFacts::planned(number, facts.load.clone()))
        .collect();
    facts.replays = vec![replayed(0, 1, 1), replayed(1, 3, 0)];
    let records = [
        in_stage(0, turn(1, 0, 0.0)),
        in_stage(1, turn(1, 0, 5_000.0)),
        in_stage(1, turn(1, 1, 5_500.0)),
        in_stage(1, turn(1, 2, 6_000.0)),
    ];
    let summary = summary_of(records, facts);
    assert_eq!(summary.stages[0].sessions, None);
    assert_eq!(summary.stages[1].sessions.as_ref().unwrap().requests, 3);
    assert_eq!(summary.sessions.unwrap().requests, 3);
}
