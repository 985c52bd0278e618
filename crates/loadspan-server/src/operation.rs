//! What operators need: figures about the server itself, its log, retention, backup, export.

mod arrivals;
mod backup;
mod durations;
mod export;
mod exposition;
mod forward;
mod gc;
mod journal;
mod meters;
mod upkeep;

pub(crate) use arrivals::{
    About, Arrivals, Delivery, Entrance, Made, Mistake, Receiver, ReceiverFigures, RejectFigures, Sender, SenderFigures,
};
pub use backup::backup;
pub use export::{ExportConfig, ExportError, ExportFormat, Exported, export};
pub(crate) use exposition::Exposition;
pub(crate) use forward::{Forwarder, Parcel, Trail};
pub use gc::{Collected, GarbageConfig, Shrink, collect_garbage};
pub use journal::Outlet;
pub(crate) use journal::{Journal, Said};
pub(crate) use meters::{Gauge, Ledger, Meters, RequestSeen, Signal};
pub(crate) use upkeep::Upkeep;
