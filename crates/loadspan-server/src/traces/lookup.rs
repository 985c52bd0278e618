//! Traces by their ids, and those that a deletion means.

use std::collections::HashMap;

use super::Deletable;
use super::info::SIZE;
use crate::database::{Connection, DatabaseError};
use crate::error::ApiError;
use crate::tracking::in_lists;

/// The key of a trace.
///
/// # Errors
///
/// There is none.
pub(crate) fn key(connection: &mut dyn Connection, trace_id: &str) -> Result<i64, ApiError> {
    let row = connection.query_one("SELECT trace_key FROM traces WHERE trace_id = $1", &[trace_id.into()])?;
    match row {
        Some(row) => Ok(row.int(0)?),
        None => Err(missing(trace_id)),
    }
}

/// Which traces are meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) trace_ids: Vec<String>,
    /// Only those of these experiments. Empty: of all.
    pub(crate) experiment_ids: Vec<i64>,
}

/// The keys of those that exist, in the order in which they are named, each once.
pub(crate) fn keys(connection: &mut dyn Connection, named: &Named) -> Result<Vec<i64>, ApiError> {
    let mut found = HashMap::with_capacity(named.trace_ids.len());
    let ids: Vec<&str> = named.trace_ids.iter().map(String::as_str).collect();
    for (places, values) in in_lists(1, &ids) {
        let sql = format!("SELECT trace_id, trace_key, experiment_id FROM traces WHERE trace_id IN ({places})");
        for mut row in connection.query(&sql, &values)? {
            if named.experiment_ids.is_empty() || named.experiment_ids.contains(&row.int(2)?) {
                found.insert(row.text(0)?, row.int(1)?);
            }
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(*id)).collect())
}

/// Traces of an experiment that are to be deleted.
#[derive(Debug, Clone)]
pub(crate) struct Doomed {
    pub(crate) experiment_id: i64,
    pub(crate) which: Which,
}

/// Which of them.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    /// Those with these ids.
    Ids(Vec<String>),
    /// Those that came at this time or before, in milliseconds.
    Until(i64),
}

/// Some of the traces that are to be deleted, at most `most`.
pub(crate) fn doomed(
    connection: &mut dyn Connection,
    doomed: &Doomed,
    most: usize,
) -> Result<Vec<Deletable>, DatabaseError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = match &doomed.which {
        Which::Until(time) => {
            let sql = "SELECT trace_key, trace_id FROM traces WHERE experiment_id = $1 AND request_time <= $2 \
                       ORDER BY request_time, trace_key LIMIT $3";
            connection.query(sql, &[doomed.experiment_id.into(), (*time).into(), most.into()])?
        }
        Which::Ids(ids) => {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut rows = Vec::new();
            for (places, ids) in in_lists(2, &ids) {
                let sql = format!(
                    "SELECT trace_key, trace_id FROM traces WHERE experiment_id = $1 AND trace_id IN ({places})"
                );
                let values: Vec<_> = [doomed.experiment_id.into()].into_iter().chain(ids).collect();
                rows.extend(connection.query(&sql, &values)?);
            }
            rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            rows
        }
    };
    let found = rows.into_iter().map(|mut row| {
        Ok(Deletable {
            key: row.int(0)?,
            trace_id: row.text(1)?,
        })
    });
    found.collect()
}

/// Whether as many spans of a trace have come as its client said that it has. If it did not say, they have.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn has_all_spans(connection: &mut dyn Connection, trace_id: &str) -> Result<bool, ApiError> {
    let sql = "SELECT t.spans, m.value FROM traces t LEFT JOIN trace_metadata m ON m.trace_key = t.trace_key AND m.key = $1 \
               WHERE t.trace_id = $2";
    let Some(mut row) = connection.query_one(sql, &[SIZE.into(), trace_id.into()])? else {
        return Err(missing(trace_id));
    };
    let said = row.maybe_text(1)?.and_then(|said| serde_json::from_str(&said).ok());
    let said = said.and_then(|said: serde_json::Value| said.get("num_spans")?.as_i64());
    Ok(said.is_none_or(|said| row.int(0).is_ok_and(|spans| spans >= said)))
}

fn missing(trace_id: &str) -> ApiError {
    ApiError::missing(format!("Trace with ID '{trace_id}' not found."))
}
