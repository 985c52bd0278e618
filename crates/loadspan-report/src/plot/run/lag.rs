//! How late requests were sent: whether the load was the one that was asked for.

use loadspan_record::Metric;

use super::super::NoData;
use super::super::chart::Stacking;
use super::super::number::{LatencyUnit, counted};
use super::super::theme::Ink;
use super::scatter::Scatter;
use super::{Drawing, RunData};

const NONE: NoData = NoData {
    what: "schedule lag over time",
    why: "no request was sent",
};

/// A logarithmic axis has no zero: what was sent within a microsecond was sent at once.
const LEAST_MS: f64 = 0.001;

pub(super) fn draw(run: &RunData<'_>) -> Result<Drawing, NoData> {
    let values: Vec<(f64, f64)> = run
        .requests
        .rows
        .iter()
        .filter_map(|row| Some((row.sent_s()?, row.lag_ms()?.max(LEAST_MS))))
        .collect();
    let time = run.time_axis().filter(|_| !values.is_empty()).ok_or(NONE)?;
    let whole = run
        .summary
        .load
        .schedule_lag
        .as_ref()
        .or_else(|| run.summary.metrics.get(Metric::ScheduleLag));
    let unit = LatencyUnit::for_typical_ms(whole.map_or(values[0].1, |stats| stats.p99));
    let count = counted(values.len() as u64, "request");
    let scatter = Scatter {
        values,
        name: "sent after it was due",
        unit,
        target_ms: run.target(Metric::ScheduleLag),
        whole,
        dots: Ink::Series(2),
        tail: Ink::Series(3),
        height: 340.0,
    };
    let (panel, lines) = scatter.draw(run, time);
    let own = run
        .summary
        .load
        .dispatch_delay
        .as_ref()
        .map_or_else(String::new, |own| {
            format!(
                " The client's own part of it (no connecting, no waiting for a free slot) has a p99 of {}.",
                unit.label_ms(own.p99)
            )
        });
    Ok(Drawing {
        title: "Schedule lag over the run",
        caption: format!(
            "Schedule lag: from due to the first byte sent. Dots: {count} sent, failed ones too, extremes kept.{lines}{own}{}",
            run.stretches_remark()
        ),
        panels: vec![panel],
        stacking: Stacking::SharedAxis,
    })
}
