//! Spans as an application uses them, with the spans that came of it.

mod attachment;
mod content;
mod lifetime;
mod limits;
#[cfg(feature = "macros")]
mod macros;
mod nesting;
mod panics;
mod propagation;
mod sampling;
mod shown;
mod threads;
mod traces;
