//! What is sent, as far as that is known before it is sent.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use loadspan_replay::{BadLines, Format, Plan, PlannedCall, Planner, Recording, TimedCall};

use super::open::{self, LogFiles, OpenedContent, OpenedRecording, RecordedLog};
use super::remarks::{counted, describe_bad, describe_left, nothing, remarks_on};
use super::{Arrivals, LoadedRecording, RecordedConfig, RecordedError};

/// What a held log may take, in bytes.
const MOST_HELD: usize = 4 << 30;

/// What was read.
#[derive(Debug)]
pub(super) enum Content {
    /// Sessions with all that was said.
    Planned {
        plan: Box<Plan>,
        left: Unusable,
        /// Calls without content, whose texts are made up.
        made_up: usize,
    },
    /// All calls of a log, by sessions.
    Held {
        calls: Vec<Vec<PlannedCall>>,
        planner: Planner,
        bad: BadLines,
    },
    /// A log that is read while it is sent.
    Log { files: LogFiles, planner: Planner },
}

/// What of a recording cannot be sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unusable {
    pub(super) spans: u64,
    pub(super) lines: u64,
}

pub(super) fn load(config: RecordedConfig, paths: &[PathBuf]) -> Result<LoadedRecording, RecordedError> {
    let OpenedRecording {
        sources,
        format,
        content,
    } = open::open(&config, paths)?;
    let log = match content {
        OpenedContent::Sessions(recording) => return take(config, recording, (sources, format)),
        OpenedContent::Log(log) => *log,
    };
    let files = LogFiles::of_log(&config, (paths, format))?;
    let (content, remarks) = take_log(&config, files, log)?;
    Ok(LoadedRecording {
        config,
        sources,
        format,
        content,
        remarks,
    })
}

pub(super) fn take(
    config: RecordedConfig,
    recording: Recording,
    (sources, format): (Vec<String>, Format),
) -> Result<LoadedRecording, RecordedError> {
    let remarks = remarks_on(&recording);
    let left = Unusable {
        spans: recording.unused.len() as u64,
        lines: recording.bad.total,
    };
    let recorded = recording.sessions.len();
    let plan = Plan::of(recording, &config.options);
    if plan.sessions.is_empty() {
        return Err(nothing(&sources, &describe_left(recorded, plan.left, &remarks)));
    }
    let calls = plan.sessions.iter().flat_map(|planned| planned.session.calls());
    let made_up = calls.filter(|call| call.messages.is_empty()).count();
    let timeless = plan.sessions.iter().find(|planned| planned.arrival.is_none());
    if let (Arrivals::Recorded, Some(timeless)) = (config.arrivals, timeless) {
        let place = format!("{}: session {}", sources.join(", "), timeless.session.id());
        return Err(RecordedError::NoTimes { place });
    }
    let mut remarks = remarks;
    if made_up > 0 {
        remarks.push(format!(
            "{} without content: texts of their lengths are made up",
            counted(made_up as u64, "call")
        ));
    }
    let plan = Box::new(plan);
    Ok(LoadedRecording {
        config,
        sources,
        format,
        content: Content::Planned { plan, left, made_up },
        remarks,
    })
}

/// Looks at the first call of a log, or reads all of it.
fn take_log(
    config: &RecordedConfig,
    files: LogFiles,
    mut log: RecordedLog,
) -> Result<(Content, Vec<String>), RecordedError> {
    let planner = files.planner();
    if config.arrivals == Arrivals::OfLoad {
        return hold(&files, log, planner);
    }
    match log.next().transpose()? {
        None => Err(nothing(&[files.name()], &describe_bad(log.bad()).join("; "))),
        Some(TimedCall { at: None, line, .. }) => Err(RecordedError::NoTimes {
            place: format!("{}:{line}", files.name()),
        }),
        // What cannot be read is said when all of it has been.
        Some(_) => Ok((Content::Log { files, planner }, Vec::new())),
    }
}

/// Reads a whole log.
fn hold(files: &LogFiles, mut log: RecordedLog, mut planner: Planner) -> Result<(Content, Vec<String>), RecordedError> {
    let mut sessions: Vec<Vec<PlannedCall>> = Vec::new();
    let mut places = HashMap::new();
    let (mut held, mut read) = (0, 0_u64);
    for call in log.by_ref() {
        read += 1;
        let Some(planned) = planner.call(call?) else { continue };
        held += size_of::<PlannedCall>() + planned.call.hash_ids.len() * size_of::<u64>();
        if held > MOST_HELD {
            return Err(RecordedError::TooLong(read));
        }
        match &planned.call.turn {
            Some(turn) if turn.number > 0 && places.contains_key(&turn.session) => {
                let place: usize = places[&turn.session];
                sessions[place].push(planned);
            }
            turn => {
                if let Some(turn) = turn {
                    places.insert(Arc::clone(&turn.session), sessions.len());
                }
                sessions.push(vec![planned]);
            }
        }
    }
    let (bad, remarks) = (log.bad().clone(), describe_bad(log.bad()));
    if sessions.is_empty() {
        let why = describe_left(read as usize, planner.left(), &remarks);
        return Err(nothing(&[files.name()], &why));
    }
    let content = Content::Held {
        calls: sessions,
        planner,
        bad,
    };
    Ok((content, remarks))
}
