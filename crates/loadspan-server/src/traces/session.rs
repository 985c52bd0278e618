//! Sessions as a list shows them: what their traces add up to, which models answered, and how they began.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::database::Connection;
use crate::error::ApiError;
use crate::search::{SessionPage, SessionRow};
use crate::tracking::in_lists;

/// Latest traces of a session whose models are told.
const TRACES: i64 = 20;
/// Spans of all traces whose models are told.
const SPANS: i64 = 100_000;
/// Characters of a preview, and of what is read for it.
const PREVIEW: usize = 200;
const READ: i64 = 2_000;

/// A page of sessions, the one with the latest activity first.
#[derive(Debug, Serialize)]
pub(crate) struct Sessions {
    sessions: Vec<Session>,
    /// How many there are, as far as was looked.
    total: i64,
    /// Whether all traces were looked at. Where a filter is about spans, only so many are.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Session {
    session_id: String,
    experiment_id: String,
    start_ms: i64,
    end_ms: i64,
    traces: i64,
    errors: i64,
    /// What its traces took together.
    duration_ms: i64,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    cost: Option<f64>,
    /// Of its latest traces.
    models: BTreeSet<String>,
    /// The first line of what was first asked.
    preview: Option<String>,
}

impl Sessions {
    /// The sessions of a page.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn load(connection: &mut dyn Connection, page: SessionPage) -> Result<Self, ApiError> {
        let mut room = SPANS;
        let sessions = page.sessions.into_iter().map(|row| {
            Ok(Session {
                models: models(connection, &row, &mut room)?,
                preview: preview(connection, &row)?,
                session_id: row.session_id,
                experiment_id: row.experiment_id.to_string(),
                start_ms: row.start_ms,
                end_ms: row.end_ms,
                traces: row.traces,
                errors: row.errors,
                duration_ms: row.duration_ms,
                input_tokens: row.input_tokens,
                output_tokens: row.output_tokens,
                cost: row.cost,
            })
        });
        Ok(Self {
            sessions: sessions.collect::<Result<_, ApiError>>()?,
            total: page.total,
            complete: page.complete,
            next_page_token: page.next,
        })
    }
}

/// The traces of a session, in words that its index knows.
const OF_SESSION: &str = "FROM traces WHERE experiment_id = $1 AND session_id IS NOT NULL \
                          AND substr(session_id, 1, 64) = substr(CAST($2 AS TEXT), 1, 64) AND session_id = $2";

fn models(connection: &mut dyn Connection, session: &SessionRow, room: &mut i64) -> Result<BTreeSet<String>, ApiError> {
    let sql = format!("SELECT trace_key, spans {OF_SESSION} ORDER BY request_time DESC, trace_key DESC LIMIT {TRACES}");
    let mut keys = Vec::new();
    for row in connection.query(&sql, &[session.experiment_id.into(), (&session.session_id).into()])? {
        *room -= row.int(1)?;
        if *room < 0 {
            break;
        }
        keys.push(row.int(0)?);
    }
    let mut models = BTreeSet::new();
    for (places, keys) in in_lists(1, &keys) {
        let sql = format!("SELECT DISTINCT model FROM spans WHERE trace_key IN ({places}) AND model IS NOT NULL");
        for mut row in connection.query(&sql, &keys)? {
            models.insert(row.text(0)?);
        }
    }
    Ok(models)
}

fn preview(connection: &mut dyn Connection, session: &SessionRow) -> Result<Option<String>, ApiError> {
    let sql = format!(
        "SELECT substr(request_preview, 1, {READ}) {OF_SESSION} AND request_preview IS NOT NULL ORDER BY request_time, trace_key LIMIT 1"
    );
    let row = connection.query_one(&sql, &[session.experiment_id.into(), (&session.session_id).into()])?;
    let text = match row {
        Some(mut row) => row.text(0)?,
        None => return Ok(None),
    };
    Ok(first_line(&text))
}

/// The first line of a preview, which may be JSON of a text, and that may be cut off.
fn first_line(preview: &str) -> Option<String> {
    let quoted = preview.starts_with('"').then(|| {
        let whole = serde_json::from_str(preview);
        whole.or_else(|_| serde_json::from_str(&format!("{}\"", preview.trim_end_matches(['.', '\\']))))
    });
    let text = match quoted {
        Some(Ok(text)) => text,
        _ => preview.to_owned(),
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(PREVIEW).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_a_line_of_what_was_asked() {
        for (preview, line) in [
            ("\n  why?\nplease", Some("why?")),
            (r#""why?\nplease""#, Some("why?")),
            (r#""a long question\nthat is cut o..."#, Some("a long question")),
            (r#"{"question": "why?"}"#, Some(r#"{"question": "why?"}"#)),
            (" \n", None),
        ] {
            assert_eq!(first_line(preview).as_deref(), line, "{preview}");
        }
        assert_eq!(first_line(&"ä".repeat(300)), Some("ä".repeat(PREVIEW)));
    }
}
