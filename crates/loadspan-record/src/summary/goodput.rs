//! How many requests met the targets of `--goodput`.

use super::rows::{Fate, Rows, Selection};
use super::{GoodputSummary, TargetSummary};
use crate::{Metric, Slo, SloTarget};

pub(super) fn measure(rows: Selection<'_>, slo: &Slo) -> GoodputSummary {
    let mut targets: Vec<_> = slo
        .targets()
        .iter()
        .map(|target| TargetSummary {
            target: *target,
            met: 0,
        })
        .collect();
    let mut good = 0;
    for row in rows.population(Metric::RequestLatency) {
        let mut meets_all = true;
        for TargetSummary { target, met } in &mut targets {
            let is_met = meets(&rows, row, *target);
            *met += u64::from(is_met);
            meets_all &= is_met;
        }
        good += u64::from(meets_all);
    }
    let ended = rows
        .iter()
        .filter(|row| matches!(rows.fate(*row), Fate::Completed | Fate::Failed));
    GoodputSummary {
        good,
        of: ended.count() as u64,
        targets,
    }
}

fn meets(rows: &Rows, row: usize, target: SloTarget) -> bool {
    target
        .in_single_precision()
        .is_met_by(rows.value(target.metric, row).map(f64::from))
}
