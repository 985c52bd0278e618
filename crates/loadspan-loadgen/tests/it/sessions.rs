//! Loads of sessions: what is sent when, after what, and what becomes of a session of which a turn fails.

mod answers;
mod failures;
mod graph;
mod limits;
mod loads;
mod log;
mod order;
mod routing;

use loadspan_loadgen::{SessionCounts, SessionFate};

pub(crate) use self::graph::{Call, Graph, Graphs};
use crate::harness::Report;

/// What became of the sessions of the only stage.
pub(crate) fn counts_of(report: &Report) -> SessionCounts {
    let [stage] = &report.end.stages[..] else {
        panic!("{} stages", report.end.stages.len())
    };
    let counts = stage.sessions.unwrap();
    assert_eq!(counts.started, counts.completed + counts.failed + counts.cut);
    assert_eq!(counts.calls + counts.unsendable, report.records.len() as u64);
    // Listeners hear of each end once.
    let ended = |fate| report.ended.iter().filter(|end| end.fate == fate).count() as u64;
    assert_eq!(ended(SessionFate::Completed), counts.completed);
    assert_eq!(ended(SessionFate::Failed), counts.failed);
    assert_eq!(ended(SessionFate::Cut), counts.cut);
    let mut sessions: Vec<_> = report.ended.iter().map(|end| end.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    assert_eq!(sessions.len() as u64, counts.started);
    counts
}

/// The same in words, without what there is none of: `2 started, 1 completed, 1 failed, 5 calls`.
pub(crate) fn fates(report: &Report) -> String {
    let SessionCounts {
        started,
        completed,
        failed,
        cut,
        calls,
        retries,
        unsendable,
        never_sent,
    } = counts_of(report);
    let counts = [
        (started, "started"),
        (completed, "completed"),
        (failed, "failed"),
        (cut, "cut"),
        (calls, "calls"),
        (retries, "retries"),
        (unsendable, "unsendable"),
        (never_sent, "never sent"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    told.join(", ")
}
