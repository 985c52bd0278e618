//! Logs and points of metrics that are too old, and what only such items had in common.

use super::once::day;
use crate::database::{Connection, DatabaseError};

const STATEMENTS: [&str; 2] = [
    "DELETE FROM log_records WHERE log_key IN (SELECT log_key FROM log_records WHERE time_ns < $1 LIMIT $2)",
    "DELETE FROM otlp_points WHERE (series_key, time_ns) IN \
     (SELECT series_key, time_ns FROM otlp_points WHERE time_ns < $1 LIMIT $2)",
];

/// Deletes logs and points of before a time, in nanoseconds, `most` of them at most; how many it were.
///
/// # Errors
///
/// The database says no.
pub(crate) fn delete_before(
    connection: &mut dyn Connection,
    before_ns: i64,
    most: usize,
) -> Result<usize, DatabaseError> {
    delete_some(connection, &STATEMENTS, (before_ns, most))
}

/// Series before their metrics, and these before their resources.
const SHARED: [&str; 4] = [
    "DELETE FROM otlp_series WHERE series_key IN (SELECT series_key FROM otlp_series WHERE seen_day < $1 LIMIT $2)",
    "DELETE FROM otlp_metrics WHERE otlp_metric_key IN (SELECT otlp_metric_key FROM otlp_metrics WHERE seen_day < $1 LIMIT $2)",
    "DELETE FROM scopes WHERE scope_key IN (SELECT scope_key FROM scopes WHERE seen_day < $1 LIMIT $2)",
    "DELETE FROM resources WHERE resource_key IN (SELECT resource_key FROM resources WHERE seen_day < $1 LIMIT $2)",
];

/// For how many days more than its items a row is kept: clocks of clients may be ahead, and items are deleted by their own time.
const GRACE: i64 = 2;

/// Deletes resources, scopes, metrics and series that nothing needed that came after a time, in milliseconds, `most` of them at most;
/// how many it were. What came before is deleted by now.
///
/// # Errors
///
/// The database says no.
pub(crate) fn delete_unseen_since(
    connection: &mut dyn Connection,
    before: i64,
    most: usize,
) -> Result<usize, DatabaseError> {
    delete_some(connection, &SHARED, (day(before) - GRACE, most))
}

/// Runs statements that delete what is before the first of two numbers, until so many rows are gone.
fn delete_some(
    connection: &mut dyn Connection,
    statements: &[&str],
    (before, most): (i64, usize),
) -> Result<usize, DatabaseError> {
    let mut left = most;
    for sql in statements {
        let room = i64::try_from(left).unwrap_or(i64::MAX);
        let deleted = connection.execute(sql, &[before.into(), room.into()])?;
        left = left.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
    }
    Ok(most - left)
}
