//! What the user should know of a recording, in words.

use loadspan_replay::{BadLines, Left, Recording};

use super::RecordedError;

/// Nothing of these can be sent, and why.
pub(super) fn nothing(sources: &[String], why: &str) -> RecordedError {
    RecordedError::Nothing {
        sources: sources.join(", "),
        why: if why.is_empty() { "it holds no calls" } else { why }.to_owned(),
    }
}

/// What became of what was recorded, where nothing is left.
pub(super) fn describe_left(recorded: usize, left: Left, remarks: &[String]) -> String {
    let Left {
        by_window,
        by_sample,
        failed,
    } = left;
    let mut parts = vec![format!("of {recorded} recorded")];
    let counts = [
        (by_window, "are outside the window"),
        (by_sample, "were not sampled"),
        (failed, "had failed"),
    ];
    parts.extend(
        counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    parts.extend(remarks.iter().cloned());
    parts.join(", ")
}

/// What cannot be sent: each kind once, with an example.
pub(super) fn remarks_on(recording: &Recording) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(first) = recording.unused.first() {
        let (name, reason) = (&first.name, &first.reason);
        let spans = counted(recording.unused.len() as u64, "span");
        remarks.push(format!(
            "{spans} cannot be sent again, the first of them {name}: {reason}"
        ));
    }
    remarks.extend(describe_bad(&recording.bad));
    remarks
}

/// Lines that could not be read.
pub(super) fn describe_bad(bad: &BadLines) -> Vec<String> {
    let Some(first) = bad.first.first() else {
        return Vec::new();
    };
    let lines = counted(bad.total, "line");
    vec![format!(
        "{lines} cannot be read, the first of them {}:{}: {}",
        first.file, first.line, first.reason
    )]
}

/// `1 line`, `2 lines`
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
