//! Opens files, and reads those of which all has to be known.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use loadspan_replay::{
    Conversations, Detected, Format, Held, Opened, Peeked, Planner, Recording, RecordingBuilder, Session, SourceError,
    TimedLog,
};

use super::files::{self, Input, name_of};
use super::remarks::nothing;
use super::{RecordedConfig, RecordedError};

const TOO_MUCH: &str = "split it, or take less of it with --replay-sample";

/// A log, from its start.
pub type RecordedLog = TimedLog<Peeked<Input>>;

/// The files of a log.
#[derive(Debug, Clone)]
pub(super) struct LogFiles {
    config: Arc<RecordedConfig>,
    paths: Vec<PathBuf>,
    format: Format,
}

/// What a recording turned out to be.
#[derive(Debug)]
pub struct OpenedRecording {
    /// Its files.
    pub sources: Vec<String>,
    /// What they are.
    pub format: Format,
    /// What is in them.
    pub content: OpenedContent,
}

/// What is in a recording.
#[derive(Debug)]
pub enum OpenedContent {
    /// Sessions with all that was said.
    Sessions(Recording),
    /// Times and lengths, still to be read.
    Log(Box<RecordedLog>),
}

/// Opens files, and all files of folders, in the order of their names.
pub(super) fn open(config: &RecordedConfig, paths: &[PathBuf]) -> Result<OpenedRecording, RecordedError> {
    let (files, reader) = LogFiles::of(config, paths)?;
    let format = files.format;
    let content = match format {
        Format::OtlpJson | Format::OtlpProtobuf | Format::InferencePerf => {
            OpenedContent::Sessions(read_spans(config, &files.paths, (reader, format))?)
        }
        Format::ShareGpt => OpenedContent::Sessions(read_conversations(config, &files.paths, reader)?),
        Format::Mooncake | Format::Csv => OpenedContent::Log(Box::new(files.open_from(reader)?)),
    };
    Ok(OpenedRecording {
        sources: files.sources(),
        format,
        content,
    })
}

fn read_spans(
    config: &RecordedConfig,
    paths: &[PathBuf],
    (first, format): (Peeked<Input>, Format),
) -> Result<Recording, SourceError> {
    let mut builder = RecordingBuilder::new(config.reading.clone());
    let mut first = Some(first);
    for path in paths {
        let name = name_of(path);
        match first.take() {
            Some(reader) => builder.add(&name, reader, Some(format))?,
            // Those of the other formats of spans may be beside it.
            None => {
                let Detected { format, reader } = files::open(path, config.format)?;
                builder.add(&name, reader, Some(format))?;
            }
        }
    }
    Ok(builder.finish())
}

/// Conversations are in no order of time.
fn read_conversations(
    config: &RecordedConfig,
    paths: &[PathBuf],
    first: Peeked<Input>,
) -> Result<Recording, SourceError> {
    let mut recording = Recording::default();
    let mut held = Held::new(config.reading.most_held);
    let mut first = Some(first);
    for path in paths {
        let (name, reader) = match first.take() {
            Some(reader) => (name_of(path), reader),
            None => files::open_as(path, (config.format, Format::ShareGpt))?,
        };
        if let Opened::Conversations(mut conversations) = config.reading.open(&name, reader, Some(Format::ShareGpt))? {
            hold(config, (&name, &mut conversations), (&mut recording, &mut held))?;
        }
    }
    recording.sessions.sort_by_key(Session::start_ns);
    Ok(recording)
}

/// Adds the conversations of a file. What is not sampled is held without what was said: that it was there counts.
fn hold<R: BufRead>(
    config: &RecordedConfig,
    (name, conversations): (&str, &mut Conversations<R>),
    (recording, held): (&mut Recording, &mut Held),
) -> Result<(), SourceError> {
    for session in conversations.by_ref() {
        let mut session = session?;
        if !config.options.samples(session.id()) {
            session = session.without_content();
        }
        let full = held.add(session.calls().len() as u64, session.bytes());
        full.map_err(|full| full.of_file(name, TOO_MUCH))?;
        recording.sessions.push(session);
    }
    recording.bad.total += conversations.bad().total;
    recording.bad.first.extend(conversations.bad().first.iter().cloned());
    Ok(())
}

impl LogFiles {
    /// All files of a recording, and the first of them.
    fn of(config: &RecordedConfig, paths: &[PathBuf]) -> Result<(Self, Peeked<Input>), RecordedError> {
        let paths = files::list(paths)?;
        let Some(first) = paths.first() else {
            return Err(nothing(&[], "no file is named"));
        };
        let Detected { format, reader } = files::open(first, config.format)?;
        Ok((Self::new(config, paths, format), reader))
    }

    fn new(config: &RecordedConfig, paths: Vec<PathBuf>, format: Format) -> Self {
        Self {
            config: Arc::new(config.clone()),
            paths,
            format,
        }
    }

    /// The files of a log that was opened.
    pub(super) fn of_log(
        config: &RecordedConfig,
        (paths, format): (&[PathBuf], Format),
    ) -> Result<Self, RecordedError> {
        Ok(Self::new(config, files::list(paths)?, format))
    }

    pub(super) fn sources(&self) -> Vec<String> {
        self.paths.iter().map(|path| name_of(path)).collect()
    }

    /// The log from its start.
    pub(super) fn open(&self) -> Result<RecordedLog, SourceError> {
        match self.paths.first() {
            Some(first) => self.open_from(files::open(first, Some(self.format))?.reader),
            None => Err(SourceError::Format {
                file: String::new(),
                problem: "no file is named".to_owned(),
            }),
        }
    }

    /// The log, of which the first file is open.
    fn open_from(&self, first: Peeked<Input>) -> Result<RecordedLog, SourceError> {
        let name = self.name();
        let reader = Input::of(first);
        let Opened::Log(log) = self.config.reading.open(&name, reader, Some(self.format))? else {
            return Err(SourceError::Format {
                file: name,
                problem: "it is no log of times and lengths".to_owned(),
            });
        };
        let (said, format) = (self.config.format, self.format);
        let others: Vec<PathBuf> = self.paths.iter().skip(1).cloned().collect();
        Ok(log.followed_by(
            others
                .into_iter()
                .map(move |path| files::open_as(&path, (said, format))),
        ))
    }

    /// A planner that has seen nothing.
    pub(super) fn planner(&self) -> Planner {
        Planner::of_log(self.config.options.clone(), self.config.reading.block_tokens)
    }

    /// What messages call it: its first file.
    pub(super) fn name(&self) -> String {
        self.paths.first().map(|path| name_of(path)).unwrap_or_default()
    }
}
