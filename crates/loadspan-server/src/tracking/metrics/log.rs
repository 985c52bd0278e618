//! Writes points.

use std::collections::HashMap;

use loadspan_wire::mlflow::runs::Metric;

use super::{Point, intake};
use crate::database::{Connection, Insert, Value};
use crate::error::{ApiError, Code};
use crate::tracking::{in_lists, valid};

/// Checks a point. `place` is where it stands in the request; empty: the request is about one point.
pub(crate) fn checked(place: &str, metric: &Metric) -> Result<(), ApiError> {
    let within = |field: &str| match place {
        "" => field.to_owned(),
        place => format!("{place}.{field}"),
    };
    valid::key(&within("name"), &metric.key)?;
    if metric.timestamp < 0 {
        let hint = format!(
            "metric '{}' (value={:?}). Timestamp must be a nonnegative long (64-bit integer) ",
            metric.key, metric.value.0
        );
        return Err(valid::invalid_value(
            &within("timestamp"),
            &metric.timestamp.into(),
            &hint,
        ));
    }
    valid::key_length("Metric name", &metric.key)
}

/// Stores points that were checked. Those that are there already are left as they are.
pub(crate) fn log(connection: &mut dyn Connection, run_key: i64, metrics: &[Metric]) -> Result<(), ApiError> {
    if metrics.is_empty() {
        return Ok(());
    }
    let mut points: Vec<(&str, Point)> = metrics
        .iter()
        .map(|metric| (metric.key.as_str(), Point::of(metric)))
        .collect();
    // The order of the database, in which rows are appended rather than put between others.
    points.sort_unstable_by(|(a_key, a), (b_key, b)| a_key.cmp(b_key).then_with(|| a.by_time(b)));
    points.dedup_by(|(a_key, a), (b_key, b)| a_key == b_key && a.by_time(b).is_eq());
    let keys = metric_keys(connection, run_key, &points)?;
    let mut placed = Vec::with_capacity(points.len());
    for (key, point) in points {
        let metric_key = keys.get(key).copied();
        let gone = || ApiError::new(Code::TemporarilyUnavailable, "the run was deleted meanwhile");
        placed.push((metric_key.ok_or_else(gone)?, point));
    }
    Ok(intake::store(connection, &placed, keys.len())?)
}

/// The keys of the run's metrics that points belong to. Those that are new are made, and the latest point of each is brought up to date.
fn metric_keys(
    connection: &mut dyn Connection,
    run_key: i64,
    points: &[(&str, Point)],
) -> Result<HashMap<String, i64>, ApiError> {
    let latest: Vec<(&str, Point)> = points
        .chunk_by(|(a, _), (b, _)| a == b)
        .filter_map(|of_key| of_key.iter().max_by(|(_, a), (_, b)| a.by_step(b)))
        .copied()
        .collect();
    let mut values = Vec::with_capacity(latest.len() * LATEST.columns);
    for (key, point) in &latest {
        values.extend([Value::Int(run_key), Value::Text(key)]);
        values.extend(point.values());
    }
    let mut keys = HashMap::with_capacity(latest.len());
    for mut row in connection.insert_returning(&LATEST, &values)? {
        keys.insert(row.text(0)?, row.int(1)?);
    }
    let earlier: Vec<&str> = latest
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| !keys.contains_key(*key))
        .collect();
    find(connection, run_key, &earlier, &mut keys)?;
    Ok(keys)
}

/// Stores points that may be the latest, and says which were. Another server may have stored a later one meanwhile.
const LATEST: Insert<'_> = Insert {
    into: "run_metrics (run_key, key, timestamp, step, value, is_nan)",
    columns: 6,
    otherwise: "ON CONFLICT (run_key, key) DO UPDATE SET timestamp = excluded.timestamp, step = excluded.step, \
                value = excluded.value, is_nan = excluded.is_nan \
                WHERE (run_metrics.step, run_metrics.timestamp, run_metrics.value, run_metrics.is_nan) \
                < (excluded.step, excluded.timestamp, excluded.value, excluded.is_nan) RETURNING key, metric_key",
};

fn find(
    connection: &mut dyn Connection,
    run_key: i64,
    keys: &[&str],
    found: &mut HashMap<String, i64>,
) -> Result<(), ApiError> {
    for (places, mut values) in in_lists(2, keys) {
        values.insert(0, run_key.into());
        let sql = format!("SELECT key, metric_key FROM run_metrics WHERE run_key = $1 AND key IN ({places})");
        for mut row in connection.query(&sql, &values)? {
            found.insert(row.text(0)?, row.int(1)?);
        }
    }
    Ok(())
}
