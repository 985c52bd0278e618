//! What is sent, as far as that is known before it is sent.

mod log;

use std::path::PathBuf;

use loadspan_record::counted;
use loadspan_replay::{BadLines, Format, Plan, PlannedCall, Planner, Recording};

use super::extent::Extent;
use super::open::{self, LogFiles, OpenedContent, OpenedRecording};
use super::remarks::{nothing, remarks_on, why_nothing};
use super::{Arrivals, LoadedRecording, RecordedConfig, RecordedError};

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
    let (content, remarks) = log::take(&config, files, log)?;
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
    let extent = Extent::of(&recording);
    let plan = Plan::of(recording, &config.options);
    if plan.sessions.is_empty() {
        let why = why_nothing((&extent, plan.left), &config.options, &remarks);
        return Err(nothing(&sources, &why));
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
