//! PostgreSQL, for when one machine is not enough: several servers may share a database.
//!
//! Transactions see what was committed when they began (`REPEATABLE READ`): where two of them change the same row, the second is told
//! so, and run again. What domain functions read before they write is therefore what they write on, as with SQLite's one writer.

mod array;
mod cell;
mod connection;
mod error;
mod tls;
mod url;
mod value;

use std::time::Duration;

use loadspan_record::Secret;
use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::connection::PostgresConnection;
use super::{Access, Claim, Connection, Database, DatabaseError};
use crate::config::Durability;

/// Connections that write: enough that one works while another waits for the disk.
const WRITERS: usize = 2;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub(crate) struct Postgres {
    config: Config,
    /// `None`: the URL does not ask for it.
    tls: Option<MakeRustlsConnect>,
    durability: Durability,
}

impl Postgres {
    /// The database at a URL: `postgresql://user:password@host:port/database?sslmode=require`.
    ///
    /// # Errors
    ///
    /// The URL makes no sense, or the certificates that it names cannot be read.
    pub(crate) fn new(url: &Secret, durability: Durability) -> Result<Self, DatabaseError> {
        let url::Target { mut config, roots } = url::parse(url.expose())?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("loadspan");
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls::connector(roots.as_deref())?),
            _ => None,
        };
        Ok(Self {
            config,
            tls,
            durability,
        })
    }

    fn open(&self, access: Access) -> Result<Client, DatabaseError> {
        let client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let mut client = client.map_err(error::unreachable)?;
        client.batch_execute(self.settings(access))?;
        Ok(client)
    }

    /// Bounds for what nobody waits for any more. The durability is the server's own unless more was asked for.
    fn settings(&self, access: Access) -> &'static str {
        match (access, self.durability) {
            (Access::Read, _) => "SET statement_timeout = '30s'; SET jit = off",
            (Access::Write, Durability::Process) => {
                "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off"
            }
            (Access::Write, Durability::Full) => {
                "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
                 SET synchronous_commit = on"
            }
        }
    }
}

impl Database for Postgres {
    fn name(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => self
                .config
                .get_hostaddrs()
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgresql://{host}:{port}/{database}")
    }

    fn connect(&self, access: Access) -> Result<Box<dyn Connection>, DatabaseError> {
        let client = self.open(access)?;
        Ok(Box::new(PostgresConnection::new(self.clone(), access, client)))
    }

    fn writers(&self) -> usize {
        WRITERS
    }

    fn claim(&self) -> Result<Option<Claim>, DatabaseError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
