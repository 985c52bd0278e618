//! A session with the server, in which nothing is waited for without end: a server that hangs, or whose machine is gone, ends nothing by
//! itself.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Error, NoTls, Row, RowStream, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error;
use crate::database::DatabaseError;

/// How long a session may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Where the server is, and how to talk to it.
pub(super) struct Target<'a> {
    pub(super) config: &'a Config,
    pub(super) tls: Option<&'a MakeRustlsConnect>,
    /// How long it may take until there is a session.
    pub(super) connect: Duration,
    /// How long it may take until a statement is answered.
    pub(super) patience: Duration,
}

/// A session. It belongs to a thread that may block, and lives while that thread waits for it.
pub(super) struct Session {
    /// `None` while it ends.
    client: Option<Client>,
    conversation: Option<JoinHandle<()>>,
    runtime: Runtime,
    patience: Duration,
    /// Something was not answered: what comes now may be the answer to that.
    is_lost: Cell<bool>,
}

impl Session {
    /// # Errors
    ///
    /// The server cannot be reached, does not answer, or says no.
    pub(super) fn open(target: &Target<'_>) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| DatabaseError::Permanent(format!("no event loop: {error}")))?;
        let connected = runtime.block_on(async { timeout(target.connect, connect(target)).await });
        let (client, conversation) = connected.map_err(|_| no_answer())?.map_err(error::unreachable)?;
        Ok(Self {
            client: Some(client),
            conversation: Some(conversation),
            runtime,
            patience: target.patience,
            is_lost: Cell::new(false),
        })
    }

    /// Whether there is nobody at the other end any more.
    pub(super) fn is_closed(&self) -> bool {
        self.is_lost.get() || self.client().is_closed()
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<Statement, DatabaseError> {
        self.wait(self.client().prepare(sql))
    }

    pub(super) fn execute(&self, statement: &Statement, values: &Values<'_>) -> Result<u64, DatabaseError> {
        self.wait(self.client().execute(statement, values))
    }

    pub(super) fn query(&self, statement: &Statement, values: &Values<'_>) -> Result<Vec<Row>, DatabaseError> {
        self.wait(self.client().query(statement, values))
    }

    /// The rows of a query as they come.
    pub(super) fn stream(&self, statement: &Statement, values: &Values<'_>) -> Result<Rows, DatabaseError> {
        let values = values.iter().copied();
        self.wait(self.client().query_raw(statement, values)).map(Box::pin)
    }

    /// The next of them.
    pub(super) fn next(&self, rows: &mut Rows) -> Result<Option<Row>, DatabaseError> {
        self.wait(rows.try_next())
    }

    /// Statements without values.
    pub(super) fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        self.wait(self.client().batch_execute(sql))
    }

    /// The same, however long it takes.
    pub(super) fn batch_to_the_end(&self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.runtime.block_on(self.client().batch_execute(sql))?)
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until the session ends")
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, DatabaseError> {
        // Made within the event loop, whose clock it takes.
        match self.runtime.block_on(async { timeout(self.patience, answer).await }) {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                self.is_lost.set(true);
                Err(no_answer())
            }
        }
    }
}

/// Rows that come.
pub(super) type Rows = Pin<Box<RowStream>>;

type Values<'a> = [&'a (dyn tokio_postgres::types::ToSql + Sync)];

impl Drop for Session {
    fn drop(&mut self) {
        // Without its client the conversation says goodbye and ends.
        drop(self.client.take());
        if let Some(conversation) = self.conversation.take()
            && !self.is_lost.get()
        {
            drop(self.runtime.block_on(async { timeout(GOODBYE, conversation).await }));
        }
    }
}

async fn connect(target: &Target<'_>) -> Result<(Client, JoinHandle<()>), Error> {
    // What ends a conversation is seen by the client, in its next answer.
    Ok(match target.tls {
        Some(tls) => {
            let (client, conversation) = target.config.connect(tls.clone()).await?;
            (client, tokio::spawn(async { drop(conversation.await) }))
        }
        None => {
            let (client, conversation) = target.config.connect(NoTls).await?;
            (client, tokio::spawn(async { drop(conversation.await) }))
        }
    })
}

fn no_answer() -> DatabaseError {
    DatabaseError::Transient("the database does not answer".to_owned())
}
