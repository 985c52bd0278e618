//! Why a database did not do what it was asked.

/// Why the database did not do it. The messages have no SQL. All but those of `Permanent`, which the
/// database words, have no values either: they may be shown to a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// It may succeed if it is tried again at once: a deadlock, a lock, a connection that went away.
    #[error("{0}")]
    Transient(String),
    /// It may succeed when someone has seen to it, or with a smaller question: a full disk, a query that takes too long.
    #[error("{0}")]
    Unavailable(String),
    /// It has more rows than may be read at once.
    #[error("{0}")]
    TooLarge(String),
    /// It is no use to try again.
    #[error("{0}")]
    Permanent(String),
}

impl DatabaseError {
    /// Says before the message what was tried.
    pub(crate) fn context(self, what: impl std::fmt::Display) -> Self {
        match self {
            Self::Transient(message) => Self::Transient(format!("{what}: {message}")),
            Self::Unavailable(message) => Self::Unavailable(format!("{what}: {message}")),
            Self::TooLarge(message) => Self::TooLarge(format!("{what}: {message}")),
            Self::Permanent(message) => Self::Permanent(format!("{what}: {message}")),
        }
    }
}
