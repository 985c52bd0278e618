//! What a client says of a trace as a whole, when the trace has ended. Its spans come by another way, before or after.

use std::collections::BTreeMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::mlflow::limits::{KEY_CHARS, TAG_VALUE_CHARS, truncated};
use loadspan_wire::mlflow::traces::{Assessment, TraceInfo};
use serde_json::Value as Json;

use super::info::{COST, FINALIZED};
use super::time::{milliseconds, milliseconds_of};
use super::{assessment, info};
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Insert, Value};
use crate::error::ApiError;
use crate::ingest::is_of_the_server;
use crate::ingest::trace::{NewTrace, ensure, move_to};
use crate::tracking::{experiments, valid};

const NS_PER_MS: i64 = 1_000_000;
/// Tags, and metadata, and assessments of one trace.
const ENTRIES: usize = 1000;
const NAME_CHARS: usize = 4096;
const SESSION_CHARS: usize = 250;
const PREVIEW_CHARS: usize = 1000;
const ID_BYTES: usize = 250;

/// What a client says of a trace, checked.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    trace_id: String,
    experiment_id: i64,
    state: Option<String>,
    request_time: Option<i64>,
    duration: Option<i64>,
    client_request_id: Option<String>,
    request_preview: Option<String>,
    response_preview: Option<String>,
    tags: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    assessments: Vec<Assessment>,
}

impl Start {
    /// # Errors
    ///
    /// It does not say which trace of which experiment, or something of it makes no sense.
    pub(crate) fn checked(said: TraceInfo) -> Result<Self, ApiError> {
        let location = said.trace_location.mlflow_experiment.ok_or_else(|| {
            ApiError::invalid(
                "Missing value for required parameter 'trace.trace_info.trace_location.mlflow_experiment'.",
            )
        })?;
        check_id(&said.trace_id)?;
        let entries = said
            .tags
            .len()
            .max(said.trace_metadata.len())
            .max(said.assessments.len());
        if entries > ENTRIES {
            let message = format!("a trace has at most {ENTRIES} tags, {ENTRIES} metadata and {ENTRIES} assessments");
            return Err(ApiError::invalid(message));
        }
        Ok(Self {
            experiment_id: valid::experiment_id(&location.experiment_id)?,
            state: state(&said.state)?,
            request_time: time("request_time", Some(&said.request_time), milliseconds)?,
            duration: time("execution_duration", said.execution_duration.as_ref(), milliseconds_of)?,
            client_request_id: short(said.client_request_id, KEY_CHARS),
            request_preview: short(said.request_preview, PREVIEW_CHARS),
            response_preview: short(said.response_preview, PREVIEW_CHARS),
            tags: entries_of(said.tags, |key| !is_of_the_server(key)),
            metadata: entries_of(said.trace_metadata, |key| key != FINALIZED),
            assessments: said.assessments,
            trace_id: said.trace_id,
        })
    }

    fn metadata(&self, key: &str) -> Option<&str> {
        let value = self.metadata.get(key)?;
        Some(truncated(value, SESSION_CHARS)).filter(|value| !value.is_empty())
    }

    fn object(&self, key: &str) -> Option<Json> {
        serde_json::from_str(self.metadata.get(key)?).ok()
    }

    fn name(&self) -> Option<&str> {
        let name = self.tags.get(keys::TRACE_NAME_TAG)?;
        Some(truncated(name, NAME_CHARS)).filter(|name| !name.is_empty())
    }
}

/// Stores what a client says of a trace, which is the last word on it; what is known of the trace then. To say it again changes
/// nothing.
///
/// # Errors
///
/// There is no such experiment, or it was deleted, or an assessment makes no sense.
pub(crate) fn start(connection: &mut dyn Connection, start: &Start) -> Result<TraceInfo, ApiError> {
    experiments::check_active(connection, start.experiment_id)?;
    let new = NewTrace {
        trace_id: &start.trace_id,
        experiment_id: start.experiment_id,
        start_ns: start.request_time.unwrap_or_else(now_ms).saturating_mul(NS_PER_MS),
    };
    let trace = ensure(connection, &new)?;
    if trace.experiment_id != start.experiment_id {
        move_to(connection, (trace.key, &start.trace_id), start.experiment_id)?;
    }
    let sql = "SELECT finalized FROM traces WHERE trace_key = $1";
    let known = connection.query_one(sql, &[trace.key.into()])?;
    let said_before = known.map(|row| row.flag(0)).transpose()?.unwrap_or(false);
    update(connection, trace.key, start)?;
    update_used(connection, trace.key, start)?;
    put(connection, (TAGS, trace.key), &start.tags)?;
    put(connection, (METADATA, trace.key), &start.metadata)?;
    if let Some(run) = start.metadata(keys::SOURCE_RUN_METADATA) {
        super::link::put(connection, run, &[trace.key])?;
    }
    if !said_before {
        for given in &start.assessments {
            assessment::add(connection, (trace.key, &start.trace_id), given)?;
        }
    }
    let known = info::load_infos(connection, &[trace.key])?;
    Ok(known.into_iter().next().unwrap_or_default())
}

fn update(connection: &mut dyn Connection, key: i64, start: &Start) -> Result<(), DatabaseError> {
    let sql = "UPDATE traces SET state = COALESCE($1, state), name = COALESCE($2, name), \
               client_request_id = COALESCE($3, client_request_id), request_time = COALESCE($4, request_time), \
               execution_duration = COALESCE($5, execution_duration), end_ns = COALESCE(end_ns, $6), \
               request_preview = COALESCE($7, request_preview), response_preview = COALESCE($8, response_preview), \
               session_id = COALESCE($9, session_id), user_id = COALESCE($10, user_id), finalized = 1, asked_for = 1, last_update_time = $11 \
               WHERE trace_key = $12";
    let end = start.request_time.zip(start.duration);
    let end = end.map(|(from, duration)| from.saturating_add(duration).saturating_mul(NS_PER_MS));
    let values = [
        (&start.state).into(),
        start.name().into(),
        (&start.client_request_id).into(),
        start.request_time.into(),
        start.duration.into(),
        end.into(),
        (&start.request_preview).into(),
        (&start.response_preview).into(),
        start.metadata(keys::SESSION_METADATA).into(),
        start.metadata(keys::USER_METADATA).into(),
        now_ms().into(),
        key.into(),
    ];
    connection.execute(sql, &values).map(drop)
}

/// Tokens and cost are in columns as well, for searches.
fn update_used(connection: &mut dyn Connection, key: i64, start: &Start) -> Result<(), DatabaseError> {
    if let Some(usage) = start.object(keys::TOKEN_USAGE_METADATA) {
        let tokens = |name: &str| usage.get(name).and_then(Json::as_i64);
        let sql = "UPDATE traces SET input_tokens = $1, output_tokens = $2, total_tokens = $3, cache_read_tokens = $4, \
                   cache_write_tokens = $5 WHERE trace_key = $6";
        let values = [
            tokens("input_tokens").into(),
            tokens("output_tokens").into(),
            tokens("total_tokens").into(),
            tokens("cache_read_input_tokens").into(),
            tokens("cache_creation_input_tokens").into(),
            key.into(),
        ];
        connection.execute(sql, &values)?;
    }
    if let Some(cost) = start.object(COST) {
        let dollars = |name: &str| cost.get(name).and_then(Json::as_f64);
        let sql = "UPDATE traces SET input_cost = $1, output_cost = $2, total_cost = $3 WHERE trace_key = $4";
        let values = [
            dollars("input_cost").into(),
            dollars("output_cost").into(),
            dollars("total_cost").into(),
            key.into(),
        ];
        connection.execute(sql, &values)?;
    }
    Ok(())
}

pub(super) const TAGS: &str = "trace_tags (trace_key, key, value)";
const METADATA: &str = "trace_metadata (trace_key, key, value)";

/// Sets tags or metadata of a trace.
pub(super) fn put(
    connection: &mut dyn Connection,
    (into, key): (&str, i64),
    entries: &BTreeMap<String, String>,
) -> Result<(), DatabaseError> {
    if entries.is_empty() {
        return Ok(());
    }
    let insert = Insert {
        into,
        columns: 3,
        otherwise: "ON CONFLICT (trace_key, key) DO UPDATE SET value = excluded.value",
    };
    let values = entries
        .iter()
        .flat_map(|(name, value)| [key.into(), name.into(), value.into()]);
    connection.insert(&insert, &values.collect::<Vec<Value<'_>>>())
}

/// An id becomes part of the path of the trace's artifacts.
fn check_id(id: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !id.is_empty() && id.len() <= ID_BYTES && id.chars().all(fits) {
        return Ok(());
    }
    let message = format!(
        "Invalid value {} for parameter 'trace.trace_info.trace_id' supplied: it must be letters, digits, '-' and '_'",
        valid::shown(&id.into())
    );
    Err(ApiError::invalid(message))
}

/// `None`: the client does not know.
fn state(said: &str) -> Result<Option<String>, ApiError> {
    match said {
        "" | "STATE_UNSPECIFIED" => Ok(None),
        "OK" | "ERROR" | "IN_PROGRESS" => Ok(Some(said.to_owned())),
        _ => Err(ApiError::invalid(format!(
            "Invalid value {} for parameter 'trace.trace_info.state' supplied: it must be OK, ERROR or IN_PROGRESS",
            valid::shown(&said.into())
        ))),
    }
}

fn time(name: &str, said: Option<&String>, read: fn(&str) -> Option<i64>) -> Result<Option<i64>, ApiError> {
    let Some(said) = said.filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    read(said).map(Some).ok_or_else(|| {
        let value = valid::shown(&said.as_str().into());
        ApiError::invalid(format!(
            "Invalid value {value} for parameter 'trace.trace_info.{name}' supplied"
        ))
    })
}

fn short(text: Option<String>, chars: usize) -> Option<String> {
    text.map(|text| truncated(&text, chars).to_owned())
}

/// Tags or metadata as they are stored: long values are cut, long keys left out.
fn entries_of(entries: BTreeMap<String, String>, is_wanted: fn(&str) -> bool) -> BTreeMap<String, String> {
    let fits = |key: &String| !key.is_empty() && truncated(key, KEY_CHARS) == key && is_wanted(key);
    let entries = entries.into_iter().filter(|(key, _)| fits(key));
    entries
        .map(|(key, value)| {
            let value = truncated(&value, TAG_VALUE_CHARS).to_owned();
            (key, value)
        })
        .collect()
}
