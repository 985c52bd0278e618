//! Traces that belong to runs.

use super::lookup::{self, Named};
use crate::database::{Connection, DatabaseError, Insert};
use crate::error::ApiError;

/// Links traces with a run. Neither needs to exist: what does not is passed over, as MLflow has it.
///
/// # Errors
///
/// The database says no.
pub(crate) fn to_run(connection: &mut dyn Connection, run_id: &str, trace_ids: &[String]) -> Result<(), ApiError> {
    let named = Named {
        trace_ids: trace_ids.to_vec(),
        ..Named::default()
    };
    let keys = lookup::keys(connection, &named)?;
    Ok(put(connection, run_id, &keys)?)
}

pub(super) fn put(connection: &mut dyn Connection, run_id: &str, keys: &[i64]) -> Result<(), DatabaseError> {
    if keys.is_empty() {
        return Ok(());
    }
    let insert = Insert {
        into: "trace_runs (run_id, trace_key)",
        columns: 2,
        otherwise: "ON CONFLICT (run_id, trace_key) DO NOTHING",
    };
    let values: Vec<_> = keys.iter().flat_map(|&key| [run_id.into(), key.into()]).collect();
    connection.insert(&insert, &values)
}
