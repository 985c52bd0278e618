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

/// The points of a metric between two steps: those that are in order, and those that wait and are not there already.
const WITHIN: &str = "\
    SELECT timestamp, step, value, is_nan FROM metric_points WHERE metric_key = $1 AND step BETWEEN $2 AND $3 \
    UNION ALL SELECT DISTINCT timestamp, step, value, is_nan FROM metric_intake AS waiting \
    WHERE metric_key = $1 AND step BETWEEN $2 AND $3 AND NOT EXISTS (SELECT 1 FROM metric_points AS known \
    WHERE known.metric_key = $1 AND (known.timestamp, known.step, known.value, known.is_nan) \
    = (waiting.timestamp, waiting.step, waiting.value, waiting.is_nan))";

fn sample(connection: &mut dyn Connection, metric_key: i64, wanted: &Interval) -> Result<Vec<Point>, ApiError> {
    let (first, last) = wanted.steps.unwrap_or((i64::MIN, i64::MAX));
    let most = wanted.max_results.clamp(1, MOST_POINTS);
    // Of `total` points in `total - 1` gaps, those at which one of `most - 1` equal parts of the whole begins; and the last.
    let sql = format!(
        "SELECT timestamp, step, value, is_nan FROM (SELECT timestamp, step, value, is_nan, COUNT(*) OVER () AS total, \
         ROW_NUMBER() OVER (ORDER BY step, timestamp, value, is_nan) - 1 AS place FROM ({WITHIN}) AS points) AS numbered \
         WHERE total <= $4 OR ($4 = 1 AND place = total - 1) OR ($4 > 1 AND (place = 0 \
         OR (place * ($4 - 1)) / NULLIF(total - 1, 0) > ((place - 1) * ($4 - 1)) / NULLIF(total - 1, 0))) \
         ORDER BY place LIMIT $4"
    );
    let rows = connection.query(&sql, &[metric_key.into(), first.into(), last.into(), most.into()])?;
    rows.iter().map(|row| Point::of_row(row, 0)).collect()
}
