//! The traces of an experiment, as OTLP/JSON: one request of an exporter on each line, which any collector takes.

use std::io::{self, Write};

use loadspan_wire::otlp::json;

use crate::config::{Backend, ConfigError, Durability};
use crate::database::{self, Access, Connection, DatabaseError, Step, Value};
use crate::error::ApiError;
use crate::server::ServerError;
use crate::traces::export as traces;
use crate::traces::span::After;

/// Traces of one transaction.
const TRACES: i64 = 100;
/// Spans of one line.
const SPANS: usize = 2000;

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Traces.
    pub traces: u64,
    /// Spans of them.
    pub spans: u64,
}

/// Why it was not.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database cannot be read, or there is no such experiment.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// What was exported cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Writes the traces of an experiment, by its name or id, in the order of their times. What comes meanwhile may be there or not.
/// Blocks.
///
/// # Errors
///
/// The database cannot be read, there is no such experiment, or `out` takes no more.
pub fn export(backend: &Backend, experiment: &str, out: &mut dyn Write) -> Result<Exported, ExportError> {
    let database = database::of(backend, Durability::Process)
        .map_err(|error| ServerError::from(ConfigError::new("--backend-store-uri", error.to_string())))?;
    let name = database.name();
    let failed = |error: DatabaseError| {
        ExportError::Server(ServerError::Database {
            database: name.clone(),
            message: error.to_string(),
        })
    };
    let mut connection = database.connect(Access::Read).map_err(failed)?;
    let found = find(&mut *connection, experiment).map_err(failed)?;
    let id = found.ok_or_else(|| {
        let message = format!("there is no experiment with the name or id `{experiment}`");
        ServerError::from(ConfigError::new("--experiment", message))
    })?;
    let mut export = Export {
        connection: &mut *connection,
        exported: Exported::default(),
    };
    let mut after = (i64::MIN, i64::MIN);
    while let Some(last) = export.step(id, after, out).map_err(|error| error.explain(&failed))? {
        after = last;
    }
    Ok(export.exported)
}

struct Export<'a> {
    connection: &'a mut dyn Connection,
    exported: Exported,
}

enum StepError {
    Read(String),
    Write(io::Error),
}

impl Export<'_> {
    /// Some traces after the one with this time and key; the last of them, if there may be more.
    fn step(
        &mut self,
        experiment: i64,
        after: (i64, i64),
        out: &mut dyn Write,
    ) -> Result<Option<(i64, i64)>, StepError> {
        self.connection.step(Step::Begin)?;
        let sql = "SELECT request_time, trace_key FROM traces WHERE experiment_id = $1 AND (request_time, trace_key) > ($2, $3) \
                   ORDER BY request_time, trace_key LIMIT $4";
        let values = [experiment.into(), after.0.into(), after.1.into(), TRACES.into()];
        let mut last = None;
        for row in self.connection.query(sql, &values)? {
            let trace = row.int(1)?;
            last = Some((row.int(0)?, trace));
            self.write(trace, out)?;
        }
        self.connection.step(Step::Rollback)?;
        Ok(last)
    }

    fn write(&mut self, trace: i64, out: &mut dyn Write) -> Result<(), StepError> {
        let mut next = Some(After::default());
        while let Some(after) = next {
            let (request, rest) = traces::page(self.connection, (trace, &after), SPANS)?;
            let scopes = request.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
            let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
            if spans > 0 {
                let mut line = json::encode_traces(&request);
                line.push(b'\n');
                out.write_all(&line)?;
            }
            self.exported.spans += spans as u64;
            next = rest;
        }
        self.exported.traces += 1;
        Ok(())
    }
}

impl StepError {
    fn explain(self, failed: &dyn Fn(DatabaseError) -> ExportError) -> ExportError {
        match self {
            Self::Read(message) => failed(DatabaseError::Permanent(message)),
            Self::Write(error) => error.into(),
        }
    }
}

impl From<DatabaseError> for StepError {
    fn from(error: DatabaseError) -> Self {
        Self::Read(error.to_string())
    }
}

impl From<ApiError> for StepError {
    fn from(error: ApiError) -> Self {
        Self::Read(error.message)
    }
}

impl From<io::Error> for StepError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// By name, since names may look like ids; then by id.
fn find(connection: &mut dyn Connection, experiment: &str) -> Result<Option<i64>, DatabaseError> {
    let by_name = "SELECT experiment_id FROM experiments WHERE name = $1";
    if let Some(row) = connection.query_one(by_name, &[Value::Text(experiment)])? {
        return row.int(0).map(Some);
    }
    let Ok(id) = experiment.parse::<i64>() else {
        return Ok(None);
    };
    let by_id = "SELECT experiment_id FROM experiments WHERE experiment_id = $1";
    let row = connection.query_one(by_id, &[id.into()])?;
    row.map(|row| row.int(0)).transpose()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::testing::{TestApp, on_sqlite};

    const SENT: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"},{"traceId":"01010101010101010101010101010101","spanId":"0303030303030303","parentSpanId":"0202020202020202","name":"b","startTimeUnixNano":"1","endTimeUnixNano":"2"}],"schemaUrl":"https://x"}]}]}"#;

    async fn send(app: &TestApp) {
        let request = Request::post("/v1/traces").header("content-type", "application/json");
        let answer = app.send(request.body(SENT.into()).unwrap()).await;
        assert!(answer.status().is_success());
    }

    fn exported(app: &TestApp, experiment: &str) -> Result<(Exported, String), ExportError> {
        let backend = Backend::Sqlite(app.folder().join("loadspan.db"));
        let mut out = Vec::new();
        let exported = export(&backend, experiment, &mut out)?;
        Ok((exported, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn what_came_in_goes_out() {
        on_sqlite(async |app| {
            send(&app).await;
            let (exported, text) = exported(&app, "shop").unwrap();
            assert_eq!(exported, Exported { traces: 1, spans: 2 });
            let lines: Vec<_> = text
                .lines()
                .map(|line| json::decode_traces(line.as_bytes()).unwrap())
                .collect();
            assert_eq!(lines, [json::decode_traces(SENT.as_bytes()).unwrap()]);
        });
    }

    #[test]
    fn experiments_are_named_or_numbered() {
        on_sqlite(async |app| {
            assert_eq!(exported(&app, "Default").unwrap().0, Exported::default());
            assert_eq!(exported(&app, "0").unwrap().0, Exported::default());
            let error = exported(&app, "nothing").unwrap_err().to_string();
            assert!(error.contains("--experiment") && error.contains("`nothing`"), "{error}");
        });
    }
}
