//! A connection to SQLite.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, params_from_iter};

use super::wal::Upkeep;
use crate::database::row::Cell;
use crate::database::{Connection, DatabaseError, Dialect, Insert, Row, Step, Value, text};

/// How long a transaction may read.
const READ_TIME: Duration = Duration::from_secs(30);
/// After how many steps of SQLite's machine the time is looked at: some tens of microseconds.
const STEPS: i32 = 10_000;

pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    role: Role,
}

enum Role {
    Reads(Arc<Deadline>),
    Writes(Upkeep),
}

impl SqliteConnection {
    pub(super) fn reading(mut connection: rusqlite::Connection) -> Result<Self, DatabaseError> {
        let deadline = Arc::new(Deadline::new());
        let watched = Arc::clone(&deadline);
        connection.progress_handler(STEPS, Some(move || watched.is_over()))?;
        Ok(Self {
            connection,
            role: Role::Reads(deadline),
        })
    }

    pub(super) fn writing(mut connection: rusqlite::Connection, upkeep: Upkeep) -> Result<Self, DatabaseError> {
        upkeep.watch(&mut connection)?;
        Ok(Self {
            connection,
            role: Role::Writes(upkeep),
        })
    }

    /// Ends the time of a reader.
    #[cfg(test)]
    pub(super) fn end_now(&self) {
        if let Role::Reads(deadline) = &self.role {
            deadline.over_at_ms.store(0, Ordering::Relaxed);
        }
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, DatabaseError> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    fn run(&self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.prepare(sql)?.raw_execute().map(drop)?)
    }

    fn begin(&mut self) -> Result<(), DatabaseError> {
        match &mut self.role {
            Role::Writes(upkeep) => {
                upkeep.before_transaction(&self.connection);
                self.run("BEGIN IMMEDIATE")
            }
            Role::Reads(deadline) => {
                deadline.start();
                self.run("BEGIN")?;
                // A transaction begins with its first query: it is to see what is there now.
                let seen = self.query("SELECT 1 FROM sqlite_schema LIMIT 1", &[]);
                if seen.is_err() {
                    self.run("ROLLBACK")?;
                }
                seen.map(drop)
            }
        }
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        self.run("COMMIT")?;
        if let Role::Writes(upkeep) = &mut self.role {
            upkeep.after_commit();
        }
        Ok(())
    }
}

impl Connection for SqliteConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn step(&mut self, step: Step) -> Result<(), DatabaseError> {
        match step {
            Step::Begin => self.begin(),
            Step::Save => self.run("SAVEPOINT job"),
            Step::Keep => self.run("RELEASE job"),
            Step::Undo => self.run("ROLLBACK TO job").and_then(|()| self.run("RELEASE job")),
            Step::Commit => self.commit(),
            // Some errors, that of a full disk for one, have rolled back already.
            Step::Rollback if self.connection.is_autocommit() => Ok(()),
            Step::Rollback => self.run("ROLLBACK"),
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        Ok(self.prepare(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let mut statement = self.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
            found.push(Row::new(cells.collect::<Result<_, _>>()?));
        }
        Ok(found)
    }

    fn insert(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<(), DatabaseError> {
        let places: Vec<String> = (1..=insert.columns).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let sql = format!("INSERT INTO {} VALUES ({places}) {}", insert.into, insert.otherwise);
        let mut statement = self.prepare(&sql)?;
        for row in values.chunks_exact(insert.columns) {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.connection.execute_batch(sql)?)
    }
}

/// When a transaction must have ended; watched while SQLite works.
struct Deadline {
    epoch: Instant,
    over_at_ms: AtomicU64,
}

impl Deadline {
    fn new() -> Self {
        Self {
            epoch: Instant::now(),
            over_at_ms: AtomicU64::new(u64::MAX),
        }
    }

    fn start(&self) {
        self.over_at_ms
            .store(millis(self.epoch.elapsed() + READ_TIME), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        millis(self.epoch.elapsed()) > self.over_at_ms.load(Ordering::Relaxed)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(value) => ToSqlOutput::Borrowed(ValueRef::Integer(value)),
            Value::Real(value) => ToSqlOutput::Borrowed(ValueRef::Real(value)),
            Value::Text(value) => match text::encode(value) {
                Cow::Borrowed(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
                Cow::Owned(text) => text.into(),
            },
            Value::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(value) => Cell::Text(text::decode(String::from_utf8_lossy(value).into_owned())),
        ValueRef::Blob(value) => Cell::Blob(value.to_vec()),
    }
}
