//! The connection that the calls of a client share.
//!
//! A peer that goes silent leaves an HTTP/2 connection open for as long as the system retransmits, a quarter of an hour. So a
//! connection that left a call without an answer gets no further ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::transport::{Channel, Endpoint};

/// The connection to an endpoint, made by the first call, since it wants the runtime to be there.
#[derive(Debug)]
pub(super) struct SharedChannel {
    endpoint: Endpoint,
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    /// Which connection this is. Of the calls that one leaves without an answer, the first has it replaced.
    generation: u64,
    channel: Option<Channel>,
}

/// The use of a connection by one call. Dropped before it is [`Lease::answered`], it says that the call was given up.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    of: &'a SharedChannel,
    generation: u64,
    channel: Channel,
    is_answered: bool,
}

impl SharedChannel {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            current: Mutex::default(),
        }
    }

    pub(super) fn lease(&self) -> Lease<'_> {
        let mut current = self.current();
        let channel = current.channel.get_or_insert_with(|| self.endpoint.connect_lazy());
        let channel = channel.clone();
        Lease {
            of: self,
            generation: current.generation,
            channel,
            is_answered: false,
        }
    }

    fn replace(&self, generation: u64) {
        let mut current = self.current();
        if current.generation == generation {
            current.generation += 1;
            current.channel = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The call has ended, well or not: if its connection broke, the channel makes a new one by itself.
    pub(super) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.of.replace(self.generation);
        }
    }
}
