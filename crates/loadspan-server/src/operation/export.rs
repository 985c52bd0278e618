//! The traces of an experiment, for other programs: as OTLP, or as a table.

mod otlp;
mod parquet;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use self::otlp::Lines;
use self::parquet::Table;
use crate::config::{Backend, ConfigError, Durability};
use crate::database::{self, Access, Connection, DatabaseError, Step, Value};
use crate::error::ApiError;
use crate::server::ServerError;
use crate::traces::export as traces;
use crate::traces::span::{After, StoredSpan};

/// Traces of one transaction.
const TRACES: i64 = 100;

/// What is exported, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportConfig {
    /// The experiment, by its name or id.
    pub experiment: String,
    /// What its traces are written as.
    pub format: ExportFormat,
}

/// What traces are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// OTLP/JSON: one request of an exporter on each line, which any collector takes.
    OtlpJson,
    /// A table in Parquet: a row for each span.
    Parquet,
}

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

/// Writes the traces of an experiment in the order of their times. What comes meanwhile may be there or not. Blocks.
///
/// # Errors
///
/// The database cannot be read, there is no such experiment, or `out` takes no more.
pub fn export(backend: &Backend, config: &ExportConfig, out: &mut (dyn Write + Send)) -> Result<Exported, ExportError> {
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
    database::check(&mut *connection).map_err(failed)?;
    let found = find(&mut *connection, &config.experiment).map_err(failed)?;
    let id = found.ok_or_else(|| {
        let message = format!("there is no experiment with the name or id `{}`", config.experiment);
        ServerError::from(ConfigError::new("--experiment", message))
    })?;
    let exported = match config.format {
        ExportFormat::OtlpJson => write(&mut *connection, id, Lines::new(out)),
        ExportFormat::Parquet => Table::new(out)
            .map_err(StepError::Write)
            .and_then(|table| write(&mut *connection, id, table)),
    };
    exported.map_err(|error| error.explain(&failed))
}

/// What spans are written to. Nothing is written while the database is read: whoever takes what is exported may be slow.
trait Sink {
    /// A trace begins, of which the spans follow.
    fn trace(&mut self, connection: &mut dyn Connection, trace: i64) -> Result<(), StepError>;

    /// Keeps some spans of it until they are written.
    fn keep(&mut self, connection: &mut dyn Connection, spans: Vec<StoredSpan>) -> Result<(), StepError>;

    /// Whether it is time to write.
    fn is_full(&self) -> bool;

    /// Writes what can be written.
    fn write(&mut self) -> io::Result<()>;

    /// Writes the rest.
    fn finish(self) -> io::Result<()>;
}

fn write(connection: &mut dyn Connection, experiment: i64, sink: impl Sink) -> Result<Exported, StepError> {
    let mut export = Export {
        connection,
        sink,
        exported: Exported::default(),
    };
    let mut next = Some(Position::default());
    while let Some(position) = next {
        next = export.step(experiment, position)?;
        export.sink.write()?;
    }
    export.sink.finish()?;
    Ok(export.exported)
}

/// How far it went.
struct Position {
    /// Time and key of the last trace that was looked at.
    trace: (i64, i64),
    /// Where the rest of it begins, if there is one.
    rest: Option<After>,
}

impl Default for Position {
    /// At the first.
    fn default() -> Self {
        Self {
            trace: (i64::MIN, i64::MIN),
            rest: None,
        }
    }
}

struct Export<'a, S> {
    connection: &'a mut dyn Connection,
    sink: S,
    exported: Exported,
}

enum StepError {
    Read(String),
    Write(io::Error),
}

impl<S: Sink> Export<'_, S> {
    /// What one transaction reads: until there is enough to write, or many traces are done. `None`: there is nothing left.
    fn step(&mut self, experiment: i64, from: Position) -> Result<Option<Position>, StepError> {
        self.connection.step(Step::Begin)?;
        let position = self.read(experiment, from)?;
        self.connection.step(Step::Rollback)?;
        Ok(position)
    }

    fn read(&mut self, experiment: i64, mut position: Position) -> Result<Option<Position>, StepError> {
        if let Some(rest) = position.rest.take() {
            position.rest = self.spans(position.trace.1, rest)?;
            if self.sink.is_full() {
                return Ok(Some(position));
            }
        }
        let sql = "SELECT request_time, trace_key FROM traces WHERE experiment_id = $1 AND (request_time, trace_key) > ($2, $3) \
                   ORDER BY request_time, trace_key LIMIT $4";
        let (time, key) = position.trace;
        let values = [experiment.into(), time.into(), key.into(), TRACES.into()];
        let rows = self.connection.query(sql, &values)?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in rows {
            position.trace = (row.int(0)?, row.int(1)?);
            self.sink.trace(self.connection, position.trace.1)?;
            self.exported.traces += 1;
            position.rest = self.spans(position.trace.1, After::default())?;
            if self.sink.is_full() {
                break;
            }
        }
        Ok(Some(position))
    }

    /// Spans of a trace, until there is enough to write; where the rest begins, if there is one.
    fn spans(&mut self, trace: i64, from: After) -> Result<Option<After>, StepError> {
        let mut next = Some(from);
        while let Some(after) = next {
            let (spans, rest) = traces::page(self.connection, (trace, &after))?;
            self.exported.spans += spans.len() as u64;
            if !spans.is_empty() {
                self.sink.keep(self.connection, spans)?;
            }
            next = rest;
            if self.sink.is_full() {
                break;
            }
        }
        Ok(next)
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
        Self::Read(error.in_full())
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
