//! Runs as rows of a table: what they are, and the few columns that somebody looks at. A run of loadspan has four hundred metrics, and a
//! table has ten thousand runs.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::database::{Connection, Value};
use crate::error::ApiError;
use crate::tracking::in_lists;

/// Most columns of a table.
pub(crate) const MOST_COLUMNS: usize = 64;
/// Most names of columns that are told.
const MOST_NAMES: i64 = 5_000;

/// Where a column's values are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Metrics,
    Params,
    Tags,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Metrics, Self::Params, Self::Tags];

    const fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Params => "params",
            Self::Tags => "tags",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Metrics => "run_metrics",
            Self::Params => "params",
            Self::Tags => "run_tags",
        }
    }

    const fn value(self) -> &'static str {
        match self {
            Self::Metrics => "value, is_nan",
            Self::Params | Self::Tags => "value",
        }
    }
}

/// A column: `metrics.request_throughput`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    kind: Kind,
    key: String,
}

impl Column {
    /// # Errors
    ///
    /// It is none of metrics, parameters or tags.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let (kind, key) = text.split_once('.').unwrap_or((text, ""));
        let kind = Kind::ALL.into_iter().find(|of| of.name() == kind);
        match (kind, key) {
            (None, _) | (_, "") => Err(ApiError::invalid(
                "a column is `metrics.KEY`, `params.KEY` or `tags.KEY`",
            )),
            (Some(kind), key) => Ok(Self {
                kind,
                key: key.to_owned(),
            }),
        }
    }
}

/// A run in a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TableRow {
    pub(crate) run_id: String,
    pub(crate) experiment_id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) start_time: i64,
    pub(crate) end_time: Option<i64>,
    /// The run that it is part of.
    pub(crate) parent: Option<String>,
    /// In the order of the columns; null: it has none.
    pub(crate) values: Vec<Json>,
}

/// Runs in the order of their keys, with the values of some columns.
///
/// # Errors
///
/// The database says no.
pub(crate) fn rows(
    connection: &mut dyn Connection,
    run_keys: &[i64],
    columns: &[Column],
) -> Result<Vec<TableRow>, ApiError> {
    let mut rows = HashMap::with_capacity(run_keys.len());
    for (places, keys) in in_lists(1, run_keys) {
        read_infos(connection, (&places, &keys), &mut rows, columns.len())?;
    }
    for kind in Kind::ALL {
        let wanted: HashMap<&str, usize> = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.kind == kind)
            .map(|(place, column)| (column.key.as_str(), place))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        // One column after the other: within one, runs are found in the order of the index.
        for (places, keys) in in_lists(2, run_keys) {
            for (key, place) in &wanted {
                let sql = format!(
                    "SELECT run_key, {} FROM {} WHERE key = $1 AND run_key IN ({places})",
                    kind.value(),
                    kind.table()
                );
                let values: Vec<Value<'_>> = std::iter::once(Value::Text(key)).chain(keys.iter().copied()).collect();
                for mut row in connection.query(&sql, &values)? {
                    let value = match kind {
                        Kind::Metrics => number(row.real(1)?, row.flag(2)?),
                        Kind::Params | Kind::Tags => Json::String(row.text(1)?),
                    };
                    if let Some(found) = rows.get_mut(&row.int(0)?) {
                        found.values[*place] = value;
                    }
                }
            }
        }
    }
    Ok(run_keys.iter().filter_map(|key| rows.remove(key)).collect())
}

fn read_infos(
    connection: &mut dyn Connection,
    (places, keys): (&str, &[Value<'_>]),
    rows: &mut HashMap<i64, TableRow>,
    columns: usize,
) -> Result<(), ApiError> {
    let sql = format!(
        "SELECT r.run_key, r.run_id, r.experiment_id, r.name, r.status, r.start_time, r.end_time, t.value FROM runs r \
         LEFT JOIN run_tags t ON t.run_key = r.run_key AND t.key = 'mlflow.parentRunId' WHERE r.run_key IN ({places})"
    );
    for mut row in connection.query(&sql, keys)? {
        let run = TableRow {
            run_id: row.text(1)?,
            experiment_id: row.int(2)?.to_string(),
            name: row.text(3)?,
            status: row.text(4)?,
            start_time: row.int(5)?,
            end_time: row.maybe_int(6)?,
            parent: row.maybe_text(7)?,
            values: vec![Json::Null; columns],
        };
        rows.insert(row.int(0)?, run);
    }
    Ok(())
}

/// What is no number is a text, as everywhere in MLflow's API.
fn number(value: f64, is_nan: bool) -> Json {
    match value {
        _ if is_nan => "NaN".into(),
        value if value.is_finite() => value.into(),
        value if value > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

/// A column that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct KnownColumn {
    kind: Kind,
    key: String,
    /// How many of the runs have it.
    runs: i64,
}

/// The columns that some runs have.
///
/// # Errors
///
/// The database says no.
pub(crate) fn columns(connection: &mut dyn Connection, run_keys: &[i64]) -> Result<Vec<KnownColumn>, ApiError> {
    let mut counts: HashMap<(Kind, String), i64> = HashMap::new();
    for (places, keys) in in_lists(1, run_keys) {
        for kind in Kind::ALL {
            let sql = format!(
                "SELECT key, COUNT(*) FROM {} WHERE run_key IN ({places}) GROUP BY key ORDER BY key LIMIT {MOST_NAMES}",
                kind.table()
            );
            for mut row in connection.query(&sql, &keys)? {
                *counts.entry((kind, row.text(0)?)).or_default() += row.int(1)?;
            }
        }
    }
    let mut columns: Vec<KnownColumn> = counts
        .into_iter()
        .map(|((kind, key), runs)| KnownColumn { kind, key, runs })
        .collect();
    columns.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    Ok(columns)
}
