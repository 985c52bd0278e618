//! How much is worked on at the same time: requests that come in wait here before they take memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::store::StoreError;

/// Bytes of requests, as they are on the wire and decompressed, that may be in memory. A larger one waits until it is alone.
const BYTES: usize = 64 << 20;
/// How long a request waits before the client is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way in.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

/// The right to keep bytes in memory, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Admission {
    gate: Gate,
    held: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BYTES)))
    }
}

impl Gate {
    /// Waits until there is room for so many bytes.
    ///
    /// # Errors
    ///
    /// There is none for long: the server is busy.
    pub(crate) async fn enter(&self, bytes: usize) -> Result<Admission, ApiError> {
        let mut admission = Admission {
            gate: self.clone(),
            held: 0,
            permit: None,
        };
        admission.grow(bytes).await?;
        Ok(admission)
    }
}

impl Admission {
    /// Waits until there is room for so many bytes in all.
    ///
    /// # Errors
    ///
    /// There is none for long: the server is busy. Whoever waits for more gives up what it has then, so that nobody waits for ever.
    pub(crate) async fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let more = bytes.min(BYTES).saturating_sub(self.held);
        if more == 0 {
            return Ok(());
        }
        let permits = u32::try_from(more).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.gate.0).acquire_many_owned(permits);
        match tokio::time::timeout(PATIENCE, room).await {
            Ok(Ok(permit)) => {
                self.held += more;
                match &mut self.permit {
                    Some(held) => held.merge(permit),
                    None => self.permit = Some(permit),
                }
                Ok(())
            }
            Ok(Err(_)) => Err(StoreError::Closed.into()),
            Err(_) => Err(StoreError::Busy.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waits(entering: impl Future<Output = Result<Admission, ApiError>>) -> bool {
        tokio::time::timeout(Duration::ZERO, entering).await.is_err()
    }

    #[tokio::test]
    async fn a_request_waits_until_there_is_room() {
        let gate = Gate::default();
        let mut first = gate.enter(BYTES / 2).await.unwrap();
        first.grow(BYTES).await.unwrap();
        assert!(waits(gate.enter(1)).await);
        drop(first);
        assert!(!waits(gate.enter(1)).await);
    }

    #[tokio::test]
    async fn what_is_larger_than_all_the_room_comes_in_alone() {
        let gate = Gate::default();
        let small = gate.enter(1).await.unwrap();
        assert!(waits(gate.enter(usize::MAX)).await);
        drop(small);
        assert!(!waits(gate.enter(usize::MAX)).await);
    }
}
