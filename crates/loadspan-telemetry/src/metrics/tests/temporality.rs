//! What points cover, over three exports.

use loadspan_record::Phase;

use super::{Case, Export};
use crate::config::{HistogramShape, Temporality};
use crate::identity::LoadState;
use crate::metrics::MetricsRecorder;
use crate::metrics::testing::{millis, stream};

/// Three exports, a second apart: of two requests, of none, of one.
fn three_exports(recorder: &mut MetricsRecorder) -> [Export; 3] {
    let mut load = LoadState {
        stage: 0,
        sessions: None,
        at: millis(0),
        in_flight: 0,
        sent: 0,
        phase: Phase::Measure,
    };
    recorder.record_load(load);
    [(1, vec![100, 200]), (2, vec![]), (3, vec![2_500])].map(|(second, sent_at)| {
        load.at = millis(second * 1_000);
        load.sent += sent_at.len() as u64;
        load.in_flight = second;
        recorder.record_load(load);
        for sent_ms in sent_at {
            recorder.record(&stream(sent_ms), None, false);
        }
        Export::of(recorder, load.at)
    })
}

fn points(exports: &[Export; 3], name: &str) -> [Vec<String>; 3] {
    exports.each_ref().map(|export| export.points(name))
}

#[test]
fn cumulative_points_cover_the_run_and_begin_at_zero() {
    let exports = three_exports(&mut Case::new().recorder());
    assert_eq!(
        points(&exports, "loadspan.time_to_first_token"),
        [
            vec![
                "{response.model=llama-8b} 0..0 count=0 sum=0.000",
                "{response.model=llama-8b} 0..1000 count=2 sum=0.100 <=0.06:2",
            ],
            vec!["{response.model=llama-8b} 0..2000 count=2 sum=0.100 <=0.06:2"],
            vec!["{response.model=llama-8b} 0..3000 count=3 sum=0.150 <=0.06:3"],
        ]
    );
    assert_eq!(
        points(&exports, "loadspan.requests.completed"),
        [
            vec!["{phase=measure} 0..0 0", "{phase=measure} 0..1000 2"],
            vec!["{phase=measure} 0..2000 2"],
            vec!["{phase=measure} 0..3000 3"],
        ]
    );
}

#[test]
fn delta_points_cover_the_time_since_the_last_export() {
    for temporality in [Temporality::Delta, Temporality::LowMemory] {
        let exports = three_exports(
            &mut Case::new()
                .with(|case| case.config.temporality = temporality)
                .recorder(),
        );
        assert_eq!(
            points(&exports, "loadspan.time_to_first_token"),
            [
                vec!["{response.model=llama-8b} 0..1000 count=2 sum=0.100 <=0.06:2"],
                vec![],
                vec!["{response.model=llama-8b} 2000..3000 count=1 sum=0.050 <=0.06:1"],
            ]
        );
        assert_eq!(
            points(&exports, "loadspan.requests.completed"),
            [
                vec!["{phase=measure} 0..1000 2"],
                vec![],
                vec!["{phase=measure} 2000..3000 1"]
            ]
        );
        assert_eq!(
            points(&exports, "loadspan.requests.cancelled"),
            [vec!["{phase=measure} 0..1000 0"], vec![], vec![]],
            "a counter that stays zero is seen once"
        );
    }
}

#[test]
fn up_down_counters_and_gauges_are_the_same_in_every_temporality() {
    for temporality in [Temporality::Cumulative, Temporality::Delta, Temporality::LowMemory] {
        let exports = three_exports(
            &mut Case::new()
                .with(|case| case.config.temporality = temporality)
                .recorder(),
        );
        assert_eq!(
            points(&exports, "loadspan.requests.in_flight"),
            [["{} 0..1000 1"], ["{} 0..2000 2"], ["{} 0..3000 3"]]
        );
        assert_eq!(
            points(&exports, "loadspan.request.rate"),
            [["{} at 1000 2"], ["{} at 2000 0"], ["{} at 3000 1"]]
        );
    }
}

#[test]
fn a_series_that_appears_late_begins_at_zero_at_the_export_before() {
    let mut recorder = Case::new().only_requests().recorder();
    recorder.record(&stream(100), None, false);
    Export::of(&mut recorder, millis(1_000));
    recorder.record(&stream(1_100), Some("another"), false);
    let export = Export::of(&mut recorder, millis(2_000));
    assert_eq!(
        export.points("loadspan.time_to_first_token"),
        [
            "{response.model=llama-8b} 0..2000 count=1 sum=0.050 <=0.06:1",
            "{response.model=llama-8b} 0..1000 count=0 sum=0.000",
            "{response.model=llama-8b} 0..2000 count=1 sum=0.050 <=0.06:1",
        ]
    );
}

#[test]
fn exponential_histograms_know_both_temporalities() {
    let exponential = |temporality| {
        let case = Case::new().only_requests().with(|case| {
            case.config.histograms = HistogramShape::Exponential;
            case.config.temporality = temporality;
        });
        let mut recorder = case.recorder();
        [1, 2].map(|second| {
            recorder.record(&stream(second * 1_000 - 500), None, false);
            Export::of(&mut recorder, millis(second * 1_000)).points("loadspan.time_to_first_token")
        })
    };
    assert_eq!(
        exponential(Temporality::Cumulative),
        [
            vec![
                "{response.model=llama-8b} 0..0 count=0 sum=0.000 scale=20",
                "{response.model=llama-8b} 0..1000 count=1 sum=0.050 scale=20",
            ],
            vec!["{response.model=llama-8b} 0..2000 count=2 sum=0.100 scale=20"],
        ]
    );
    assert_eq!(
        exponential(Temporality::Delta),
        [
            ["{response.model=llama-8b} 0..1000 count=1 sum=0.050 scale=20"],
            ["{response.model=llama-8b} 1000..2000 count=1 sum=0.050 scale=20"],
        ]
    );
}
