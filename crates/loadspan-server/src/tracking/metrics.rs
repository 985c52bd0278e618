//! Metrics of runs: points, the latest of each key, and their history.

mod history;
mod intake;
mod interval;
mod log;
mod point;

pub(crate) use history::{History, Since, SinceAll, bulk, history, since, since_all};
pub(crate) use intake::settle;
pub(crate) use interval::{Interval, MOST_POINTS, MOST_RUNS, interval};
pub(super) use log::{checked, log};
use point::Point;

/// Most points of one answer.
pub(crate) const PAGE: i64 = 25_000;

#[cfg(test)]
mod tests;
