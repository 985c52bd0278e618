//! Room for one more request under `max_concurrency`, which all workers share.

use std::sync::Arc;

use loadspan_record::RunOffset;
use tokio::sync::OwnedSemaphorePermit;

use super::worker::Worker;

/// Room for one request, until it is dropped.
pub(super) struct Room {
    /// `None`: nobody counts.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Waits until there is some, and takes it; `None` when nothing may be sent any more. Where it had to wait, `held_until` becomes the
    /// time at which that was over.
    pub(super) async fn take(worker: &Worker, held_until: &mut RunOffset) -> Option<Self> {
        let Some(limit) = &worker.control.room else {
            return Some(Self { _permit: None });
        };
        if let Ok(permit) = Arc::clone(limit).try_acquire_owned() {
            return Some(Self { _permit: Some(permit) });
        }
        let permit = tokio::select! {
            permit = Arc::clone(limit).acquire_owned() => permit.ok(),
            () = worker.stopped.notified() => None,
        };
        *held_until = worker.exchange.clock.now();
        let may_send = worker.control.may_send(*held_until);
        let permit = permit.filter(|_| may_send)?;
        Some(Self { _permit: Some(permit) })
    }
}
