//! The schema, in versions. A migration that was released is never changed: what follows is a new one.

use super::{Connection, DatabaseError, Dialect};
use crate::app::now_ms;

/// The statements of each version, in order. What the databases call differently stands in braces.
const VERSIONS: &[&str] = &[
    include_str!("migration/0001_first.sql"),
    include_str!("migration/0002_skeleton.sql"),
];

/// Holds back other servers that start at the same time, on PostgreSQL. Any number will do that no other program uses.
const LOCK: i64 = 0x6c6f_6164_7370_616e;

/// Brings the schema up to this version.
///
/// # Errors
///
/// The database says no, has a schema that is newer than this program, or belongs to another program.
pub(crate) fn migrate(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    migrate_to(connection, VERSIONS)
}

/// That the schema is the one that this program knows. For those who work on a database beside a server, which may be of another
/// version: they neither bring it up to date nor guess what it is.
///
/// # Errors
///
/// It has another one, or none, or cannot be asked.
pub(crate) fn check(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    if !has_table(connection, "schema_version")? {
        let message = "it is no database of loadspan: name another, or start `loadspan serve` with it first";
        return Err(DatabaseError::Permanent(message.to_owned()));
    }
    let found = found(connection)?;
    match usize::try_from(found) {
        Ok(found) if found == VERSIONS.len() => Ok(()),
        Ok(found) if found < VERSIONS.len() => Err(DatabaseError::Permanent(format!(
            "it has schema version {found}, and this loadspan has {}: start `loadspan serve` of this version with it first, or use an \
             older loadspan",
            VERSIONS.len()
        ))),
        _ => Err(newer(found, VERSIONS.len())),
    }
}

fn migrate_to(connection: &mut dyn Connection, versions: &[&str]) -> Result<(), DatabaseError> {
    begin(connection)?;
    match missing(connection, versions).and_then(|missing| apply(connection, missing)) {
        Ok(()) => connection.batch("COMMIT"),
        Err(error) => {
            // What matters is why it failed; without a commit nothing stays.
            drop(connection.batch("ROLLBACK"));
            Err(error)
        }
    }
}

/// A transaction of the only one that migrates.
fn begin(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    match connection.dialect() {
        Dialect::Sqlite => connection.batch("BEGIN IMMEDIATE"),
        // Not as writers do: what is read when the lock is there must be what the one before has committed.
        Dialect::Postgres => {
            connection.batch(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0",
            )?;
            connection.batch(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
        }
    }
}

/// Versions that the database lacks, with their numbers.
fn missing<'a>(
    connection: &mut dyn Connection,
    versions: &[&'a str],
) -> Result<impl Iterator<Item = (i64, &'a str)> + use<'a>, DatabaseError> {
    let has_versions = has_table(connection, "schema_version")?;
    if !has_versions && has_table(connection, "alembic_version")? {
        let message = "it is the database of another program (of MLflow's own server?): name a new one";
        return Err(DatabaseError::Permanent(message.to_owned()));
    }
    connection.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
    let found = found(connection)?;
    let known = versions.len();
    match usize::try_from(found) {
        Ok(found) if found <= known => {
            let missing: Vec<_> = (1..).zip(versions.iter().copied()).skip(found).collect();
            Ok(missing.into_iter())
        }
        _ => Err(newer(found, known)),
    }
}

/// The version of the schema that is there.
fn found(connection: &mut dyn Connection) -> Result<i64, DatabaseError> {
    let row = connection.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version", &[])?;
    row.map_or(Ok(0), |row| row.int(0))
}

fn newer(found: i64, known: usize) -> DatabaseError {
    DatabaseError::Permanent(format!(
        "it has schema version {found}, and this loadspan knows versions up to {known}: use a newer loadspan"
    ))
}

fn apply<'a>(
    connection: &mut dyn Connection,
    missing: impl Iterator<Item = (i64, &'a str)>,
) -> Result<(), DatabaseError> {
    for (version, statements) in missing {
        let applied = connection.batch(&in_dialect(statements, connection.dialect()));
        applied.map_err(|error| error.context(format_args!("schema version {version}")))?;
        connection.execute("INSERT INTO schema_version (version) VALUES ($1)", &[version.into()])?;
        if version == 1 {
            make_default_experiment(connection)?;
        }
    }
    Ok(())
}

/// MLflow's clients count on experiment 0.
fn make_default_experiment(connection: &mut dyn Connection) -> Result<(), DatabaseError> {
    let now = now_ms();
    let made = connection.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
         VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', $1, $2)",
        &[now.into(), now.into()],
    );
    made.map(drop)
}

fn has_table(connection: &mut dyn Connection, name: &str) -> Result<bool, DatabaseError> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
        Dialect::Postgres => "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
    };
    Ok(connection.query_one(sql, &[name.into()])?.is_some())
}

fn in_dialect(statements: &str, dialect: Dialect) -> String {
    let words = match dialect {
        Dialect::Sqlite => [
            ("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
            ("{key}", "INTEGER PRIMARY KEY"),
            ("{int}", "INTEGER"),
            ("{real}", "REAL"),
            ("{blob}", "BLOB"),
            ("{clustered}", "WITHOUT ROWID"),
            ("{nulls_last}", ""),
        ],
        Dialect::Postgres => [
            ("{id}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
            ("{key}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
            ("{int}", "BIGINT"),
            ("{real}", "DOUBLE PRECISION"),
            ("{blob}", "BYTEA"),
            ("{clustered}", ""),
            ("{nulls_last}", "NULLS LAST"),
        ],
    };
    words
        .iter()
        .fold(statements.to_owned(), |text, (word, means)| text.replace(word, means))
}

#[cfg(test)]
mod tests;
