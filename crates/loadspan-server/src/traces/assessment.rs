//! Assessments of traces.

use loadspan_wire::mlflow::limits::{KEY_CHARS, truncated};
use loadspan_wire::mlflow::traces::{Assessment, Expectation, Feedback};
use serde_json::Value as Json;
use uuid::Uuid;

use super::info;
use super::lookup;
use super::time::{milliseconds, rfc3339};
use crate::app::now_ms;
use crate::database::Connection;
use crate::error::ApiError;

/// Assessments of one trace.
const MOST: i64 = 1000;
/// Bytes of an assessment, as JSON.
const BYTES: usize = 1 << 20;
/// How deep values may be nested.
const DEPTH: usize = 24;

/// Which assessment is meant.
#[derive(Debug, Clone)]
pub(crate) struct Which {
    pub(crate) trace_id: String,
    pub(crate) assessment_id: String,
}

/// Adds an assessment to a trace; as it is stored then, with its id.
///
/// # Errors
///
/// There is no such trace, or the assessment makes no sense, or takes the place of one that does not exist.
pub(crate) fn create(
    connection: &mut dyn Connection,
    trace_id: &str,
    given: &Assessment,
) -> Result<Assessment, ApiError> {
    let key = lookup::key(connection, trace_id)?;
    add(connection, (key, trace_id), given)
}

/// Adds an assessment to the trace with this key and id.
pub(super) fn add(
    connection: &mut dyn Connection,
    (key, trace_id): (i64, &str),
    given: &Assessment,
) -> Result<Assessment, ApiError> {
    let stored = connection.query_one("SELECT COUNT(*) FROM assessments WHERE trace_key = $1", &[key.into()])?;
    if stored.map(|row| row.int(0)).transpose()?.unwrap_or(0) >= MOST {
        return Err(ApiError::invalid(format!("a trace has at most {MOST} assessments")));
    }
    if let Some(overridden) = &given.overrides {
        set_valid(connection, (key, overridden.as_str()), 0)?
            .then_some(())
            .ok_or_else(|| not_found(overridden, trace_id))?;
    }
    let now = now_ms();
    let time = |said: &Option<String>| said.as_deref().and_then(milliseconds).unwrap_or(now);
    let (created, changed) = (time(&given.create_time), time(&given.last_update_time));
    let assessment = Assessment {
        assessment_id: Some(format!("a-{}", Uuid::new_v4().simple())),
        trace_id: Some(trace_id.to_owned()),
        create_time: Some(rfc3339(created)),
        last_update_time: Some(rfc3339(changed)),
        valid: Some(given.valid.unwrap_or(true)),
        ..given.clone()
    };
    let columns = Columns::of(&assessment)?;
    let sql = "INSERT INTO assessments (assessment_id, trace_key, name, kind, value, valid, create_time, last_update_time, \
               content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        (&assessment.assessment_id).into(),
        key.into(),
        (&assessment.assessment_name).into(),
        columns.kind.into(),
        (&columns.value).into(),
        (assessment.valid == Some(true)).into(),
        created.into(),
        changed.into(),
        (&columns.content).into(),
    ];
    connection.execute(sql, &values)?;
    Ok(assessment)
}

/// An assessment.
///
/// # Errors
///
/// There is none, or no such trace.
pub(crate) fn get(connection: &mut dyn Connection, which: &Which) -> Result<Assessment, ApiError> {
    let sql = "SELECT a.assessment_key, a.content, a.valid FROM assessments a JOIN traces t ON t.trace_key = a.trace_key \
               WHERE a.assessment_id = $1 AND t.trace_id = $2";
    let values = [(&which.assessment_id).into(), (&which.trace_id).into()];
    if let Some(mut row) = connection.query_one(sql, &values)? {
        return info::assessment(&mut row);
    }
    lookup::key(connection, &which.trace_id)?;
    Err(not_found(&which.assessment_id, &which.trace_id))
}

/// What is to be changed of an assessment: the fields that are there. Of metadata, entries are added and replaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) said: Assessment,
    /// Names of fields, as in protobuf.
    pub(crate) mask: Vec<String>,
}

impl Change {
    fn apply(&self, to: &mut Assessment) -> Result<(), ApiError> {
        for field in &self.mask {
            match field.as_str() {
                "assessment_name" | "assessmentName" => {
                    to.assessment_name.clone_from(&self.said.assessment_name);
                }
                "feedback" if to.feedback.is_some() => to.feedback.clone_from(&self.said.feedback),
                "expectation" if to.expectation.is_some() => to.expectation.clone_from(&self.said.expectation),
                "feedback" => return Err(other_kind("feedback", "an Expectation")),
                "expectation" => return Err(other_kind("expectation", "a Feedback")),
                "rationale" => to.rationale.clone_from(&self.said.rationale),
                "metadata" => to.metadata.extend(self.said.metadata.clone()),
                "valid" => to.valid = self.said.valid,
                other => {
                    let message = format!(
                        "Invalid value for parameter 'update_mask' supplied: '{}' cannot be changed",
                        truncated(other, KEY_CHARS)
                    );
                    return Err(ApiError::invalid(message));
                }
            }
        }
        Ok(())
    }
}

/// Changes an assessment; as it is then.
///
/// # Errors
///
/// There is none, or no such trace, or it is of another kind.
pub(crate) fn update(connection: &mut dyn Connection, which: &Which, change: &Change) -> Result<Assessment, ApiError> {
    let mut assessment = get(connection, which)?;
    change.apply(&mut assessment)?;
    let now = now_ms();
    assessment.last_update_time = Some(rfc3339(now));
    let columns = Columns::of(&assessment)?;
    let sql = "UPDATE assessments SET name = $1, value = $2, valid = $3, last_update_time = $4, content = $5 \
               WHERE assessment_id = $6";
    let values = [
        (&assessment.assessment_name).into(),
        (&columns.value).into(),
        (assessment.valid != Some(false)).into(),
        now.into(),
        (&columns.content).into(),
        (&which.assessment_id).into(),
    ];
    connection.execute(sql, &values)?;
    Ok(assessment)
}

/// Deletes an assessment, if it is there. The one that it took the place of is valid again.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn delete(connection: &mut dyn Connection, which: &Which) -> Result<(), ApiError> {
    let key = lookup::key(connection, &which.trace_id)?;
    let sql =
        "DELETE FROM assessments WHERE assessment_id = $1 AND trace_key = $2 RETURNING assessment_key, content, valid";
    let Some(mut row) = connection.query_one(sql, &[(&which.assessment_id).into(), key.into()])? else {
        return Ok(());
    };
    if let Some(overridden) = info::assessment(&mut row)?.overrides {
        set_valid(connection, (key, overridden.as_str()), 1)?;
    }
    Ok(())
}

/// Whether there is such an assessment of the trace.
fn set_valid(connection: &mut dyn Connection, (key, id): (i64, &str), valid: i64) -> Result<bool, ApiError> {
    let sql = "UPDATE assessments SET valid = $1 WHERE assessment_id = $2 AND trace_key = $3";
    Ok(connection.execute(sql, &[valid.into(), id.into(), key.into()])? > 0)
}

/// What is stored of an assessment besides its name.
struct Columns {
    kind: &'static str,
    /// JSON.
    value: Option<String>,
    content: String,
}

impl Columns {
    fn of(assessment: &Assessment) -> Result<Self, ApiError> {
        let (kind, value) = match (&assessment.feedback, &assessment.expectation, &assessment.issue) {
            (Some(feedback), None, None) => ("feedback", thought(feedback)?),
            (None, Some(expectation), None) => ("expectation", expected(expectation)?),
            (None, None, Some(_)) => ("issue", None),
            (None, None, None) => return Err(ApiError::invalid("Unknown assessment type: None")),
            _ => {
                let message = "an assessment is one of feedback, expectation and issue: this one is several";
                return Err(ApiError::invalid(message));
            }
        };
        if truncated(&assessment.assessment_name, KEY_CHARS).len() < assessment.assessment_name.len() {
            let message = format!("'assessment_name' exceeds the maximum length of {KEY_CHARS} characters");
            return Err(ApiError::invalid(message));
        }
        let content = serde_json::to_string(assessment).unwrap_or_default();
        if content.len() > BYTES {
            return Err(ApiError::invalid(format!("the assessment has more than {BYTES} bytes")));
        }
        Ok(Self { kind, value, content })
    }
}

/// The value of feedback. There may be none.
fn thought(feedback: &Feedback) -> Result<Option<String>, ApiError> {
    check_depth(&feedback.value)?;
    Ok(Some(feedback.value.to_string()))
}

/// The value of an expectation. MLflow's client fails on traces with one that has none.
fn expected(expectation: &Expectation) -> Result<Option<String>, ApiError> {
    let absent = || ApiError::invalid("The `value` field must be specified.");
    let Some(serialized) = &expectation.serialized_value else {
        let value = expectation.value.as_ref().filter(|value| !value.is_null());
        let value = value.ok_or_else(absent)?;
        check_depth(value)?;
        return Ok(Some(value.to_string()));
    };
    if serialized.serialization_format != "JSON_FORMAT" {
        let message = format!(
            "Unknown serialization format: {}. Only JSON_FORMAT is supported.",
            truncated(&serialized.serialization_format, KEY_CHARS)
        );
        return Err(ApiError::invalid(message));
    }
    match serde_json::from_str::<Json>(&serialized.value) {
        Ok(Json::Null) => Err(absent()),
        Ok(value) => Ok(Some(value.to_string())),
        Err(error) => Err(ApiError::invalid(format!(
            "the value of the expectation is no JSON: {error}"
        ))),
    }
}

/// MLflow's client fails on traces with values that are nested deeper.
fn check_depth(value: &Json) -> Result<(), ApiError> {
    if is_deeper(value, DEPTH) {
        let message = format!("the value of the assessment is nested more than {DEPTH} deep");
        return Err(ApiError::invalid(message));
    }
    Ok(())
}

fn is_deeper(value: &Json, room: usize) -> bool {
    let below = |value: &Json| room.checked_sub(1).is_none_or(|room| is_deeper(value, room));
    match value {
        Json::Array(values) => values.iter().any(below),
        Json::Object(entries) => entries.values().any(below),
        _ => false,
    }
}

fn other_kind(wanted: &str, found: &str) -> ApiError {
    ApiError::invalid(format!("Cannot update {wanted} value on {found} assessment."))
}

fn not_found(assessment_id: &str, trace_id: &str) -> ApiError {
    ApiError::missing(format!(
        "Assessment with ID '{assessment_id}' not found for trace '{trace_id}'"
    ))
}
