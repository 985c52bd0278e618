//! How much of what clients send is in memory at the same time. A request passes two gates. At the first it waits for room for its bytes;
//! whoever is in there is as slow as its client. At the second, when all of it has come, it waits for room for what it becomes; whoever
//! is in there waits for nobody but the database. At each it asks once for all that it will need there, so that whoever has room can
//! finish, and has ways of their own for the small and the large, so that the large do not keep the small out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::ApiError;
use crate::store::StoreError;

/// How long a request waits in all before its client is told to come back. Exporters give up after 10 seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// A body on its way is small up to this size: most batches, compressed. A client that says no size is taken for one of this size.
pub(crate) const SMALL_BODY: usize = 1 << 20;
/// A decoded request is small up to this size: a batch of 512 spans is.
const SMALL_WORK: usize = 4 << 20;
/// Bodies that are decompressed at the same time. How large they become is not known before, so that each may take as much as the largest.
const INFLATING: usize = 2;

/// The gates of a server. Cloning them is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Gates {
    /// For bodies that are on their way.
    pub(crate) arrival: Gate,
    /// For requests that are worked on.
    pub(crate) work: Gate,
    inflating: Arc<Semaphore>,
}

/// A way in for the small, and one for the large.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    small: Lane,
    large: Lane,
    /// The largest that is small.
    border: usize,
}

#[derive(Debug, Clone)]
struct Lane {
    room: Arc<Semaphore>,
    bytes: usize,
}

/// The right to keep bytes in memory, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
}

/// How long a request may still wait. What its client takes to send it does not count.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Default for Gates {
    fn default() -> Self {
        Self {
            arrival: Gate {
                small: Lane::new(32 << 20),
                large: Lane::new(64 << 20),
                border: SMALL_BODY,
            },
            work: Gate {
                small: Lane::new(64 << 20),
                large: Lane::new(128 << 20),
                border: SMALL_WORK,
            },
            inflating: Arc::new(Semaphore::new(INFLATING)),
        }
    }
}

impl Gates {
    /// Waits for its turn to decompress a body.
    ///
    /// # Errors
    ///
    /// Others take too long: the server is busy.
    pub(crate) async fn inflate(&self, patience: &mut Patience) -> Result<Admission, ApiError> {
        let turn = Arc::clone(&self.inflating).acquire_owned();
        Ok(Admission {
            _permit: patience.wait(turn).await?,
        })
    }
}

impl Gate {
    /// Waits until there is room for so many bytes. What is larger than all the room waits until it is alone.
    ///
    /// # Errors
    ///
    /// There is none for long: the server is busy.
    pub(crate) async fn enter(&self, bytes: usize, patience: &mut Patience) -> Result<Admission, ApiError> {
        let lane = if bytes <= self.border { &self.small } else { &self.large };
        let permits = u32::try_from(bytes.min(lane.bytes)).unwrap_or(u32::MAX);
        let room = Arc::clone(&lane.room).acquire_many_owned(permits);
        Ok(Admission {
            _permit: patience.wait(room).await?,
        })
    }
}

impl Lane {
    fn new(bytes: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes)),
            bytes,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(PATIENCE)
    }
}

impl Patience {
    async fn wait<T, E>(&mut self, awaited: impl Future<Output = Result<T, E>>) -> Result<T, ApiError> {
        let begun = Instant::now();
        let came = tokio::time::timeout(self.0, awaited).await;
        self.0 = self.0.saturating_sub(begun.elapsed());
        match came {
            Ok(Ok(came)) => Ok(came),
            Ok(Err(_)) => Err(StoreError::Closed.into()),
            Err(_) => Err(StoreError::Busy.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    async fn enter(gate: &Gate, bytes: usize) -> Result<Admission, ApiError> {
        gate.enter(bytes, &mut Patience::default()).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_until_there_is_room() {
        let gate = Gates::default().work;
        let first = enter(&gate, gate.large.bytes / 2).await.unwrap();
        let second = enter(&gate, gate.large.bytes / 2).await.unwrap();
        let begun = Instant::now();
        let refused = enter(&gate, SMALL_WORK + 1).await.unwrap_err();
        assert_eq!(
            (refused.code, begun.elapsed()),
            (Code::TemporarilyUnavailable, PATIENCE)
        );
        drop(first);
        let third = enter(&gate, SMALL_WORK + 1).await;
        assert!(third.is_ok());
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_all_the_room_comes_in_alone() {
        let gate = Gates::default().work;
        let other = enter(&gate, SMALL_WORK + 1).await.unwrap();
        assert!(enter(&gate, usize::MAX).await.is_err());
        drop(other);
        let alone = enter(&gate, usize::MAX).await.unwrap();
        assert!(enter(&gate, SMALL_WORK + 1).await.is_err());
        drop(alone);
    }

    #[tokio::test(start_paused = true)]
    async fn the_large_do_not_keep_the_small_out() {
        let gate = Gates::default().arrival;
        let _alone = enter(&gate, usize::MAX).await.unwrap();
        let waits = tokio::spawn({
            let gate = gate.clone();
            async move { enter(&gate, usize::MAX).await }
        });
        tokio::task::yield_now().await;
        assert!(enter(&gate, SMALL_BODY).await.is_ok());
        assert!(waits.await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn all_waits_of_a_request_count_together() {
        let gates = Gates::default();
        let mut turns = Vec::new();
        for _ in 0..INFLATING {
            turns.push(gates.inflate(&mut Patience::default()).await.unwrap());
        }
        let _alone = enter(&gates.work, usize::MAX).await.unwrap();
        let begun = Instant::now();
        let freed = async {
            tokio::time::sleep(PATIENCE / 2).await;
            turns.clear();
        };
        let waits = async {
            let mut patience = Patience::default();
            gates.inflate(&mut patience).await.unwrap();
            assert!(gates.work.enter(usize::MAX, &mut patience).await.is_err());
        };
        tokio::join!(freed, waits);
        assert_eq!(begun.elapsed(), PATIENCE);
    }
}
