//! What becomes of a conversation that is longer than the model's context.

use std::num::NonZeroU32;

use serde::Serialize;

/// How long a conversation may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ContextLimit {
    /// Tokens of a call: its input, and the answer that it asks for.
    pub tokens: NonZeroU32,
    /// What becomes of a longer one.
    pub policy: ContextPolicy,
}

/// What becomes of a call that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextPolicy {
    /// It fails with a class of its own, nothing is sent, and the session ends.
    #[default]
    Fail,
    /// The oldest turns are left out, from this call on. What the system says stays. No server finds what follows in its cache.
    DropOldest,
}
