//! A hint at an edge, and what in the input it was found in.

use super::{Reason, Use};

#[derive(Debug)]
pub(super) struct Evidence {
    /// The call whose answer it is.
    pub(super) of: usize,
    /// The call that has it in its input.
    pub(super) to: usize,
    pub(super) reason: Reason,
    /// `None` where it cannot be true: it is only said.
    pub(super) used: Option<Use>,
}
