//! What all handlers share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

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
        }
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
