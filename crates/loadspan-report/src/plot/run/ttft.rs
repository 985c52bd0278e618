//! Time to first token of each request, over the run.

use loadspan_record::Metric;

use super::super::NoData;
use super::super::chart::Stacking;
use super::super::number::{LatencyUnit, counted};
use super::super::theme::Ink;
use super::scatter::Scatter;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "time to first token over time",
    why: "no request got a first token",
};

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let values: Vec<(f64, f64)> = run
        .requests
        .rows
        .iter()
        .filter_map(|row| Some((row.sent_s()?, f64::from(row.ttft_ms?))))
        .collect();
    let time = run.time_axis().filter(|_| !values.is_empty()).ok_or(NONE)?;
    let whole = run.summary.metrics.get(Metric::TimeToFirstToken);
    let unit = LatencyUnit::for_typical_ms(whole.map_or(values[0].1, |stats| stats.p50));
    let count = counted(values.len() as u64, "request");
    let scatter = Scatter {
        values,
        name: "time to first token",
        unit,
        target_ms: run.target(Metric::TimeToFirstToken),
        whole,
        dots: Ink::Series(0),
        tail: Ink::Series(6),
        height: 420.0,
    };
    let (panel, lines) = scatter.draw(run, time);
    Ok(Drawing {
        title: "Time to first token over the run",
        caption: format!(
            "Dots: {count} by the time at which each was sent, extremes kept.{lines}{}",
            run.stretches_remark()
        ),
        panels: vec![panel],
        stacking: Stacking::SharedAxis,
    })
}
