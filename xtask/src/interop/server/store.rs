//! Where a server keeps what it has: each server has a database of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::postgres::Postgres;

/// What databases are made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Store<'a> {
    Sqlite,
    Postgres(&'a Postgres),
}

/// A database that a server uses.
#[derive(Debug)]
pub(super) struct Database {
    uri: String,
    asked: Asked,
}

/// How it is asked something behind the server's back.
#[derive(Debug)]
enum Asked {
    /// By the SQLite that Python has.
    File(PathBuf),
    /// By psql.
    Psql(PathBuf),
}

const ASK_FILE: &str = "import sqlite3, sys\n\
     print(sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]).fetchone()[0])";

impl Store<'_> {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// A new, empty one. `home` is made in any case.
    pub(super) fn make(self, home: &Path, name: &str) -> anyhow::Result<Database> {
        fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))?;
        match self {
            Self::Sqlite => {
                let file = home.join("loadspan.db");
                Ok(Database {
                    uri: format!("sqlite:///{}", file.display()),
                    asked: Asked::File(file),
                })
            }
            Self::Postgres(postgres) => {
                let uri = postgres.make_database(name)?;
                Ok(Database {
                    uri,
                    asked: Asked::Psql(postgres.psql()),
                })
            }
        }
    }
}

impl Database {
    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// The one value that a query gives, as text.
    pub(super) fn ask(&self, query: &str) -> anyhow::Result<String> {
        let output = match &self.asked {
            Asked::File(file) => Command::new("python3")
                .args(["-c", ASK_FILE])
                .arg(file)
                .arg(query)
                .output(),
            Asked::Psql(psql) => Command::new(psql).args([&self.uri, "-Atc", query]).output(),
        };
        let output = output.context("cannot ask the database")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{query}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A query for all values of a column, with commas between them.
    pub(super) fn listing(&self, column: &str, table: &str) -> String {
        match self.asked {
            Asked::File(_) => format!("SELECT coalesce(group_concat({column}, ','), '') FROM {table}"),
            Asked::Psql(_) => format!("SELECT coalesce(string_agg({column}::text, ','), '') FROM {table}"),
        }
    }

    /// How many rows a table has.
    pub(super) fn rows(&self, table: &str) -> anyhow::Result<u64> {
        Ok(self.ask(&format!("SELECT count(*) FROM {table}"))?.parse()?)
    }
}
