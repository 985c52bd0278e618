//! All points of a metric, page by page, in the order of time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loadspan_wire::mlflow::runs::{Metric, MetricHistory, RunMetric, RunsMetricHistory};

use super::{PAGE, Point};
use crate::database::{Connection, Value};
use crate::error::ApiError;
use crate::tracking::in_lists;

/// Which points are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) run_id: String,
    pub(crate) key: String,
    /// Most points of the answer; it may have fewer, and go on.
    pub(crate) max_results: Option<i64>,
    /// Where the last answer ended.
    pub(crate) page_token: Option<String>,
}

/// A page of a metric's history. An unknown run or metric has none.
///
/// # Errors
///
/// The page makes no sense.
pub(crate) fn history(connection: &mut dyn Connection, wanted: &History) -> Result<MetricHistory, ApiError> {
    let most = wanted.max_results.unwrap_or(PAGE);
    if most <= 0 {
        return Err(ApiError::invalid(format!(
            "Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer."
        )));
    }
    let after = wanted.page_token.as_deref().map(position).transpose()?;
    let Some((_, metric_key)) = streams(connection, &[wanted.run_id.as_str()], &wanted.key)?.pop() else {
        return Ok(MetricHistory::default());
    };
    let most = most.min(PAGE);
    let page = Page {
        metric_key,
        after,
        points: most + 1,
    };
    let mut points = page.read(connection)?;
    let more = points.len() as i64 > most;
    points.truncate(usize::try_from(most).unwrap_or(0));
    Ok(MetricHistory {
        next_page_token: points.last().filter(|_| more).map(token),
        metrics: points.iter().map(|point| point.metric(&wanted.key)).collect(),
    })
}

/// The points of a metric of several runs, in the order of the runs' ids, at most so many in all.
pub(crate) fn bulk(
    connection: &mut dyn Connection,
    run_ids: &[&str],
    wanted: &History,
) -> Result<RunsMetricHistory, ApiError> {
    let most = wanted.max_results.unwrap_or(PAGE).clamp(0, PAGE);
    let mut found = RunsMetricHistory::default();
    for (run_id, metric_key) in streams(connection, run_ids, &wanted.key)? {
        let page = Page {
            metric_key,
            after: None,
            points: most - found.metrics.len() as i64,
        };
        let points = page.read(connection)?;
        found.metrics.extend(points.iter().map(|point| RunMetric {
            run_id: run_id.clone(),
            metric: point.metric(&wanted.key),
        }));
    }
    Ok(found)
}

/// Points of a metric of a run from a time on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) key: &'a str,
    /// In milliseconds since 1970.
    pub(crate) time_ms: i64,
    /// Most points of the answer.
    pub(crate) most: i64,
}

/// The first of these points in the order of time. An unknown run or metric has none.
///
/// # Errors
///
/// The database says no.
pub(crate) fn since(connection: &mut dyn Connection, wanted: &Since<'_>) -> Result<Vec<Metric>, ApiError> {
    let Some((_, metric_key)) = streams(connection, &[wanted.run_id], wanted.key)?.pop() else {
        return Ok(Vec::new());
    };
    let page = Page {
        metric_key,
        after: Some(Point::before_all(wanted.time_ms)),
        points: wanted.most,
    };
    let points = page.read(connection)?;
    Ok(points.iter().map(|point| point.metric(wanted.key)).collect())
}

/// Points of the metrics of a run that begin in one of some ways, from a time on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SinceAll<'a> {
    pub(crate) run_id: &'a str,
    /// What their names begin with. Some more may be found.
    pub(crate) prefixes: &'a [&'a str],
    /// In milliseconds since 1970.
    pub(crate) time_ms: i64,
    /// Most metrics that are looked at.
    pub(crate) most_metrics: i64,
    /// Most points of each of them.
    pub(crate) most: i64,
}

/// The first of these points of each metric, metric by metric. An unknown run has none.
///
/// # Errors
///
/// The database says no.
pub(crate) fn since_all(connection: &mut dyn Connection, wanted: &SinceAll<'_>) -> Result<Vec<Metric>, ApiError> {
    let patterns: Vec<String> = wanted.prefixes.iter().map(|prefix| format!("{prefix}%")).collect();
    let likes: Vec<String> = (2..patterns.len() + 2)
        .map(|place| format!("run_metrics.key LIKE ${place}"))
        .collect();
    let mut values = vec![wanted.run_id.into()];
    values.extend(patterns.iter().map(|pattern| Value::from(pattern.as_str())));
    values.push(wanted.most_metrics.into());
    let sql = format!(
        "SELECT run_metrics.key, run_metrics.metric_key FROM runs JOIN run_metrics ON run_metrics.run_key = runs.run_key \
         WHERE runs.run_id = $1 AND ({}) ORDER BY run_metrics.key LIMIT ${}",
        likes.join(" OR "),
        values.len()
    );
    let mut found = Vec::new();
    for mut row in connection.query(&sql, &values)? {
        let key = row.text(0)?;
        let page = Page {
            metric_key: row.int(1)?,
            after: Some(Point::before_all(wanted.time_ms)),
            points: wanted.most,
        };
        found.extend(page.read(connection)?.iter().map(|point| point.metric(&key)));
    }
    Ok(found)
}

/// The runs that have a metric, with its key, in the order of their ids.
pub(super) fn streams(
    connection: &mut dyn Connection,
    run_ids: &[&str],
    key: &str,
) -> Result<Vec<(String, i64)>, ApiError> {
    let mut found = Vec::new();
    for (places, mut values) in in_lists(2, run_ids) {
        values.insert(0, key.into());
        let sql = format!(
            "SELECT runs.run_id, run_metrics.metric_key FROM runs JOIN run_metrics ON run_metrics.run_key = runs.run_key \
             AND run_metrics.key = $1 WHERE runs.run_id IN ({places})"
        );
        for mut row in connection.query(&sql, &values)? {
            found.push((row.text(0)?, row.int(1)?));
        }
    }
    found.sort();
    Ok(found)
}

struct Page {
    metric_key: i64,
    /// Where the page before ended.
    after: Option<Point>,
    points: i64,
}

impl Page {
    fn read(&self, connection: &mut dyn Connection) -> Result<Vec<Point>, ApiError> {
        let mut values = vec![self.metric_key.into()];
        let (after, limit) = match &self.after {
            Some(point) => {
                values.extend(point.values());
                ("AND (timestamp, step, value, is_nan) > ($2, $3, $4, $5) ", "$6")
            }
            None => ("", "$2"),
        };
        values.push(self.points.into());
        // Of each of the two, no more than the page: neither database would stop there by itself.
        let from = |table: &str| {
            format!(
                "SELECT * FROM (SELECT timestamp, step, value, is_nan FROM {table} WHERE metric_key = $1 {after}\
                 ORDER BY timestamp, step, value, is_nan LIMIT {limit}) AS {table}_page"
            )
        };
        let sql = format!(
            "{} UNION {} ORDER BY timestamp, step, value, is_nan LIMIT {limit}",
            from("metric_points"),
            from("metric_intake")
        );
        let rows = connection.query(&sql, &values)?;
        rows.iter().map(|row| Point::of_row(row, 0)).collect()
    }
}

/// The place after a point. Points that come meanwhile move nothing.
fn token(point: &Point) -> String {
    let Point {
        timestamp,
        step,
        value,
        is_nan,
    } = *point;
    let text = format!("{timestamp}:{step}:{:x}:{}", value.to_bits(), u8::from(is_nan));
    URL_SAFE_NO_PAD.encode(text)
}

fn position(token: &str) -> Result<Point, ApiError> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.split(':');
        let point = Point {
            timestamp: parts.next()?.parse().ok()?,
            step: parts.next()?.parse().ok()?,
            value: Some(f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?))
                .filter(|value| !value.is_nan())?,
            is_nan: parts.next()? == "1",
        };
        parts.next().is_none().then_some(point)
    };
    read().ok_or_else(|| ApiError::invalid("Invalid page token: it is none that this server gave out for a history"))
}
