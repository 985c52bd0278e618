//! Exit codes, and which error has which.

use std::process::ExitCode;

use loadspan_loadgen::conversation::ConversationError;
use loadspan_loadgen::preflight::PreflightError;
use loadspan_loadgen::recorded::RecordedError;
use loadspan_loadgen::workload::WorkloadError;
use loadspan_record::{Summary, VerdictStatus};

use crate::run_config_file::FileError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A valid run.
    Success = 0,
    /// loadspan itself failed.
    Failure = 1,
    /// Bad usage or configuration; clap uses the same code.
    Usage = 2,
    /// The benchmark failed: no request succeeded, too many failed, or the server is not there.
    BenchmarkFailed = 3,
    /// The figures do not show what they are meant to show: the rate was missed, most requests failed.
    InvalidRun = 4,
    /// Interrupted; the report is partial.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Something that the user has to put right.
#[derive(Debug, thiserror::Error)]
#[error("{message}{}", .hint.as_ref().map_or(String::new(), |hint| format!("\n  hint: {hint}")))]
pub(crate) struct UsageError {
    message: String,
    hint: Option<String>,
    /// The stage that it is about, from 0, where a run has several.
    stage: Option<usize>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            stage: None,
        }
    }

    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            stage: None,
        }
    }

    /// The same of a stage.
    pub(crate) fn in_stage(self, number: usize) -> Self {
        Self {
            stage: Some(number),
            ..self
        }
    }

    /// The same, said in other words.
    pub(crate) fn with_words(self, change: impl Fn(&str) -> String) -> Self {
        Self {
            message: change(&self.message),
            hint: self.hint.as_deref().map(change),
            ..self
        }
    }

    pub(crate) fn stage(&self) -> Option<usize> {
        self.stage
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl Exit {
    /// The code for an error that ended the program.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if let Some(preflight) = error.downcast_ref::<PreflightError>() {
            return if preflight.is_usage() {
                Self::Usage
            } else {
                Self::BenchmarkFailed
            };
        }
        if error.is::<UsageError>()
            || error.is::<FileError>()
            || error.is::<WorkloadError>()
            || error.is::<ConversationError>()
            || error.is::<RecordedError>()
        {
            Self::Usage
        } else {
            Self::Failure
        }
    }

    /// The code for a run that has a summary.
    pub(crate) fn of_run(summary: &Summary, end: RunEnding) -> Self {
        match end {
            RunEnding::Interrupted => return Self::Interrupted,
            RunEnding::TooManyFailures => return Self::BenchmarkFailed,
            RunEnding::Finished => {}
        }
        if summary.counts.completed == 0 {
            Self::BenchmarkFailed
        } else if summary.verdict.status == VerdictStatus::Invalid {
            Self::InvalidRun
        } else {
            Self::Success
        }
    }
}

/// How the load of a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnding {
    Finished,
    Interrupted,
    TooManyFailures,
}
