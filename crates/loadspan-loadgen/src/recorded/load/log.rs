//! Logs of times and lengths, before they are sent: of most only as much is read as shows that there is something to send.

use std::collections::HashMap;
use std::sync::Arc;

use loadspan_replay::{Held, PlannedCall, Planner, TimedCall};

use super::super::extent::Extent;
use super::super::open::{LogFiles, RecordedLog};
use super::super::remarks::{describe_bad, nothing, why_nothing};
use super::super::{Arrivals, RecordedConfig, RecordedError};
use super::Content;

const TOO_MUCH: &str = "take less of it with --replay-window or --replay-sample, or leave --num-sessions and --session-rate out: then \
                        it is read while it is sent, whatever its size";
/// What a session takes beside its calls: its place in the list, and its name in the map.
const SESSION: usize = 96;

/// Looks for the first call of a log that is sent, or reads all of it.
pub(super) fn take(
    config: &RecordedConfig,
    files: LogFiles,
    mut log: RecordedLog,
) -> Result<(Content, Vec<String>), RecordedError> {
    let planner = files.planner();
    if config.arrivals == Arrivals::OfLoad {
        return hold(config, &files, (log, planner));
    }
    let (mut probe, mut extent) = (files.planner(), Extent::default());
    let no_times = |line: u64| RecordedError::NoTimes {
        place: format!("{}:{line}", files.name()),
    };
    let mut first = None;
    for call in log.by_ref() {
        let call = call?;
        let line = call.line;
        first.get_or_insert(line);
        extent.add_call(&call);
        match probe.call(call) {
            None => {}
            Some(PlannedCall { at: None, .. }) => return Err(no_times(line)),
            // What cannot be read is said when all of it has been.
            Some(_) => return Ok((Content::Log { files, planner }, Vec::new())),
        }
    }
    // Outside the window is also what has no time, which says more.
    if let Some(line) = first.filter(|_| !extent.has_times()) {
        return Err(no_times(line));
    }
    let why = why_nothing((&extent, probe.left()), &config.options, &describe_bad(log.bad()));
    Err(nothing(&files.sources(), &why))
}

/// Reads a whole log, and keeps what is sent of it.
fn hold(
    config: &RecordedConfig,
    files: &LogFiles,
    (mut log, mut planner): (RecordedLog, Planner),
) -> Result<(Content, Vec<String>), RecordedError> {
    let (mut held, mut extent) = (Held::new(config.reading.most_held), Extent::default());
    let mut sessions = HeldSessions::default();
    for call in log.by_ref() {
        let call: TimedCall = call?;
        extent.add_call(&call);
        let Some(planned) = planner.call(call) else { continue };
        let bytes = planned.bytes();
        let session = sessions.take(planned);
        let full = held.add(1, bytes + session);
        full.map_err(|full| full.of_file(&files.name(), TOO_MUCH))?;
    }
    let (bad, remarks) = (log.bad().clone(), describe_bad(log.bad()));
    if sessions.calls.is_empty() {
        let why = why_nothing((&extent, planner.left()), &config.options, &remarks);
        return Err(nothing(&files.sources(), &why));
    }
    let content = Content::Held {
        calls: sessions.calls,
        planner,
        bad,
    };
    Ok((content, remarks))
}

#[derive(Default)]
struct HeldSessions {
    calls: Vec<Vec<PlannedCall>>,
    places: HashMap<Arc<str>, usize>,
}

impl HeldSessions {
    /// Puts a call into its session; returns the bytes that a new one takes.
    fn take(&mut self, planned: PlannedCall) -> usize {
        let turn = planned.call.turn.as_ref();
        let known = turn.filter(|turn| turn.number > 0).map(|turn| &turn.session);
        if let Some(place) = known.and_then(|session| self.places.get(session)) {
            self.calls[*place].push(planned);
            return 0;
        }
        let name = turn.map(|turn| Arc::clone(&turn.session));
        let bytes = SESSION + name.as_ref().map_or(0, |name| name.len());
        if let Some(name) = name {
            self.places.insert(name, self.calls.len());
        }
        self.calls.push(vec![planned]);
        bytes
    }
}
