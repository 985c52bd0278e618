//! Why a recording cannot be sent.

use loadspan_replay::{BadLines, SourceError};
use thiserror::Error;

use super::remarks::describe_bad;
use crate::workload::WorkloadError;

/// Why a recording cannot be sent. The message names the file, and what to try.
#[derive(Debug, Error)]
pub enum RecordedError {
    /// A file cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No texts can be made.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// A folder has nothing in it.
    #[error("{0}: there is no file in it")]
    EmptyFolder(String),
    /// There is nothing to send.
    #[error("{sources}: nothing is left to send: {why}")]
    Nothing {
        /// The files.
        sources: String,
        /// What became of it.
        why: String,
    },
    /// Nobody knows when to send it.
    #[error("{place} has no time at which it arrived; say when sessions begin with --num-sessions or --session-rate")]
    NoTimes {
        /// What has none.
        place: String,
    },
    /// There are no calls in it that can be read.
    #[error("{sources}: there are no calls in it{}", because(.bad))]
    NoCalls {
        /// The files.
        sources: String,
        /// What could not be read.
        bad: BadLines,
    },
}

fn because(bad: &BadLines) -> String {
    let because = describe_bad(bad).into_iter().map(|reason| format!(": {reason}"));
    because.collect()
}
