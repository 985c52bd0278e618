//! The way of payloads to a backend: a queue, a client, retries, a spool. Payloads are bytes here; what they mean is known elsewhere.

mod delivery;

pub(crate) use self::delivery::{Delivery, Payload};
