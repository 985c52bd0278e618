//! Models as old clients log them: a tag of the run with a list of descriptions.

use loadspan_wire::mlflow::limits::truncated;
use loadspan_wire::mlflow::runs::Tag;
use serde_json::{Map, Value};

use super::{runs, tags};
use crate::database::Connection;
use crate::error::ApiError;

const TAG: &str = "mlflow.log-model.history";
/// Most bytes of the list. It is no tag that may be cut.
const LIST_BYTES: usize = 1 << 20;
const REQUIRED: [&str; 4] = ["artifact_path", "flavors", "run_id", "utc_time_created"];
const KEPT: [&str; 5] = ["artifact_path", "flavors", "model_uuid", "run_id", "utc_time_created"];

/// What is kept of a description.
///
/// # Errors
///
/// It is no JSON object, or lacks something.
pub(crate) fn checked(model_json: &str) -> Result<Value, ApiError> {
    let model: Map<String, Value> = serde_json::from_str(model_json).map_err(|_| {
        ApiError::invalid(format!(
            "Malformed model info. \n {} \n is not a valid JSON.",
            truncated(model_json, 500)
        ))
    })?;
    let missing: Vec<_> = REQUIRED
        .into_iter()
        .filter(|field| !model.contains_key(*field))
        .collect();
    if !missing.is_empty() {
        return Err(ApiError::invalid(format!(
            "Model json is missing mandatory fields: {{'{}'}}",
            missing.join("', '")
        )));
    }
    let mut kept: Map<String, Value> = model
        .into_iter()
        .filter(|(field, _)| KEPT.contains(&field.as_str()))
        .collect();
    if let Some(flavors) = kept.get_mut("flavors").and_then(Value::as_object_mut) {
        for flavor in flavors.values_mut().filter_map(Value::as_object_mut) {
            flavor.remove("config");
        }
    }
    Ok(Value::Object(kept))
}

/// Adds a description that was checked to those of a run.
///
/// # Errors
///
/// There is no such run, or it was deleted, or has too many of them.
pub(crate) fn log(connection: &mut dyn Connection, run_id: &str, model: &Value) -> Result<(), ApiError> {
    let run = runs::active(connection, run_id)?;
    let row = connection.query_one(
        "SELECT value FROM run_tags WHERE run_key = $1 AND key = $2",
        &[run.run_key.into(), TAG.into()],
    )?;
    let known = row.map(|mut row| row.text(0)).transpose()?.unwrap_or_default();
    let mut models: Vec<Value> = serde_json::from_str(&known).unwrap_or_default();
    models.push(model.clone());
    let list = Value::Array(models).to_string();
    if list.len() > LIST_BYTES {
        return Err(ApiError::invalid(format!(
            "the run {run_id} has as many models as it can have: their descriptions would take more than {LIST_BYTES} bytes"
        )));
    }
    tags::put(connection, run.run_key, &[Tag::new(TAG, list)])
}
