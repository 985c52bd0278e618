//! Calls of models as clients make them, with the spans that come of them.

mod calls;
mod cuts;
mod failures;
mod harness;
mod openai;
mod sockets;
mod unchanged;
