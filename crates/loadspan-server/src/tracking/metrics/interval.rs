//! The history of a metric in several runs, thinned out evenly, for pictures.

use loadspan_wire::mlflow::runs::{RunMetric, RunsMetricHistory};

use super::Point;
use super::history::streams;
use crate::database::Connection;
use crate::error::ApiError;

/// Most points of a run.
pub(crate) const MOST_POINTS: i64 = 2_500;
/// Most runs of one request.
pub(crate) const MOST_RUNS: usize = 100;

/// Which points are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Interval {
    pub(crate) run_ids: Vec<String>,
    pub(crate) key: String,
    /// First and last step. `None`: all of them.
    pub(crate) steps: Option<(i64, i64)>,
    /// Most points of a run, at least 1.
    pub(crate) max_results: i64,
}

/// Points of the interval, run by run in the order asked for, each in the order of steps. The first and the last one are always among
/// them, unless one is all that is wanted: then it is the last.
pub(crate) fn interval(connection: &mut dyn Connection, wanted: &Interval) -> Result<RunsMetricHistory, ApiError> {
    let run_ids: Vec<&str> = wanted.run_ids.iter().map(String::as_str).collect();
    let streams = streams(connection, &run_ids, &wanted.key)?;
    let mut found = RunsMetricHistory::default();
    for run_id in run_ids {
        let Some((_, metric_key)) = streams.iter().find(|(of, _)| of == run_id) else {
            continue;
        };
        for point in sample(connection, *metric_key, wanted)? {
            found.metrics.push(RunMetric {
                run_id: run_id.to_owned(),
                metric: point.metric(&wanted.key),
            });
        }
    }
    Ok(found)
}

fn sample(connection: &mut dyn Connection, metric_key: i64, wanted: &Interval) -> Result<Vec<Point>, ApiError> {
    let (first, last) = wanted.steps.unwrap_or((i64::MIN, i64::MAX));
    let of = [metric_key.into(), first.into(), last.into()];
    let count = connection.query_one(
        "SELECT COUNT(*) FROM metric_points WHERE metric_key = $1 AND step BETWEEN $2 AND $3",
        &of,
    )?;
    let count = count.map_or(Ok(0), |row| row.int(0))?;
    let most = wanted.max_results.clamp(1, MOST_POINTS);
    // Of `count` points in `count - 1` gaps, those at which one of `most - 1` equal parts of the whole begins; and the last.
    let (parts, gaps) = if count > most { (most - 1, count - 1) } else { (1, 1) };
    let rows = connection.query(
        "SELECT timestamp, step, value, is_nan FROM (SELECT timestamp, step, value, is_nan, \
         ROW_NUMBER() OVER (ORDER BY step, timestamp, value, is_nan) - 1 AS place FROM metric_points \
         WHERE metric_key = $1 AND step BETWEEN $2 AND $3) AS numbered \
         WHERE (place = 0 AND $4 > 0) OR (place * $4) / $5 > ((place - 1) * $4) / $5 OR ($4 = 0 AND place = $5) \
         ORDER BY place LIMIT $6",
        &[of[0], of[1], of[2], parts.into(), gaps.into(), most.into()],
    )?;
    rows.iter().map(|row| Point::of_row(row, 0)).collect()
}
