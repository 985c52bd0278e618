//! Log records that belong to a trace.

use loadspan_wire::mlflow::traces::{described_attributes, described_value};
use loadspan_wire::otlp::logs::LogRecord;
use loadspan_wire::otlp::{Message, weight};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{hex, lookup};
use crate::answer;
use crate::database::{Connection, Row, Value};
use crate::error::ApiError;

/// Records of a page.
pub(crate) const MOST: usize = 1000;

/// A page of log records, in the order in which they came.
#[derive(Debug, Serialize)]
pub(crate) struct LogPage {
    logs: Vec<Json>,
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
    let (mut last, mut more) = end(connection, wanted)?;
    let sql = "SELECT log_key, time_ns, span_id, event_name, severity, content FROM log_records WHERE trace_id = $1 \
               AND log_key > $2 AND log_key <= $3 ORDER BY log_key LIMIT $4";
    let values = [
        (&wanted.trace_id).into(),
        wanted.after.into(),
        last.into(),
        int(wanted.length),
    ];
    let mut logs = Vec::new();
    let mut room = answer::DECODED_PAGE;
    for mut row in connection.query(sql, &values)? {
        let (key, content) = (row.int(0)?, row.blob(5)?);
        let left = room.checked_sub(weight::of_log_record(&content));
        if left.is_none() && !logs.is_empty() {
            more = true;
            break;
        }
        room = left.unwrap_or(0);
        logs.push(described(row, &content)?);
        last = key;
    }
    Ok(LogPage {
        logs,
        next_page_token: more.then(|| last.to_string()),
    })
}

/// The last record of a page, which ends when it has [`answer::PAGE`] bytes, and whether there are others behind it.
fn end(connection: &mut dyn Connection, wanted: &Wanted) -> Result<(i64, bool), ApiError> {
    let sql = "SELECT log_key, octet_length(content) FROM log_records WHERE trace_id = $1 AND log_key > $2 ORDER BY log_key LIMIT $3";
    // One more says whether there is a next page.
    let values = [(&wanted.trace_id).into(), wanted.after.into(), int(wanted.length + 1)];
    let (mut last, mut length, mut bytes) = (wanted.after, 0, 0);
    for row in connection.query(sql, &values)? {
        bytes += usize::try_from(row.int(1)?).unwrap_or(usize::MAX);
        if length == wanted.length || length > 0 && bytes > answer::PAGE {
            return Ok((last, true));
        }
        last = row.int(0)?;
        length += 1;
    }
    Ok((last, false))
}

fn int(value: usize) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn described(mut row: Row, content: &[u8]) -> Result<Json, ApiError> {
    // What this server has written is always a record.
    let record = LogRecord::decode(content).unwrap_or_default();
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
