//! Log records that belong to a trace.

use loadspan_wire::mlflow::traces::{described_attributes, described_value};
use loadspan_wire::otlp::Message;
use loadspan_wire::otlp::logs::LogRecord;
use serde::Serialize;
use serde_json::{Value, json};

use super::{hex, lookup};
use crate::database::{Connection, Row};
use crate::error::ApiError;

/// Records of a page.
pub(crate) const MOST: usize = 1000;

/// A page of log records, in the order in which they came.
#[derive(Debug, Serialize)]
pub(crate) struct LogPage {
    logs: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) trace_id: String,
    /// Behind the record with this key; 0: at the first.
    pub(crate) after: i64,
    /// Records of the page.
    pub(crate) length: usize,
}

/// A page of the log records of a trace.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn page(connection: &mut dyn Connection, wanted: &Wanted) -> Result<LogPage, ApiError> {
    lookup::key(connection, &wanted.trace_id)?;
    let sql = "SELECT log_key, time_ns, span_id, event_name, severity, content FROM log_records WHERE trace_id = $1 \
               AND log_key > $2 ORDER BY log_key LIMIT $3";
    let most = i64::try_from(wanted.length + 1).unwrap_or(i64::MAX);
    let values = [(&wanted.trace_id).into(), wanted.after.into(), most.into()];
    let mut rows = connection.query(sql, &values)?;
    let more = rows.len() > wanted.length;
    rows.truncate(wanted.length);
    let last = rows.last().filter(|_| more).map(|row| row.int(0)).transpose()?;
    let logs: Result<Vec<_>, _> = rows.into_iter().map(described).collect();
    Ok(LogPage {
        logs: logs?,
        next_page_token: last.map(|key| key.to_string()),
    })
}

fn described(mut row: Row) -> Result<Value, ApiError> {
    // What this server has written is always a record.
    let record = LogRecord::decode(&row.blob(5)?[..]).unwrap_or_default();
    Ok(json!({
        "time_ns": row.int(1)?.to_string(),
        "span_id": row.maybe_blob(2)?.map(|id| hex(&id)),
        "event_name": row.maybe_text(3)?,
        "severity": row.int(4)?,
        "severity_text": record.severity_text,
        "body": record.body.as_ref().map(described_value),
        "attributes": described_attributes(&record.attributes),
    }))
}
