//! How many series there can be, and that none is lost in the sum.

use loadspan_record::{ChunkGaps, Failure, FailureKind, Outcome, Phase, RequestRecord};
use loadspan_wire::otlp::metrics::metric::Data;
use proptest::prelude::*;

use super::{Case, Export};
use crate::metrics::series::MAX_SERIES;
use crate::metrics::testing::{millis, stream};

/// Count and number of points of a histogram's last export, without points at zero.
fn totals(export: &Export, name: &str) -> (u64, usize) {
    let Some(Data::Histogram(data)) = export.metric(name).and_then(|metric| metric.data.as_ref()) else {
        return (0, 0);
    };
    let points = data.data_points.iter().filter(|point| point.count > 0);
    (points.clone().map(|point| point.count).sum(), points.count())
}

#[test]
fn models_without_end_end_in_one_series() {
    let mut recorder = Case::new().only_requests().recorder();
    for number in 0..2_500 {
        let response_model = Some(format!("model-{number}").into());
        recorder.record(
            &RequestRecord {
                response_model,
                ..stream(1)
            },
            None,
            false,
        );
    }
    let export = Export::of(&mut recorder, millis(1_000));
    assert_eq!(totals(&export, "gen_ai.client.operation.duration"), (2_500, MAX_SERIES));
    let overflow = export.points("gen_ai.client.operation.duration").pop().unwrap();
    assert!(
        overflow.starts_with("{otel.metric.overflow=true} 0..1000 count=501"),
        "{overflow}"
    );
}

#[test]
fn a_name_that_is_too_long_is_counted_and_not_kept() {
    let mut recorder = Case::new().only_requests().recorder();
    let response_model = Some("m".repeat(1 << 20).into());
    recorder.record(
        &RequestRecord {
            response_model,
            ..stream(1)
        },
        None,
        false,
    );
    let export = Export::of(&mut recorder, millis(1_000));
    assert!(export.points("gen_ai.client.operation.duration")[1].starts_with("{otel.metric.overflow=true}"));
}

fn any_record() -> impl Strategy<Value = RequestRecord> {
    let shape = (0_usize..4, 0_usize..20, 1_u64..5_000, prop::bool::ANY);
    shape.prop_map(|(outcome, gaps, sent_ms, is_warmup)| {
        let outcome = match outcome {
            0 => Outcome::Cancelled,
            1 => Outcome::Failed(Failure::new(FailureKind::HttpStatus(429))),
            _ => Outcome::Completed,
        };
        RequestRecord {
            phase: if is_warmup { Phase::Warmup } else { Phase::Measure },
            outcome,
            chunk_gaps: ChunkGaps::from_gaps(&vec![20_000; gaps], 10),
            ..stream(sent_ms)
        }
    })
}

proptest! {
    #[test]
    fn counts_are_those_of_the_requests(records in prop::collection::vec(any_record(), 0..50), split in 0_usize..50) {
        let mut recorder = Case::new().recorder();
        for (place, record) in records.iter().enumerate() {
            if place == split {
                Export::of(&mut recorder, millis(1_000));
            }
            recorder.record(record, None, false);
        }
        let export = Export::of(&mut recorder, millis(2_000));
        let measured = || records.iter().filter(|record| record.phase == Phase::Measure);
        let completed = || measured().filter(|record| record.outcome.is_completed());
        let gaps: u64 = completed()
            .map(|record| match &record.chunk_gaps {
                ChunkGaps::None => 0,
                ChunkGaps::Each(gaps) => gaps.len() as u64,
                ChunkGaps::Histogram { buckets, .. } => buckets.iter().map(|(_, count)| u64::from(*count)).sum(),
            })
            .sum();
        let count = |name| totals(&export, name).0;
        prop_assert_eq!(count("gen_ai.client.operation.duration"), measured().count() as u64);
        prop_assert_eq!(count("gen_ai.client.operation.time_to_first_chunk"), completed().count() as u64);
        prop_assert_eq!(count("gen_ai.client.operation.time_per_output_chunk"), gaps);
        prop_assert_eq!(count("gen_ai.client.token.usage"), 2 * completed().count() as u64);
        prop_assert_eq!(count("loadspan.schedule.lag"), measured().count() as u64);
    }
}
