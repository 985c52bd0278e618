//! Files of recorded workloads, each format in its own file.

mod budget;
mod csv;
mod detect;
mod documents;
mod inference_perf;
mod lines;
mod mooncake;
mod otlp;
mod problem;
mod protobuf;
mod sharegpt;
mod spans;

use std::io::BufRead;
use std::num::NonZeroU32;

pub(crate) use self::csv::Columns;
pub use self::detect::{Detected, Format, Peeked, detect};
pub(crate) use self::lines::{Line, Lines};
pub(crate) use self::mooncake::parse as parse_mooncake;
pub(crate) use self::problem::Problems;
pub use self::problem::{BadLine, BadLines, SourceError, Strictness};
pub use self::sharegpt::Conversations;
pub use self::spans::{RecordingBuilder, SessionsBy};
use crate::log::{Lengths, TimedLog};
use crate::recording::Recording;

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What becomes of lines that cannot be read.
    pub strictness: Strictness,
    /// What lengths in a log of several turns count. `None`: the log has to show it.
    pub lengths: Option<Lengths>,
    /// Tokens that one of the `hash_ids` of a log stands for.
    pub block_tokens: NonZeroU32,
    /// What makes spans a session.
    pub sessions: SessionsBy,
    /// Bytes that a recording may take that has to be held as a whole: see [`Held`](crate::Held).
    pub most_held: usize,
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Opened<R> {
    /// Spans. All of them are read.
    Recording(Recording),
    /// Times and lengths, still to be read.
    Log(Box<TimedLog<R>>),
    /// Conversations, still to be read.
    Conversations(Conversations<R>),
}

/// What a recording may take that is held as a whole, when nobody says it.
const MOST_HELD: usize = 2 << 30;

/// What one of the `hash_ids` stands for in the traces of Mooncake.
const BLOCK_TOKENS: NonZeroU32 = NonZeroU32::new(512).expect("it is not 0");

impl Default for Reading {
    fn default() -> Self {
        Self {
            strictness: Strictness::Count,
            lengths: None,
            block_tokens: BLOCK_TOKENS,
            sessions: SessionsBy::Conversation,
            most_held: MOST_HELD,
        }
    }
}

impl Reading {
    /// Reads a file, of which messages speak by `name`. Without a format, its content says what it is.
    ///
    /// Spans are read as a whole: that an answer is part of a later question shows only then. Several files of spans, of which
    /// sessions may have parts each, are for [`RecordingBuilder`].
    ///
    /// # Errors
    ///
    /// It cannot be read, is nothing that is known, or, where reading is strict, has a line that is none.
    pub fn open<R: BufRead>(
        &self,
        name: &str,
        reader: R,
        format: Option<Format>,
    ) -> Result<Opened<Peeked<R>>, SourceError> {
        let Detected { format, reader } = detect(name, reader, format)?;
        Ok(match format {
            Format::OtlpJson | Format::OtlpProtobuf | Format::InferencePerf => {
                let mut builder = RecordingBuilder::new(self.clone());
                builder.add(name, reader, Some(format))?;
                Opened::Recording(builder.finish())
            }
            Format::Mooncake | Format::Csv => Opened::Log(Box::new(TimedLog::open(self, name, reader, format)?)),
            Format::ShareGpt => Opened::Conversations(Conversations::open(self, name, reader)),
        })
    }
}
