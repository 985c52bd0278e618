//! The names that a run is exported under.

use loadspan_record::{
    ChunkGaps, FailureKind, Phase, RequestRecord, SignalLedger, Sink, TelemetrySignal, Timings, TokenCounts,
    TokenSource,
};
use loadspan_wire::semconv::metrics as table;

use super::{Case, Export};
use crate::SessionOutcome;
use crate::config::SemconvChoice;
use crate::identity::{LoadState, Operation};
use crate::metrics::testing::{failed, millis, stream};

const V1_41: [&str; 4] = [
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
    "gen_ai.client.token.usage",
];

const LATEST: [&str; 9] = [
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.time_per_output_chunk",
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
];

fn export(semconv: SemconvChoice, operation: Operation) -> Export {
    let case = Case::new().only_requests().with(|case| {
        case.semconv = semconv;
        case.run.operation = operation;
    });
    let mut recorder = case.recorder();
    recorder.record(&stream(1), None, false);
    recorder.record(&failed(1, FailureKind::TimeoutIdle), None, false);
    Export::of(&mut recorder, millis(1_000))
}

fn sorted_gen_ai(export: &Export) -> Vec<&str> {
    let mut names = export.names();
    names.retain(|name| name.starts_with("gen_ai."));
    names.sort_unstable();
    names
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn each_vocabulary_has_its_names_and_both_have_all() {
    let of = |semconv| export(semconv, Operation::Chat);
    assert_eq!(sorted_gen_ai(&of(SemconvChoice::V1_41)), sorted(&V1_41));
    assert_eq!(sorted_gen_ai(&of(SemconvChoice::Latest)), sorted(&LATEST));
    assert_eq!(
        sorted_gen_ai(&of(SemconvChoice::Both)),
        sorted(&[&V1_41[..], &LATEST].concat())
    );
}

#[test]
fn every_instrument_of_the_table_is_exported_and_no_other() {
    let case = Case::new().with(|case| {
        case.semconv = SemconvChoice::Both;
        case.run.slo = Some("ttft:60".parse().unwrap());
    });
    let mut recorder = case.recorder();
    for at in [0, 1_000] {
        recorder.record_load(LoadState {
            stage: 0,
            sessions: Some(1),
            at: millis(at),
            in_flight: 0,
            sent: 1,
            phase: Phase::Measure,
        });
    }
    let mut turn = stream(1);
    turn.session = Some(0);
    recorder.record(&turn, None, false);
    recorder.end_session(0, SessionOutcome::Completed);
    recorder.record_ledgers(&[SignalLedger::new(Sink::Console, TelemetrySignal::Traces, "stdout")]);
    let export = Export::of(&mut recorder, millis(1_000));
    let table: Vec<_> = table::ALL.iter().map(|instrument| instrument.name).collect();
    assert_eq!(sorted(&export.names()), sorted(&table));
}

#[test]
fn both_names_have_the_same_points() {
    let export = export(SemconvChoice::Both, Operation::Chat);
    for (old, new) in V1_41[..3].iter().zip(LATEST) {
        assert_eq!(export.points(old), export.points(new));
    }
}

#[test]
fn embeddings_keep_their_name_in_the_newer_vocabulary() {
    let of = |semconv| export(semconv, Operation::Embeddings);
    assert_eq!(
        sorted_gen_ai(&of(SemconvChoice::Latest))[0],
        "gen_ai.client.operation.duration"
    );
    assert!(
        of(SemconvChoice::Latest)
            .metric("gen_ai.client.inference.usage.input_tokens")
            .is_none()
    );
    let both = of(SemconvChoice::Both);
    let durations = both.names().iter().filter(|name| name.ends_with(".duration")).count();
    assert_eq!(durations, 1, "the same name is not exported twice");
}

#[test]
fn tokens_of_the_newer_vocabulary_have_totals_and_distributions() {
    let export = export(SemconvChoice::Latest, Operation::Chat);
    let last = |name: &str| export.points(name).pop().unwrap();
    let totals = [
        "input_tokens",
        "output_tokens",
        "cache_read.input_tokens",
        "reasoning.output_tokens",
    ]
    .map(|name| last(&format!("gen_ai.client.inference.usage.{name}")));
    assert_eq!(
        totals,
        [100, 3, 64, 1].map(|count| format!("{{response.model=llama-8b,token.modality=text}} 0..1000 {count}"))
    );
    assert_eq!(
        last("gen_ai.client.inference.operation.output_tokens"),
        "{error.type=timeout_idle} 0..1000 count=1 sum=0.000 <=1:1",
        "a request that failed has no tokens"
    );
}

#[test]
fn chunks_are_no_tokens() {
    for semconv in [SemconvChoice::V1_41, SemconvChoice::Latest] {
        let mut recorder = Case::new()
            .only_requests()
            .with(|case| case.semconv = semconv)
            .recorder();
        let tokens = TokenCounts {
            output: Some(3),
            source: Some(TokenSource::ChunkCount),
            ..TokenCounts::default()
        };
        recorder.record(&RequestRecord { tokens, ..stream(1) }, None, false);
        let export = Export::of(&mut recorder, millis(1_000));
        assert!(
            export
                .names()
                .iter()
                .all(|name| !name.contains("token.") && !name.ends_with("_tokens"))
        );
    }
}

#[test]
fn a_whole_response_has_no_chunks() {
    let mut recorder = Case::new().only_requests().recorder();
    let streamed = stream(1);
    let whole = RequestRecord {
        timings: Timings {
            first_token_at: None,
            last_token_at: None,
            ..streamed.timings
        },
        chunk_gaps: ChunkGaps::None,
        ..streamed
    };
    recorder.record(&whole, None, false);
    let export = Export::of(&mut recorder, millis(1_000));
    assert_eq!(
        export.names(),
        ["gen_ai.client.operation.duration", "gen_ai.client.token.usage"]
    );
}

#[test]
fn gaps_of_a_long_stream_keep_their_number() {
    let mut recorder = Case::new().only_requests().recorder();
    let chunk_gaps = ChunkGaps::Histogram {
        first: 15_000,
        buckets: [(15_000, 700), (30_000, 300)].into(),
    };
    recorder.record(
        &RequestRecord {
            chunk_gaps,
            ..stream(1)
        },
        None,
        false,
    );
    assert_eq!(
        Export::of(&mut recorder, millis(1_000))
            .points("gen_ai.client.operation.time_per_output_chunk")
            .pop()
            .unwrap(),
        "{response.model=llama-8b} 0..1000 count=1000 sum=19.500 <=0.02:700 <=0.04:300"
    );
}

#[test]
fn a_request_that_was_never_sent_took_from_when_it_was_due() {
    let mut recorder = Case::new().recorder();
    let mut record = failed(100, FailureKind::Connect);
    record.timings.sent_at = None;
    recorder.record(&record, None, false);
    let export = Export::of(&mut recorder, millis(1_000));
    assert_eq!(
        export.points("gen_ai.client.operation.duration").pop().unwrap(),
        "{error.type=connect} 0..1000 count=1 sum=0.101 <=0.16:1"
    );
    assert_eq!(
        export.points("loadspan.requests.sent").pop().unwrap(),
        "{phase=measure} 0..1000 1"
    );
    assert!(export.metric("loadspan.schedule.lag").is_none());
}
