//! What the user should know of a recording, in words.

use std::fmt;
use std::time::Duration;

use loadspan_record::counted;
use loadspan_replay::{BadLines, Left, Options, Recording};

use super::RecordedError;
use super::extent::Extent;

/// Nothing of these can be sent, and why.
pub(super) fn nothing(sources: &[String], why: &str) -> RecordedError {
    RecordedError::Nothing {
        sources: sources.join(", "),
        why: if why.is_empty() { "it holds no calls" } else { why }.to_owned(),
    }
}

/// What was asked for, what that leaves out, and how long the recording is, where nothing is left.
pub(super) fn why_nothing((extent, left): (&Extent, Left), options: &Options, remarks: &[String]) -> String {
    if extent.is_empty() {
        return remarks.join("; ");
    }
    let is = |count: u64| if count == 1 { "is" } else { "are" };
    let asked = [
        (
            left.by_window,
            format!("{} outside --replay-window {}", is(left.by_window), Asked(options)),
        ),
        (
            left.by_sample,
            format!(
                "{} not in --replay-sample {}",
                is(left.by_sample),
                share(options.sample.get())
            ),
        ),
        (left.failed, "had failed (--replay-failed leave)".to_owned()),
    ];
    let reasons = asked.iter().filter(|(count, _)| *count > 0);
    let reasons: Vec<String> = reasons.map(|(count, reason)| format!("{count} {reason}")).collect();
    let mut parts = vec![
        format!("of {}, {}", extent.counted(), reasons.join(", ")),
        extent.to_string(),
    ];
    parts.extend(remarks.iter().cloned());
    parts.join("; ")
}

/// As it was typed, also where that was in percent, which makes the last digits wrong.
fn share(share: f64) -> f64 {
    const DIGITS: f64 = 1e12;
    let rounded = (share * DIGITS).round() / DIGITS;
    if rounded > 0.0 { rounded } else { share }
}

/// The window, as flags have it.
struct Asked<'a>(&'a Options);

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(window) = self.0.window else { return Ok(()) };
        if window.from > Duration::ZERO {
            time(window.from, f)?;
        }
        f.write_str("..")?;
        if window.to < Duration::MAX {
            time(window.to, f)?;
        }
        Ok(())
    }
}

/// `1h`, `90m`, `1.5s`
fn time(time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_whole = |unit: u64| time.subsec_nanos() == 0 && time.as_secs() > 0 && time.as_secs().is_multiple_of(unit);
    if is_whole(3600) {
        write!(f, "{}h", time.as_secs() / 3600)
    } else if is_whole(60) {
        write!(f, "{}m", time.as_secs() / 60)
    } else {
        write!(f, "{time:?}")
    }
}

/// `12.3 s`: to the millisecond.
pub(super) fn seconds(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
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
