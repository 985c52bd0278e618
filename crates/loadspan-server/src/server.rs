//! A server: its listeners, its store, and how it stops.

mod connection;
mod idle;
mod listen;
mod place;
mod rest;
#[cfg(test)]
mod tests;
mod tls;

#[cfg(test)]
pub(crate) use tests::test_config;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::connection::{Door, Phase};
use self::listen::Listeners;
use self::place::Places;
use crate::app::{App, Shared};
use crate::artifacts::Artifacts;
use crate::config::{ConfigError, ServerConfig};
use crate::database::{self, DatabaseError};
use crate::http::guard::{Guard, Speaks};
use crate::http::observe::Observer;
use crate::operation::{About, Entrance, Forwarder, Journal, Meters, Outlet, Signal, Upkeep};
use crate::store::{Closed, Store};
use crate::translate::PriceTable;
use crate::{grpc, http};

/// How long requests in flight may take when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long what is to be passed on may take then.
const FORWARD: Duration = Duration::from_secs(5);

/// The ports, in the order of [`Listeners::all`].
const ENTRANCES: [Entrance; 3] = [Entrance::Main, Entrance::OtlpGrpc, Entrance::OtlpHttp];

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address cannot be had.
    #[error("cannot listen on {address}, {flag}: {source}")]
    Listen {
        /// The flag that has the port.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database {database}: {message}")]
    Database {
        /// Its path, or its URL without password.
        database: String,
        /// Why, and what to do.
        message: String,
    },
    /// What was collected is gone from the database, but its artifacts are not.
    #[error("some artifacts of what was deleted are left: {0}; to be tried again by the server, or with `serve gc`")]
    Artifacts(String),
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The tracking API, and OTLP over HTTP.
    pub main: SocketAddr,
    /// OTLP over gRPC, if that is served.
    pub otlp_grpc: Option<SocketAddr>,
    /// OTLP over HTTP alone, if that has a port of its own.
    pub otlp_http: Option<SocketAddr>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut off, because their requests took too long.
    pub cut_off: usize,
    /// Whether the database has finished what was begun. What was acknowledged is stored in either case.
    pub finished: bool,
    /// What was stored since the start.
    pub stored: Stored,
}

/// What a server has stored of what came over OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Spans.
    pub spans: u64,
    /// Points of metrics.
    pub points: u64,
    /// Log records.
    pub records: u64,
}

impl Stored {
    fn of(meters: &Meters) -> Self {
        let stored = |signal| meters.ledger(signal).stored();
        Self {
            spans: stored(Signal::Traces),
            points: stored(Signal::Metrics),
            records: stored(Signal::Logs),
        }
    }
}

/// A server that listens: who connects waits until [`Server::serve`] begins.
pub struct Server {
    listeners: Listeners,
    app: App,
    guard: Guard,
    tls: Option<TlsAcceptor>,
    upkeep: Upkeep,
    journal: Journal,
}

impl Server {
    /// Takes the ports, then opens the database and the place of artifacts. Warnings go to `outlet`, now and later.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, a port is taken, or the database cannot be opened.
    pub async fn bind(config: ServerConfig, outlet: Outlet) -> Result<Self, ServerError> {
        let guard = Guard::build(&config)?;
        let tls = config.security.tls.as_ref().map(tls::acceptor).transpose()?;
        let listeners = Listeners::bind(&config).await.map_err(|error| in_use(error, &config))?;
        let journal = Journal::start(outlet);
        listeners.warnings().for_each(|warning| journal.warn(warning));
        let forward = config.forward.as_ref();
        if let Some(forward) = forward {
            listeners.check_is_other(&forward.url)?;
        }
        let forward = forward.map(|forward| Forwarder::start(forward, &journal)).transpose()?;
        let app = open(&config, forward).await?;
        if let Ok(addresses) = listeners.addresses() {
            app.meters.arrivals().introduce(About {
                addresses,
                retention: config.retention,
            });
        }
        Ok(Self {
            app,
            upkeep: Upkeep::of(&config),
            listeners,
            guard,
            tls,
            journal,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn addresses(&self) -> std::io::Result<Addresses> {
        self.listeners.addresses()
    }

    /// Serves until `shutdown` is done. Then it takes no more connections, answers what is in flight, finishes what is to be written,
    /// and closes the database.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Stopped {
        let (phase, phases) = watch::channel(Phase::Serving);
        let places = Places::new(&self.app);
        let routers = self.routers();
        for ((listener, router), entrance) in self.listeners.all().into_iter().zip(routers).zip(ENTRANCES) {
            let door = Door::new(router, self.tls.clone(), phases.clone());
            let door = door.watched((self.app.clone(), entrance));
            if let Some(listener) = listener {
                tokio::spawn(door.accept_all(listener, places.clone()));
            }
        }
        let upkeep = tokio::spawn(self.upkeep.run(self.app.clone(), self.journal.clone()));

        shutdown.await;
        phase.send_replace(Phase::Draining);
        self.app.end_streams();
        let cut_off = places.all_free(DRAIN).await;
        phase.send_replace(Phase::Ended);
        upkeep.abort();
        drop(upkeep.await);
        let closed = self.app.store.close().await;
        finish_forward(&self.app, &self.journal).await;
        self.journal.close().await;
        Stopped {
            cut_off,
            finished: closed == Closed::Whole,
            stored: Stored::of(&self.app.meters),
        }
    }

    /// What the ports serve, in the order of [`Listeners::all`].
    fn routers(&self) -> [Router; 3] {
        ENTRANCES.map(|entrance| {
            let app = self.app.clone();
            let (router, speaks) = match entrance {
                Entrance::Main => (http::routes(app.clone()), Speaks::Http),
                Entrance::OtlpGrpc => (grpc::routes(app.clone()), Speaks::Grpc),
                Entrance::OtlpHttp => (http::otlp_routes(app.clone()), Speaks::Http),
            };
            let observer = Observer::new(app, self.journal.clone(), entrance);
            observer.watch(self.guard.protect(router, speaks))
        })
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Server")
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}

/// Delivers what is still to be passed on.
async fn finish_forward(app: &App, journal: &Journal) {
    let Some(forward) = &app.forward else {
        return;
    };
    let lost = forward.close(FORWARD).await;
    if lost > 0 {
        journal.warn(&format!(
            "--forward-otlp: {lost} requests were not passed on before the end; this server has them"
        ));
    }
}

/// Who starts a second server of a database has its ports taken first; what they need to know is which server has it.
fn in_use(error: ServerError, config: &ServerConfig) -> ServerError {
    let is_taken =
        matches!(&error, ServerError::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse);
    let Some(holder) = is_taken.then(|| database::holder(&config.backend)).flatten() else {
        return error;
    };
    ServerError::Database {
        database: holder.database.clone(),
        message: holder.to_string(),
    }
}

fn prices(file: Option<&Path>) -> Result<PriceTable, ConfigError> {
    match file {
        Some(file) => PriceTable::load(file).map_err(|error| ConfigError::new("--prices", error.to_string())),
        None => Ok(PriceTable::shipped()),
    }
}

async fn open(config: &ServerConfig, forward: Option<Forwarder>) -> Result<App, ServerError> {
    let prices = prices(config.prices.as_deref())?;
    let database = database::of(&config.backend, config.durability)
        .map_err(|error| ConfigError::new("--backend-store-uri", error.to_string()))?;
    let name = database.name();
    let store = tokio::task::spawn_blocking(move || Store::open(&*database)).await;
    let store = store.unwrap_or_else(|error| Err(DatabaseError::Permanent(error.to_string())));
    let store = store.map_err(|error| ServerError::Database {
        database: name,
        message: error.to_string(),
    });
    Ok(App::new(Shared {
        store: store?,
        artifacts: Artifacts::open(&config.artifacts, config.durability)?,
        limits: config.limits,
        prices,
        meters: Meters::default(),
        forward,
    }))
}
