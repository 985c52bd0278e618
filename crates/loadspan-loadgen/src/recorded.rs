//! Sessions that somebody has recorded, sent again.
//!
//! ```text
//! spans, conversations ─▶ Plan ─▶ one session after the other, by number
//! logs of times and lengths ─▶ lines, read while they are sent, or held where the load has arrivals of its own
//! ```
//!
//! What was recorded is for [`loadspan_replay`]: what depends on what, and when each call begins. Here it becomes requests: with the
//! answers of this run where the recording has its own, and with texts of the recorded lengths where it has no texts.

mod answer;
mod body;
mod entries;
mod error;
mod extent;
mod files;
mod held;
mod history;
mod load;
mod loaded;
mod open;
mod remarks;
mod session;
mod tally;
#[cfg(test)]
mod tests;
mod texts;
mod timed;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use loadspan_record::PlannedReplay;
pub use loadspan_replay as replay;
use loadspan_replay::{Format, MissingToolCall, Options, Reading};
use serde_json::Value;

pub use self::error::RecordedError;
pub use self::files::Input;
use self::held::HeldLog;
use self::load::Content;
use self::open::LogFiles;
pub use self::open::{OpenedContent, OpenedRecording, RecordedLog};
use self::session::{Planned, RecordedSession};
use self::tally::Tally;
use self::timed::Timed;
use crate::sessions::{Session, SessionLog, Sessions};

/// What makes [`RecordedSessions`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedConfig {
    /// How files are read.
    pub reading: Reading,
    /// What they are. `None`: their content says it.
    pub format: Option<Format>,
    /// What of it is sent, and how fast. Its seed is that of made-up texts, too.
    pub options: Options,
    /// Whose model is asked.
    pub model: CallModel,
    /// What becomes of a call whose input lacks an answer of this run.
    pub missing: MissingToolCall,
    /// When sessions begin.
    pub arrivals: Arrivals,
    /// Fields of the body that the user sets: those of the recording are left out.
    pub own_fields: Vec<String>,
}

/// Whose model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallModel {
    /// That of the run.
    #[default]
    OfRun,
    /// The one that was recorded, where one was.
    Recorded,
}

/// When sessions begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// When they did in the recording.
    #[default]
    Recorded,
    /// When the load wants them to.
    OfLoad,
}

/// What was read of a recording before anybody is asked how tokens are counted.
#[derive(Debug)]
pub struct LoadedRecording {
    config: RecordedConfig,
    sources: Vec<String>,
    format: Format,
    content: Content,
    remarks: Vec<String>,
}

/// Recorded sessions.
#[derive(Debug)]
pub struct RecordedSessions {
    kind: Kind,
    tally: Arc<Tally>,
    description: Value,
}

/// Where sessions come from.
#[derive(Debug)]
enum Kind {
    Planned(Arc<Planned>),
    Held(HeldLog),
    Log { files: LogFiles, timed: Arc<Timed> },
}

impl RecordedConfig {
    /// Reads files, and all files of folders, in the order of their names. Of logs of times and lengths only the beginning, unless
    /// the load has arrivals of its own: then all lines have to fit into memory.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is nothing that is known; nothing of it can be sent.
    pub fn load(self, paths: &[PathBuf]) -> Result<LoadedRecording, RecordedError> {
        load::load(self, paths)
    }

    /// Opens files, to look at what is in them.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is nothing that is known.
    pub fn open(&self, paths: &[PathBuf]) -> Result<OpenedRecording, RecordedError> {
        open::open(self, paths)
    }

    /// Takes spans that were read already, of which messages speak by `source`.
    ///
    /// # Errors
    ///
    /// Nothing of it can be sent.
    pub fn take(self, recording: replay::Recording, source: String) -> Result<LoadedRecording, RecordedError> {
        load::take(self, recording, (vec![source], Format::OtlpJson))
    }
}

impl LoadedRecording {
    /// The same with more for the user to know.
    #[must_use]
    pub fn with_remarks(mut self, remarks: impl IntoIterator<Item = String>) -> Self {
        self.remarks.extend(remarks);
        self
    }

    /// Whether texts are made up, for which it has to be known how the server counts.
    #[must_use]
    pub fn makes_texts_up(&self) -> bool {
        match &self.content {
            Content::Planned { made_up, .. } => *made_up > 0,
            Content::Held { .. } | Content::Log { .. } => true,
        }
    }

    /// Whether what is sent can only be sent as a chat.
    #[must_use]
    pub const fn is_chat(&self) -> bool {
        matches!(self.content, Content::Planned { .. })
    }

    /// What the user should know of it: what cannot be sent, and why.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

impl RecordedSessions {
    /// What was planned, and what became of answers, so far.
    #[must_use]
    pub fn planned(&self) -> PlannedReplay {
        self.tally.planned()
    }
}

impl Sessions for RecordedSessions {
    fn session(&self, number: u64) -> Option<Box<dyn Session>> {
        match &self.kind {
            Kind::Planned(planned) => Some(Box::new(RecordedSession::new(planned, number)?)),
            Kind::Held(held) => Some(Box::new(held.session(number)?)),
            Kind::Log { .. } => None,
        }
    }

    fn arrival(&self, number: u64) -> Option<Duration> {
        match &self.kind {
            Kind::Planned(planned) => planned.arrival(number),
            Kind::Held(_) | Kind::Log { .. } => None,
        }
    }

    fn count(&self) -> Option<u64> {
        match &self.kind {
            Kind::Planned(planned) => Some(planned.len()),
            Kind::Held(held) => Some(held.len()),
            Kind::Log { .. } => None,
        }
    }

    fn description(&self) -> Value {
        let mut description = self.description.clone();
        if !matches!(self.kind, Kind::Log { .. }) {
            description["hash"] = self.tally.planned().sequence.into();
        }
        description
    }

    /// Of a log, of which not much was known before.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = match &self.kind {
            Kind::Log { .. } => self.tally.describe_bad(),
            Kind::Planned(_) | Kind::Held(_) => Vec::new(),
        };
        remarks.extend(self.tally.describe_forgotten());
        remarks
    }

    fn open_log(&self) -> Option<SessionLog> {
        match &self.kind {
            Kind::Log { files, timed } => Some(entries::open(files, timed, &self.tally)),
            Kind::Planned(_) | Kind::Held(_) => None,
        }
    }
}
