//! Logs and points of metrics that are too old.

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
    let mut left = most;
    for sql in STATEMENTS {
        let room = i64::try_from(left).unwrap_or(i64::MAX);
        let deleted = connection.execute(sql, &[before_ns.into(), room.into()])?;
        left = left.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
    }
    Ok(most - left)
}
