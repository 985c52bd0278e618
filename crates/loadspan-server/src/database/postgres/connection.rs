//! A connection to PostgreSQL, made again when it was lost.

use std::collections::HashMap;

use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::array::Column;
use super::session::Session;
use crate::database::{Access, Allowance, Connection, DatabaseError, Dialect, Insert, Row, Step, Value};

/// Statements that a connection keeps prepared. Searches have many forms: past this, all are forgotten.
const STATEMENTS: usize = 256;
/// Bytes of rows that one statement inserts, about.
const INSERT_BYTES: usize = 16 << 20;
/// Rows that one statement inserts.
const INSERT_ROWS: usize = 10_000;

/// What readers see is what was committed when they began.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Who writes takes the turn that all share, and then does not wait long for a row: it shares its transaction with others. A lock on a
/// table is taken before the transaction looks at anything, so that it sees what those have done whom it has waited for.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '2s'; \
                     LOCK TABLE schema_version IN ROW SHARE MODE; SET LOCAL lock_timeout = '250ms'";

/// Who removes takes the turn alone.
const BEGIN_ALONE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '2s'; \
                           LOCK TABLE schema_version IN EXCLUSIVE MODE; SET LOCAL lock_timeout = '250ms'";

pub(super) struct PostgresConnection {
    database: Postgres,
    access: Access,
    session: Session,
    statements: HashMap<String, Statement>,
    /// Statements that insert many rows, by those that insert one.
    inserts: HashMap<String, Statement>,
    /// Steps of the transaction that go with the next statement, which saves a round trip each.
    pending: Vec<&'static str>,
    /// The error of a statement, after which a transaction takes no others until the job is undone.
    failed: Option<DatabaseError>,
    /// What a job that reads may take. Within a statement PostgreSQL looks at the clock itself.
    allowance: Option<Allowance>,
}

impl PostgresConnection {
    pub(super) fn new(database: Postgres, access: Access, session: Session) -> Self {
        Self {
            database,
            access,
            session,
            statements: HashMap::new(),
            inserts: HashMap::new(),
            pending: Vec::new(),
            failed: None,
            allowance: None,
        }
    }

    fn reconnect(&mut self) -> Result<(), DatabaseError> {
        let session = self.database.open(self.access)?;
        *self = Self::new(self.database.clone(), self.access, session);
        Ok(())
    }

    fn begin(&mut self, begin: &'static str) -> Result<(), DatabaseError> {
        self.failed = None;
        self.pending.clear();
        if self.session.is_closed() {
            self.reconnect()?;
        }
        if self.access == Access::Write {
            self.pending.push(begin);
            return Ok(());
        }
        // A job that reads is not run again: that the connection was lost is to be found before.
        match self.session.batch(BEGIN_READING) {
            Err(_) if self.session.is_closed() => {
                self.reconnect()?;
                self.session.batch(BEGIN_READING)
            }
            begun => begun,
        }
    }

    fn rollback(&mut self) -> Result<(), DatabaseError> {
        self.pending.clear();
        self.failed = None;
        self.allowance = None;
        if self.session.is_closed() {
            return Ok(());
        }
        // Without a transaction this is a warning, which nobody sees.
        self.session.batch("ROLLBACK")
    }

    /// Ends a job or the transaction, unless a statement has failed: PostgreSQL would roll back and call it a commit.
    fn unless_failed(&self) -> Result<(), DatabaseError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn flush(&mut self) -> Result<(), DatabaseError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let steps = std::mem::take(&mut self.pending).join("; ");
        self.session.batch(&steps)
    }

    /// Does something with the client, after the steps that go before it.
    fn with<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        let allowed = self.allowance.as_ref().map_or(Ok(()), Allowance::check);
        let done = allowed.and_then(|()| self.flush()).and_then(|()| work(self));
        if let Err(error) = &done {
            self.failed = Some(error.clone());
        }
        done
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, DatabaseError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self.session.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// The statement that inserts many rows: the types of its arrays are those of a statement that inserts one.
    fn prepared_insert(&mut self, insert: &Insert<'_>) -> Result<Statement, DatabaseError> {
        let places: Vec<String> = (1..=insert.columns).map(|place| format!("${place}")).collect();
        let one = format!(
            "INSERT INTO {} VALUES ({}) {}",
            insert.into,
            places.join(", "),
            insert.otherwise
        );
        if let Some(statement) = self.inserts.get(&one) {
            return Ok(statement.clone());
        }
        let types = self.session.prepare(&one)?;
        let arrays: Vec<String> = places
            .iter()
            .zip(types.params())
            .map(|(place, kind)| format!("{place}::{}[]", kind.name()))
            .collect();
        let many = format!(
            "INSERT INTO {} SELECT * FROM UNNEST({}) {}",
            insert.into,
            arrays.join(", "),
            insert.otherwise
        );
        let statement = self.session.prepare(&many)?;
        if self.inserts.len() >= STATEMENTS {
            self.inserts.clear();
        }
        self.inserts.insert(one, statement.clone());
        Ok(statement)
    }

    fn insert_rows(&mut self, statement: &Statement, rows: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let columns = statement.params().len();
        let arrays: Vec<_> = (0..columns)
            .map(|column| Column {
                values: rows,
                columns,
                column,
            })
            .collect();
        let arrays: Vec<_> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        self.session.query(statement, &arrays)?.iter().map(row).collect()
    }
}

impl Connection for PostgresConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn step(&mut self, step: Step) -> Result<(), DatabaseError> {
        match step {
            Step::Begin => return self.begin(BEGIN),
            Step::BeginAlone => return self.begin(BEGIN_ALONE),
            Step::Rollback => return self.rollback(),
            Step::Save => self.pending.push("SAVEPOINT job"),
            Step::Keep => {
                self.unless_failed()?;
                self.pending.push("RELEASE SAVEPOINT job");
            }
            Step::Undo => {
                self.failed = None;
                self.pending
                    .extend(["ROLLBACK TO SAVEPOINT job", "RELEASE SAVEPOINT job"]);
            }
            Step::Commit => {
                self.unless_failed()?;
                self.pending.push("COMMIT");
                return self.flush();
            }
        }
        Ok(())
    }

    fn allow(&mut self, allowance: Allowance) {
        self.allowance = (self.access == Access::Read).then_some(allowance);
    }

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        self.with(|this| {
            let statement = this.prepared(sql)?;
            this.session.execute(&statement, &params(values))
        })
    }

    fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        self.with(|this| {
            let statement = this.prepared(sql)?;
            let mut rows = this.session.stream(&statement, &params(values))?;
            let mut found = Vec::new();
            while let Some(next) = this.session.next(&mut rows)? {
                let next = row(&next)?;
                if let Some(allowance) = &mut this.allowance {
                    allowance.take(next.bytes())?;
                }
                found.push(next);
            }
            Ok(found)
        })
    }

    fn insert(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<(), DatabaseError> {
        self.insert_returning(insert, values).map(drop)
    }

    fn insert_returning(&mut self, insert: &Insert<'_>, values: &[Value<'_>]) -> Result<Vec<Row>, DatabaseError> {
        self.with(|this| {
            let statement = this.prepared_insert(insert)?;
            let mut found = Vec::new();
            for rows in chunks(values, insert.columns) {
                found.extend(this.insert_rows(&statement, rows)?);
            }
            Ok(found)
        })
    }

    fn batch(&mut self, sql: &str) -> Result<(), DatabaseError> {
        self.with(|this| this.session.batch_to_the_end(sql))
    }
}

fn row(row: &tokio_postgres::Row) -> Result<Row, DatabaseError> {
    let cells = (0..row.len()).map(|column| row.try_get(column));
    Ok(Row::new(cells.collect::<Result<_, _>>()?))
}

fn params<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Rows in parts that a statement can take.
fn chunks<'a>(values: &'a [Value<'a>], columns: usize) -> impl Iterator<Item = &'a [Value<'a>]> {
    let mut rest = values;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let rows = rest
            .chunks_exact(columns)
            .take(INSERT_ROWS)
            .take_while(|row| {
                let fits = bytes < INSERT_BYTES;
                bytes += row.iter().map(size).sum::<usize>();
                fits
            })
            .count();
        let (chunk, left) = rest.split_at(rows * columns);
        rest = left;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::Int(_) | Value::Real(_) => 8,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    }
}
