//! PostgreSQL, for when one machine is not enough: several servers may share a database.
//!
//! Transactions see what was committed when they began (`REPEATABLE READ`): where two of them change the same row, the second is told
//! so, and run again. That is not enough where one relies on a row that another one removes, which are different rows: a run is made
//! while its experiment is deleted. Nor would it be enough to lock what one relies on: who removes may have begun to look before the
//! lock was there. Therefore there are two turns, for all servers of a database: those who add and change have it together, those who
//! remove have it alone ([`Step::BeginAlone`](super::Step)). What domain functions read before they write is then what they write on, as
//! with SQLite's one writer.

mod array;
mod cell;
mod connection;
mod error;
mod session;
mod tls;
mod url;
mod value;

use std::time::Duration;

use loadspan_record::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::connection::PostgresConnection;
use self::session::{Session, Target};
use super::{Access, Claim, Connection, Database, DatabaseError};
use crate::config::Durability;

/// Connections that write: enough that one works while another waits for the disk.
const WRITERS: usize = 2;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long nothing may be heard of the server's machine.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a statement of a reader, or of a writer, may take: the server ends it then.
const READ_TIME: Duration = Duration::from_secs(30);
const WRITE_TIME: Duration = Duration::from_secs(20);
/// How much later than the server itself we give it up.
const GRACE: Duration = Duration::from_secs(5);

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
        // Whatever the URL says of these, a machine that is gone must be found out.
        config
            .keepalives(true)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        config.keepalives_interval(SILENCE / 5).keepalives_retries(3);
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

    fn open(&self, access: Access) -> Result<Session, DatabaseError> {
        let connect = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
        let session = Session::open(&Target {
            config: &self.config,
            tls: self.tls.as_ref(),
            // That is how long the network may take; then the server greets.
            connect: connect * 2,
            patience: GRACE
                + match access {
                    Access::Read => READ_TIME,
                    Access::Write => WRITE_TIME,
                },
        })?;
        session.batch(&self.settings(access))?;
        Ok(session)
    }

    /// Bounds for what nobody waits for any more. The durability is the server's own unless more was asked for.
    fn settings(&self, access: Access) -> String {
        let time = match access {
            Access::Read => format!("SET statement_timeout = {}", READ_TIME.as_millis()),
            // A server that stands still in a transaction must not hold up the others for long.
            Access::Write => format!(
                "SET statement_timeout = {}; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'",
                WRITE_TIME.as_millis()
            ),
        };
        let durability = match (access, self.durability) {
            (Access::Write, Durability::Full) => "; SET synchronous_commit = on",
            _ => "",
        };
        format!("{time}; SET jit = off{durability}")
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
        let session = self.open(access)?;
        Ok(Box::new(PostgresConnection::new(self.clone(), access, session)))
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
