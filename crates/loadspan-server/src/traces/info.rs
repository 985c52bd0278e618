//! What is known of traces, for many of them with few statements.

use std::collections::HashMap;

use loadspan_wire::mlflow::attributes as keys;
use loadspan_wire::mlflow::traces::{Assessment, TraceInfo, TraceLocation};
use serde_json::json;

use super::time::{nanoseconds, rfc3339, seconds};
use crate::database::{Connection, Row};
use crate::error::ApiError;
use crate::tracking::in_lists;
use crate::translate::TokenUsage;

/// Metadata of a trace: what its spans cost.
pub(super) const COST: &str = "mlflow.trace.cost";
/// Metadata of a trace: how large it is.
pub(super) const SIZE: &str = "mlflow.trace.sizeStats";
/// Metadata of a trace: the client has said the last word on it.
pub(super) const FINALIZED: &str = "mlflow.trace.infoFinalized";

/// What is known of traces, in the order of their keys here. Those that do not exist are left out.
///
/// # Errors
///
/// The database says no.
pub(crate) fn load_infos(connection: &mut dyn Connection, trace_keys: &[i64]) -> Result<Vec<TraceInfo>, ApiError> {
    let mut infos: HashMap<i64, TraceInfo> = HashMap::with_capacity(trace_keys.len());
    for (places, keys) in in_lists(1, trace_keys) {
        let list = format!("IN ({places})");
        for mut row in connection.query(&format!("{INFO} {list}"), &keys)? {
            infos.insert(row.int(0)?, of_row(&mut row)?);
        }
        for part in PARTS {
            for mut row in connection.query(&format!("{} {list}{}", part.select, part.order), &keys)? {
                if let Some(info) = infos.get_mut(&row.int(0)?) {
                    (part.add)(info, &mut row)?;
                }
            }
        }
    }
    Ok(trace_keys.iter().filter_map(|key| infos.remove(key)).collect())
}

/// A query for keys of traces, and the bytes of what is known of them, about.
pub(crate) const SIZES: &str = "SELECT t.trace_key, 2048 \
    + COALESCE((SELECT SUM(64 + octet_length(x.key) + octet_length(x.value)) FROM trace_tags x WHERE x.trace_key = t.trace_key), 0) \
    + COALESCE((SELECT SUM(64 + octet_length(x.key) + octet_length(x.value)) FROM trace_metadata x \
        WHERE x.trace_key = t.trace_key), 0) \
    + COALESCE((SELECT SUM(octet_length(x.content)) FROM assessments x WHERE x.trace_key = t.trace_key), 0) \
    FROM traces t WHERE t.trace_key";

const INFO: &str = "SELECT trace_key, trace_id, experiment_id, state, client_request_id, request_time, execution_duration, \
                    request_preview, response_preview, session_id, user_id, spans, finalized, input_tokens, output_tokens, \
                    total_tokens, cache_read_tokens, cache_write_tokens, input_cost, output_cost, total_cost, name, start_ns, end_ns \
                    FROM traces WHERE trace_key";

/// A table with rows of traces, the key of the trace being the first column.
struct Part {
    select: &'static str,
    order: &'static str,
    add: fn(&mut TraceInfo, &mut Row) -> Result<(), ApiError>,
}

/// What a client has said comes after what follows from columns, and so wins.
const PARTS: [Part; 3] = [
    Part {
        select: "SELECT trace_key, key, value FROM trace_metadata WHERE trace_key",
        order: "",
        add: |info, row| {
            info.trace_metadata.insert(row.text(1)?, row.text(2)?);
            Ok(())
        },
    },
    Part {
        select: "SELECT trace_key, key, value FROM trace_tags WHERE trace_key",
        order: "",
        add: |info, row| {
            info.tags.insert(row.text(1)?, row.text(2)?);
            Ok(())
        },
    },
    Part {
        select: "SELECT trace_key, content, valid FROM assessments WHERE trace_key",
        order: " ORDER BY assessment_key",
        add: |info, row| {
            info.assessments.push(assessment(row)?);
            Ok(())
        },
    },
];

/// An assessment, from its content and whether it is valid: columns 1 and 2.
pub(super) fn assessment(row: &mut Row) -> Result<Assessment, ApiError> {
    // What this server has written is always such an object.
    let mut assessment: Assessment = serde_json::from_str(&row.text(1)?).unwrap_or_default();
    assessment.valid = Some(row.flag(2)?);
    Ok(assessment)
}

fn of_row(row: &mut Row) -> Result<TraceInfo, ApiError> {
    let duration = row.maybe_int(6)?;
    let extent = (row.int(22)?, row.maybe_int(23)?);
    let mut info = TraceInfo {
        trace_id: row.text(1)?,
        trace_location: TraceLocation::experiment(row.int(2)?.to_string()),
        state: row.text(3)?,
        client_request_id: row.maybe_text(4)?,
        request_time: rfc3339(row.int(5)?),
        execution_duration: duration.map(seconds),
        execution_duration_ns: nanoseconds(duration, extent).map(|ns| ns.to_string()),
        request_preview: row.maybe_text(7)?,
        response_preview: row.maybe_text(8)?,
        ..TraceInfo::default()
    };
    let spans = row.int(11)?;
    let said = [
        (keys::TRACE_SCHEMA_METADATA, Some(keys::TRACE_SCHEMA_VERSION.to_owned())),
        (keys::SESSION_METADATA, row.maybe_text(9)?),
        (keys::USER_METADATA, row.maybe_text(10)?),
        (SIZE, (spans > 0).then(|| json!({"num_spans": spans}).to_string())),
        (FINALIZED, row.flag(12)?.then(|| "true".to_owned())),
        (keys::TOKEN_USAGE_METADATA, usage(row, 13)?.map(TokenUsage::to_json)),
        (COST, cost(row, 18)?.map(|cost| cost.to_string())),
    ];
    let said = said
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    info.trace_metadata.extend(said);
    if let Some(name) = row.maybe_text(21)?.filter(|name| !name.is_empty()) {
        info.tags.insert(keys::TRACE_NAME_TAG.to_owned(), name);
    }
    Ok(info)
}

/// Tokens in five columns: input, output, total, read from a cache, written to it.
pub(super) fn usage(row: &Row, first: usize) -> Result<Option<TokenUsage>, ApiError> {
    let Some(input) = row.maybe_int(first)? else {
        return Ok(None);
    };
    Ok(Some(TokenUsage {
        input,
        output: row.maybe_int(first + 1)?.unwrap_or(0),
        total: row.maybe_int(first + 2)?.unwrap_or(input),
        cache_read: row.maybe_int(first + 3)?,
        cache_write: row.maybe_int(first + 4)?,
    }))
}

/// A cost in three columns, as MLflow writes it: input, output, total.
pub(super) fn cost(row: &Row, first: usize) -> Result<Option<serde_json::Value>, ApiError> {
    let Some(total) = row.maybe_real(first + 2)? else {
        return Ok(None);
    };
    Ok(Some(json!({
        "input_cost": row.maybe_real(first)?.unwrap_or(0.0),
        "output_cost": row.maybe_real(first + 1)?.unwrap_or(0.0),
        "total_cost": total,
    })))
}
