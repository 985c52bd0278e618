//! The curves of a run that loadspan logs while it goes on (`live.…`): points of requests, put into windows of time as charts want them; or
//! windows, where it has logged these; and what it logs beside them.
//!
//! Every figure of a window is one of all its requests, and every figure of the run one of all of the run's: nothing is averaged twice.

mod live;
mod observed;
mod read;
mod request;
mod spread;
mod window;

pub(crate) use observed::{Observed, ObservedReader};
pub(crate) use read::{Origin, Reader, Run};
pub(crate) use request::Curve;
pub(crate) use window::{Clock, Distributions, Windows};

#[cfg(test)]
mod tests;
