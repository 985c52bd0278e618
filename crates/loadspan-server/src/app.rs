//! What all handlers share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::artifacts::Artifacts;
use crate::config::Limits;
use crate::gate::Gates;
use crate::operation::{Forwarder, Meters};
use crate::store::Store;
use crate::translate::PriceTable;

/// What all handlers share. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct App {
    shared: Arc<Shared>,
    gates: Gates,
    /// Whether the server goes down.
    stopping: watch::Sender<bool>,
}

/// The parts.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) artifacts: Artifacts,
    pub(crate) limits: Limits,
    pub(crate) prices: PriceTable,
    pub(crate) meters: Meters,
    /// Another backend that gets all OTLP as well.
    pub(crate) forward: Option<Forwarder>,
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            gates: Gates::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Ends answers that have no end of their own.
    pub(crate) fn end_streams(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until they are to end.
    pub(crate) async fn streams_end(&self) {
        // The sender is here: it is not gone.
        drop(self.stopping.subscribe().wait_for(|stopping| *stopping).await);
    }

    /// Where requests wait until there is room for them, on whatever port they come.
    pub(crate) fn gates(&self) -> &Gates {
        &self.gates
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// The time of day, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
