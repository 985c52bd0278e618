//! A call of a model over HTTP, watched from outside: what is asked, what is answered, and the span that comes of it.
//!
//! Both halves run at the same time, so each has its own state, and both write on the span: [`Question`] reads the body of the
//! request, [`Answer`] the response. Nothing here does input or output, and nothing can fail: what cannot be read is not recorded.

mod answer;
mod api;
mod assembly;
mod bounded;
mod call;
mod failure;
mod findings;
mod object;
mod question;
mod sse;
mod stream;
mod usage;

pub(super) use self::answer::Answer;
pub(super) use self::call::{Outgoing, Server, begin};
pub(super) use self::failure::Failure;
pub(super) use self::question::Question;
