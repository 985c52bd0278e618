//! A connection to SQLite.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, params_from_iter};

use super::functions;
use super::wal::Upkeep;
use super::watch::Watch;
use crate::database::row::Cell;
use crate::database::{Allowance, Connection, DatabaseError, Dialect, Insert, Row, Step, Value, text};

/// After how many steps of SQLite's machine the time is looked at: some tens of microseconds.
const STEPS: i32 = 10_000;

pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    role: Role,
}

enum Role {
    Reads(Watch),
    Writes(Upkeep),
}

impl SqliteConnection {
    pub(super) fn reading(mut connection: rusqlite::Connection) -> Result<Self, DatabaseError> {
        let watch = Watch::default();
        functions::register(&connection, &watch)?;
        let watched = watch.clone();
        connection.progress_handler(STEPS, Some(move || watched.is_over()))?;
        Ok(Self {
            connection,
            role: Role::Reads(watch),
        })
    }

    pub(super) fn writing(mut connection: rusqlite::Connection, upkeep: Upkeep) -> Result<Self, DatabaseError> {
        functions::register(&connection, &Watch::default())?;
        upkeep.watch(&mut connection)?;
        Ok(Self {
            connection,
            role: Role::Writes(upkeep),
        })
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
            Role::Reads(_) => {
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
            // There is one writer: it is alone in any case.
            Step::Begin | Step::BeginAlone => self.begin(),
            Step::Save => self.run("SAVEPOINT job"),
            Step::Keep => self.run("RELEASE job"),
            Step::Undo => self.run("ROLLBACK TO job").and_then(|()| self.run("RELEASE job")),
            Step::Commit => self.commit(),
            // Some errors, that of a full disk for one, have rolled back already.
            Step::Rollback if self.connection.is_autocommit() => Ok(()),
            Step::Rollback => {
                // Its end must not be interrupted because nobody waits for it.
                if let Role::Reads(watch) = &self.role {
                    watch.allow(None);
                }
                self.run("ROLLBACK")
            }
        }
    }

    fn allow(&mut self, allowance: Allowance) {
        if let Role::Reads(watch) = &self.role {
            watch.allow(Some(allowance));
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        Ok(self.prepare(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let mut found = Vec::new();
        collect(&mut self.prepare(sql)?, values, |row| {
            if let Role::Reads(watch) = &self.role {
                watch.take(row.bytes())?;
            }
            found.push(row);
            Ok(())
        })?;
        Ok(found)
    }

    fn insert(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<(), DatabaseError> {
        let mut statement = self.prepare(&insert_one(insert))?;
        for row in values.chunks_exact(insert.columns) {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    fn insert_returning(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let mut statement = self.prepare(&insert_one(insert))?;
        let mut found = Vec::with_capacity(values.len() / insert.columns);
        for row in values.chunks_exact(insert.columns) {
            collect(&mut statement, row, |row| {
                found.push(row);
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn batch(&mut self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.connection.execute_batch(sql)?)
    }
}

fn insert_one(insert: &Insert<'_>) -> String {
    let places: Vec<String> = (1..=insert.columns).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    format!("INSERT INTO {} VALUES ({places}) {}", insert.into, insert.otherwise)
}

/// Runs a statement to its end, or until its rows are refused.
fn collect(
    statement: &mut CachedStatement<'_>,
    values: &[Value<'_>],
    mut take: impl FnMut(Row) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
        take(Row::new(cells.collect::<Result<_, _>>()?))?;
    }
    Ok(())
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
