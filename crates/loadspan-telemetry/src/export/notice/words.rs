//! How the user is told of a trouble. The texts are quoted in `docs/telemetry.md`.

use std::path::Path;

use loadspan_record::{Notice, Sink};

use super::{Later, Subject, Trouble};
use crate::export::Contents;

/// The advice where nothing brings back what was not delivered.
pub(super) const LOST: &str =
    "what is not delivered is lost: records.jsonl, from which it could be made again, is not written";

/// What is said of a trouble. `run_dir`: what `loadspan push` is to be given.
pub(super) fn notice(subject: &Subject, run_dir: &Path, trouble: &Trouble) -> Notice {
    Notice {
        message: message(subject, trouble),
        advice: advice(subject, run_dir, trouble),
    }
}

fn message(subject: &Subject, trouble: &Trouble) -> String {
    let (signal, destination) = (subject.name(), &subject.destination);
    match trouble {
        Trouble::Failing { reason } => format!("{signal} cannot be delivered to {destination}: {reason}"),
        Trouble::Refused { reason } => format!("{destination} refuses {signal}: {reason}"),
        Trouble::Invalid { reason } => format!("{destination} rejects {signal} for good: {reason}"),
        Trouble::PartlyRejected { reason } => format!("{destination} has rejected some of the {signal}: {reason}"),
        Trouble::NotTaken { reason } => {
            format!("{destination} does not take {signal}, so they are off ({reason}); if it should, check the URL")
        }
        Trouble::Gone { reason } => {
            format!("the run is not at {destination} any more, so {signal} are off: {reason}")
        }
        Trouble::Behind => format!("{destination} takes {signal} more slowly than the run makes them"),
        Trouble::Unfinished => format!("{destination} had not taken all {signal} when the run was over"),
        Trouble::SpoolFull { max_bytes } => {
            format!("telemetry.spool is full ({max_bytes} bytes): further {signal} are dropped")
        }
        Trouble::SpoolFailed { reason } => format!("{signal} cannot be spooled and are dropped: {reason}"),
        Trouble::DiskBehind => format!("the disk is too slow for the spool: {signal} are dropped"),
        Trouble::ConsoleFailed { reason } => format!("{signal} cannot be written to {destination}: {reason}"),
        Trouble::Missed { requests: 1 } => {
            format!("1 request is not in the exported {signal}: telemetry was behind")
        }
        Trouble::Missed { requests } => {
            format!("{requests} requests are not in the exported {signal}: telemetry was behind")
        }
        Trouble::Recovered => format!("{destination} takes {signal} again"),
    }
}

fn advice(subject: &Subject, run_dir: &Path, trouble: &Trouble) -> Option<String> {
    let push = format!("`loadspan push {}`", run_dir.display());
    match trouble {
        Trouble::Failing { .. } | Trouble::Behind => Some(match subject.later {
            Later::Spool => format!("what cannot be delivered is spooled; {push} delivers it later"),
            Later::Records => format!("what is missing is logged when the run is over, or later by {push}"),
            Later::Never => LOST.to_owned(),
        }),
        Trouble::Refused { .. } => Some(match subject.later {
            Later::Spool => format!("they are spooled; when it is put right, {push} delivers them"),
            Later::Records => format!("when it is put right, {push} logs what is missing"),
            Later::Never => LOST.to_owned(),
        }),
        Trouble::Unfinished => {
            let more_time = format!("{} gives it more time", subject.flush_flag());
            Some(match subject.later {
                Later::Spool => format!("they are spooled: {push} delivers them; {more_time}"),
                Later::Records => format!("{push} logs what is missing; {more_time}"),
                Later::Never => more_time,
            })
        }
        Trouble::SpoolFull { .. } => Some("raise --spool-max-bytes, or sample with --trace-sample-ratio".to_owned()),
        Trouble::Missed { .. } => Some("the summary counts them all".to_owned()),
        Trouble::NotTaken { .. }
        | Trouble::Gone { .. }
        | Trouble::SpoolFailed { .. }
        | Trouble::DiskBehind
        | Trouble::Invalid { .. }
        | Trouble::PartlyRejected { .. }
        | Trouble::ConsoleFailed { .. }
        | Trouble::Recovered => None,
    }
}

impl Subject {
    /// What it is called in messages.
    const fn name(&self) -> &'static str {
        match self.contents {
            Contents::Traces | Contents::MlflowTraces => "traces",
            Contents::Metrics => "metrics",
            Contents::MlflowPoints => "live metrics",
        }
    }

    const fn flush_flag(&self) -> &'static str {
        match self.contents.sink() {
            Sink::Mlflow => "--mlflow-flush-timeout",
            Sink::Otlp | Sink::Console => "--otel-flush-timeout",
        }
    }
}

/// What the page of the documentation shows: each trouble of OTLP, as the user is told of it.
#[cfg(test)]
pub(crate) fn examples(signal: loadspan_record::TelemetrySignal, destination: &str) -> Vec<Notice> {
    let contents = match signal {
        loadspan_record::TelemetrySignal::Traces => Contents::Traces,
        loadspan_record::TelemetrySignal::Metrics => Contents::Metrics,
    };
    let reason = "…".to_owned();
    let troubles = [
        Trouble::Failing { reason: reason.clone() },
        Trouble::Behind,
        Trouble::Unfinished,
        Trouble::Refused { reason: reason.clone() },
        Trouble::Invalid { reason: reason.clone() },
        Trouble::PartlyRejected { reason: reason.clone() },
        Trouble::NotTaken { reason: reason.clone() },
        Trouble::SpoolFull { max_bytes: 268_435_456 },
        Trouble::SpoolFailed { reason: reason.clone() },
        Trouble::DiskBehind,
        Trouble::ConsoleFailed { reason },
        Trouble::Missed { requests: 256 },
        Trouble::Recovered,
    ];
    let subject = Subject {
        contents,
        destination: destination.to_owned(),
        later: Later::Spool,
    };
    let told = |trouble| notice(&subject, Path::new("DIR"), trouble);
    troubles.iter().map(told).collect()
}
