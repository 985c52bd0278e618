//! Writes points.

use std::collections::HashMap;

use loadspan_wire::mlflow::runs::Metric;

use super::Point;
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
    let keys = Streams::bring_up_to(connection, run_key, &points)?;
    let mut values = Vec::with_capacity(points.len() * 5);
    for (key, point) in &points {
        values.push(Value::Int(keys.metric_key(key)?));
        values.extend(point.values());
    }
    let insert = Insert {
        into: "metric_points (metric_key, timestamp, step, value, is_nan)",
        columns: 5,
        otherwise: "ON CONFLICT DO NOTHING",
    };
    Ok(connection.insert(&insert, &values)?)
}

/// The metrics of a run that points belong to, with their latest points.
struct Streams(HashMap<String, (i64, Point)>);

impl Streams {
    /// Finds or makes them, and updates the latest point of each where one of these is later.
    fn bring_up_to(connection: &mut dyn Connection, run_key: i64, points: &[(&str, Point)]) -> Result<Self, ApiError> {
        let latest: Vec<(&str, Point)> = points
            .chunk_by(|(a, _), (b, _)| a == b)
            .filter_map(|of_key| of_key.iter().max_by(|(_, a), (_, b)| a.by_step(b)))
            .copied()
            .collect();
        let mut streams = Self(HashMap::with_capacity(latest.len()));
        let keys: Vec<&str> = latest.iter().map(|(key, _)| *key).collect();
        streams.find(connection, run_key, &keys)?;
        let later: Vec<(&str, Point)> = latest
            .into_iter()
            .filter(|(key, point)| {
                streams
                    .0
                    .get(*key)
                    .is_none_or(|(_, known)| point.by_step(known).is_gt())
            })
            .collect();
        if !later.is_empty() {
            put_latest(connection, run_key, &later)?;
        }
        let new: Vec<&str> = keys.into_iter().filter(|key| !streams.0.contains_key(*key)).collect();
        streams.find(connection, run_key, &new)?;
        Ok(streams)
    }

    fn find(&mut self, connection: &mut dyn Connection, run_key: i64, keys: &[&str]) -> Result<(), ApiError> {
        for (places, mut values) in in_lists(2, keys) {
            values.insert(0, run_key.into());
            let sql = format!(
                "SELECT key, metric_key, timestamp, step, value, is_nan FROM run_metrics WHERE run_key = $1 AND key IN ({places})"
            );
            for mut row in connection.query(&sql, &values)? {
                self.0.insert(row.text(0)?, (row.int(1)?, Point::of_row(&row, 2)?));
            }
        }
        Ok(())
    }

    fn metric_key(&self, key: &str) -> Result<i64, ApiError> {
        let found = self.0.get(key).map(|(metric_key, _)| *metric_key);
        found.ok_or_else(|| ApiError::new(Code::TemporarilyUnavailable, "the run was deleted meanwhile"))
    }
}

/// Stores points that are later than those that are known. Another server may have stored later ones still.
fn put_latest(connection: &mut dyn Connection, run_key: i64, points: &[(&str, Point)]) -> Result<(), ApiError> {
    let mut values = Vec::with_capacity(points.len() * 6);
    for (key, point) in points {
        values.extend([Value::Int(run_key), Value::Text(key)]);
        values.extend(point.values());
    }
    let insert = Insert {
        into: "run_metrics (run_key, key, timestamp, step, value, is_nan)",
        columns: 6,
        otherwise: "ON CONFLICT (run_key, key) DO UPDATE SET timestamp = excluded.timestamp, step = excluded.step, \
                    value = excluded.value, is_nan = excluded.is_nan \
                    WHERE (run_metrics.step, run_metrics.timestamp, run_metrics.value, run_metrics.is_nan) \
                    < (excluded.step, excluded.timestamp, excluded.value, excluded.is_nan)",
    };
    Ok(connection.insert(&insert, &values)?)
}
