//! Databases for tests.

use loadspan_record::Secret;

use crate::config::Durability;
use crate::database::{Access, Database, DatabaseError, Postgres, Sqlite};

/// Runs a test of the database itself on a new one of SQLite, and on PostgreSQL when `LOADSPAN_TEST_POSTGRES` has a URL.
pub(crate) fn each_empty_database(test: impl Fn(&dyn Database)) {
    let folder = tempfile::tempdir().expect("a folder for tests");
    test(&Sqlite::new(folder.path().join("loadspan.db"), Durability::Process));
    if let Some(schema) = PostgresSchema::make() {
        test(&schema.database());
    }
}

/// A schema of PostgreSQL that goes with this, as if it were a database.
pub(crate) struct PostgresSchema {
    server: String,
    name: String,
}

impl PostgresSchema {
    /// A new one. `None`: there is no PostgreSQL to test with.
    pub(crate) fn make() -> Option<Self> {
        let server = std::env::var("LOADSPAN_TEST_POSTGRES").ok()?;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let made = on_server(&server, &format!("CREATE SCHEMA {name}"));
        made.expect("a PostgreSQL that answers, and the right to make schemas");
        Some(Self { server, name })
    }

    pub(crate) fn database(&self) -> Postgres {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        let name = &self.name;
        let options = format!("application_name={name}&options=-c%20search_path%3D{name}");
        postgres(format!("{}{separator}{options}", self.server))
    }
}

impl Drop for PostgresSchema {
    fn drop(&mut self) {
        // A schema that stays does no harm, and hides no failure of the test.
        drop(on_server(&self.server, &format!("DROP SCHEMA {} CASCADE", self.name)));
    }
}

fn on_server(server: &str, statement: &str) -> Result<(), DatabaseError> {
    postgres(server.to_owned()).connect(Access::Write)?.batch(statement)
}

fn postgres(url: String) -> Postgres {
    Postgres::new(&Secret::new(url), Durability::Process).expect("the URL of a database")
}
