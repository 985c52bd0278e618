//! Which requests are exemplars, and what is said of them.

use loadspan_record::RequestRecord;
use loadspan_wire::otlp::metrics::exemplar::Value;

use super::{Case, Export};
use crate::config::{ExemplarFilter, HistogramShape};
use crate::metrics::testing::{START, millis, stream};

const DURATION: &str = "gen_ai.client.operation.duration";

/// Exemplars of a sampled request and one that is not.
fn exemplars_under(filter: ExemplarFilter) -> usize {
    let mut recorder = Case::new()
        .traced()
        .with(|case| case.config.exemplars = filter)
        .recorder();
    let mut slow = stream(1);
    slow.timings.finished_at = millis(5_000);
    recorder.record(&stream(1), None, true);
    recorder.record(&slow, None, false);
    Export::of(&mut recorder, millis(6_000)).exemplars(DURATION).len()
}

#[test]
fn the_filter_decides() {
    let filters = [
        ExemplarFilter::TraceBased,
        ExemplarFilter::AlwaysOn,
        ExemplarFilter::AlwaysOff,
    ];
    assert_eq!(filters.map(exemplars_under), [1, 2, 0]);
}

#[test]
fn an_exemplar_leads_to_the_span_and_is_exported_once() {
    let mut recorder = Case::new().traced().recorder();
    recorder.record(&stream(1_000), None, true);
    let exemplars = Export::of(&mut recorder, millis(2_000)).exemplars(DURATION);
    assert_eq!(exemplars.len(), 1, "and the point at zero has none");
    let exemplar = &exemplars[0];
    assert_eq!(exemplar.value, Some(Value::AsDouble(0.1)));
    assert_eq!(exemplar.time_unix_nano, START + 1_100_000_000);
    assert_eq!(exemplar.trace_id, 0xabc_u128.to_be_bytes());
    assert_eq!(exemplar.span_id, 1_u64.to_be_bytes());
    assert!(Export::of(&mut recorder, millis(3_000)).exemplars(DURATION).is_empty());
}

#[test]
fn without_traces_an_exemplar_leads_nowhere() {
    let mut recorder = Case::new()
        .with(|case| case.config.exemplars = ExemplarFilter::AlwaysOn)
        .recorder();
    recorder.record(&stream(1), None, false);
    let exemplars = Export::of(&mut recorder, millis(2_000)).exemplars(DURATION);
    assert!(exemplars[0].trace_id.is_empty() && exemplars[0].span_id.is_empty());
}

#[test]
fn exponential_histograms_have_up_to_twenty() {
    let case = Case::new()
        .traced()
        .with(|case| case.config.histograms = HistogramShape::Exponential);
    let mut recorder = case.recorder();
    for span_id in 1..=100 {
        recorder.record(&RequestRecord { span_id, ..stream(1) }, None, true);
    }
    assert_eq!(Export::of(&mut recorder, millis(2_000)).exemplars(DURATION).len(), 20);
}
