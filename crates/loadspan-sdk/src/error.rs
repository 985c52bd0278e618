//! Why tracing was not set up.

use std::path::PathBuf;

use thiserror::Error;

/// Why tracing was not set up. Texts name the variable or method that is wrong and say what to do; they hold no secrets.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// A setting makes no sense.
    #[error("{name}: {reason}; {advice}")]
    #[non_exhaustive]
    Setting {
        /// The variable or the method of the builder.
        name: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// A PEM file cannot be used.
    #[error("cannot use {}: {reason}; give the path of a PEM file", path.display())]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It was set up already, with other settings.
    #[error("loadspan_sdk is set up already: drop its guard first, or set it up once, at the start of the program")]
    AlreadySetUp,
    /// The system refuses a thread or an event loop.
    #[error("cannot start the exporters: {0}")]
    Start(String),
}
