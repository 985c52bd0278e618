//! Where points of many metrics wait, on SQLite, until there are enough of them to be put in order.
//!
//! The history of each metric lies together in `metric_points`, which makes reading it one sweep. A batch with a point for each of a
//! thousand metrics would write a page of the database for each point, though: forty times what it holds. Such points are appended to
//! `metric_intake` instead, and moved when about twenty for each metric have come together. Whoever reads a history reads both.
//!
//! PostgreSQL writes rows to its log rather than pages, and has several writers that would have to agree on what is moved: there
//! points go to their place at once.

use super::Point;
use crate::database::{Connection, DatabaseError, Dialect, Insert, Value};

/// With fewer points than this for each metric, a batch is said to be scattered.
const POINTS_PER_METRIC: usize = 8;
/// How many points may wait: a history is read by looking at all of them.
const WAITING: i64 = 20_000;

/// Stores points, which are in the order of `metric_points` and belong to so many metrics. Those that are there already are left as
/// they are.
pub(super) fn store(
    connection: &mut dyn Connection,
    points: &[(i64, Point)],
    metrics: usize,
) -> Result<(), DatabaseError> {
    let mut values = Vec::with_capacity(points.len() * 5);
    for (metric_key, point) in points {
        values.push(Value::Int(*metric_key));
        values.extend(point.values());
    }
    if connection.dialect() == Dialect::Postgres || points.len() >= metrics * POINTS_PER_METRIC {
        let insert = Insert {
            into: "metric_points (metric_key, timestamp, step, value, is_nan)",
            columns: 5,
            otherwise: "ON CONFLICT DO NOTHING",
        };
        return connection.insert(&insert, &values);
    }
    let append = Insert {
        into: "metric_intake (metric_key, timestamp, step, value, is_nan)",
        columns: 5,
        otherwise: "",
    };
    connection.insert(&append, &values)?;
    if waiting(connection)? >= WAITING {
        settle(connection)?;
    }
    Ok(())
}

/// Moves all points that wait to their places.
pub(crate) fn settle(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    connection.execute(
        "INSERT INTO metric_points (metric_key, timestamp, step, value, is_nan) \
         SELECT metric_key, timestamp, step, value, is_nan FROM metric_intake WHERE true \
         ORDER BY metric_key, timestamp, step, value, is_nan ON CONFLICT DO NOTHING",
        &[],
    )?;
    connection.execute("DELETE FROM metric_intake", &[])?;
    Ok(())
}

/// How many points wait. They come and go in the order of their keys.
fn waiting(connection: &mut dyn Connection) -> Result<i64, DatabaseError> {
    let sql = "SELECT COALESCE((SELECT MAX(intake_key) FROM metric_intake) - (SELECT MIN(intake_key) FROM metric_intake) + 1, 0)";
    connection.query_one(sql, &[])?.map_or(Ok(0), |row| row.int(0))
}
