//! Why a recording cannot be sent.

use loadspan_replay::SourceError;
use thiserror::Error;

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
    /// It would have to be held as a whole, and is too long for that.
    #[error(
        "{0} calls are too many to be held, as sessions that begin by --num-sessions or --session-rate have to be; leave these \
         out, or take less of it with --replay-window or --replay-sample"
    )]
    TooLong(u64),
}
