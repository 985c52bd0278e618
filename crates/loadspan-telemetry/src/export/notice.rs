//! What a user is told of telemetry in trouble: one warning for each signal and kind of trouble, then counts only.
//!
//! The texts are quoted in `docs/telemetry.md`.

use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use loadspan_record::{LiveNotice, Notice, NoticeLevel, TelemetrySignal};

/// Takes notices. Called from the threads of exports and from whoever submits: it must not block.
pub type Notices = Arc<dyn Fn(LiveNotice) + Send + Sync>;

/// What can be the matter with an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The backend cannot be reached, or asks for patience again and again.
    Failing { reason: String },
    /// It answers, and refuses in a way that somebody may put right.
    Refused { reason: String },
    /// It refuses a payload for good.
    Invalid { reason: String },
    /// It has taken a payload without some of its items.
    PartlyRejected { reason: String },
    /// It does not take this signal.
    NotTaken { reason: String },
    /// It is slower than the run.
    Behind,
    /// The end of the run came before it had taken everything.
    Unfinished,
    /// The spool holds all that it may.
    SpoolFull { max_bytes: u64 },
    /// The spool cannot be written.
    SpoolFailed { reason: String },
    /// The disk is slower than the run.
    DiskBehind,
    /// The standard output cannot be written.
    ConsoleFailed { reason: String },
    /// Records of requests did not reach what is exported.
    Missed { requests: u64 },
    /// The trouble is over.
    Recovered,
}

/// Tells of the troubles of one signal, each kind once.
pub(super) struct Announcer {
    signal: TelemetrySignal,
    destination: String,
    /// What `loadspan push` is to be given.
    run_dir: PathBuf,
    notices: Notices,
    announced: Mutex<Vec<Discriminant<Trouble>>>,
}

impl Announcer {
    pub(super) fn new(signal: TelemetrySignal, destination: String, spool_dir: &Path, notices: Notices) -> Self {
        Self {
            signal,
            destination,
            run_dir: spool_dir.parent().unwrap_or(spool_dir).to_path_buf(),
            notices,
            announced: Mutex::default(),
        }
    }

    /// Tells of it, unless it was told of before or goes without saying.
    pub(super) fn announce(&self, trouble: &Trouble) {
        let is_news = {
            let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
            let is_news = is_news(trouble, &announced);
            if is_news {
                announced.push(discriminant(trouble));
            }
            is_news
        };
        if is_news {
            let level = trouble.level();
            let notice = self.notice(trouble);
            (self.notices)(LiveNotice { level, notice });
        }
    }

    fn notice(&self, trouble: &Trouble) -> Notice {
        Notice {
            message: self.message(trouble),
            advice: self.advice(trouble),
        }
    }

    fn message(&self, trouble: &Trouble) -> String {
        let (signal, destination) = (self.signal.as_str(), &self.destination);
        match trouble {
            Trouble::Failing { reason } => format!("{signal} cannot be delivered to {destination}: {reason}"),
            Trouble::Refused { reason } => format!("{destination} refuses {signal}: {reason}"),
            Trouble::Invalid { reason } => format!("{destination} rejects {signal} for good: {reason}"),
            Trouble::PartlyRejected { reason } => format!("{destination} has rejected some of the {signal}: {reason}"),
            Trouble::NotTaken { reason } => {
                format!("{destination} does not take {signal}, so they are off ({reason}); if it should, check the URL")
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

    fn advice(&self, trouble: &Trouble) -> Option<String> {
        match trouble {
            Trouble::Failing { .. } | Trouble::Behind => Some(format!(
                "what cannot be delivered is spooled; `loadspan push {}` delivers it later",
                self.run_dir.display()
            )),
            Trouble::Refused { .. } => Some(format!(
                "they are spooled; when it is put right, `loadspan push {}` delivers them",
                self.run_dir.display()
            )),
            Trouble::Unfinished => Some(format!(
                "they are spooled: `loadspan push {}` delivers them; --otel-flush-timeout gives it more time",
                self.run_dir.display()
            )),
            Trouble::SpoolFull { .. } => {
                Some("raise --spool-max-bytes, or sample with --trace-sample-ratio".to_owned())
            }
            Trouble::Missed { .. } => Some("the summary counts them all".to_owned()),
            Trouble::NotTaken { .. }
            | Trouble::SpoolFailed { .. }
            | Trouble::DiskBehind
            | Trouble::Invalid { .. }
            | Trouble::PartlyRejected { .. }
            | Trouble::ConsoleFailed { .. }
            | Trouble::Recovered => None,
        }
    }
}

/// Whether a trouble is worth telling after those that were announced.
fn is_news(trouble: &Trouble, announced: &[Discriminant<Trouble>]) -> bool {
    let told = |other: &Trouble| announced.contains(&discriminant(other));
    let failing = Trouble::Failing { reason: String::new() };
    let refused = Trouble::Refused { reason: String::new() };
    let is_implied = match trouble {
        Trouble::Unfinished => told(&failing) || told(&refused) || told(&Trouble::Behind),
        Trouble::Behind => told(&failing) || told(&refused),
        Trouble::Recovered => !told(&failing) && !told(&refused),
        _ => false,
    };
    !is_implied && !told(trouble)
}

impl Trouble {
    /// A backend that takes one signal and not the other is no fault, and what is over is none any more.
    fn level(&self) -> NoticeLevel {
        match self {
            Self::NotTaken { .. } | Self::Recovered => NoticeLevel::Note,
            _ => NoticeLevel::Warning,
        }
    }

    /// What stands in the ledger as the last error. `None` where nothing went wrong.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::Failing { reason }
            | Self::Refused { reason }
            | Self::Invalid { reason }
            | Self::PartlyRejected { reason }
            | Self::NotTaken { reason }
            | Self::SpoolFailed { reason }
            | Self::ConsoleFailed { reason } => Some(reason.clone()),
            Self::SpoolFull { max_bytes } => Some(format!("the spool is full ({max_bytes} bytes)")),
            Self::DiskBehind => Some("the disk is too slow for the spool".to_owned()),
            Self::Behind | Self::Unfinished | Self::Missed { .. } | Self::Recovered => None,
        }
    }
}

impl fmt::Debug for Announcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcer")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}

/// What the page of the documentation shows: each trouble, as the user is told of it.
#[cfg(test)]
pub(crate) fn examples(signal: TelemetrySignal, destination: &str) -> Vec<Notice> {
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
    let announcer = Announcer::new(
        signal,
        destination.to_owned(),
        Path::new("DIR/telemetry.spool"),
        Arc::new(|_| ()),
    );
    troubles.iter().map(|trouble| announcer.notice(trouble)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_says_what_is_the_matter_and_what_to_do() {
        let reason = "no route to host".to_owned();
        let troubles = [
            Trouble::Failing { reason: reason.clone() },
            Trouble::Refused { reason: reason.clone() },
            Trouble::Invalid { reason: reason.clone() },
            Trouble::PartlyRejected { reason: reason.clone() },
            Trouble::NotTaken { reason: reason.clone() },
            Trouble::SpoolFull { max_bytes: 1024 },
            Trouble::SpoolFailed { reason: reason.clone() },
            Trouble::DiskBehind,
            Trouble::ConsoleFailed { reason },
            Trouble::Missed { requests: 3 },
            Trouble::Recovered,
        ];
        assert_eq!(
            told(&troubles),
            [
                "traces cannot be delivered to http://c:4318/v1/traces: no route to host \
                 | what cannot be delivered is spooled; `loadspan push artifacts/run` delivers it later",
                "http://c:4318/v1/traces refuses traces: no route to host \
                 | they are spooled; when it is put right, `loadspan push artifacts/run` delivers them",
                "http://c:4318/v1/traces rejects traces for good: no route to host",
                "http://c:4318/v1/traces has rejected some of the traces: no route to host",
                "http://c:4318/v1/traces does not take traces, so they are off (no route to host); if it should, check the URL",
                "telemetry.spool is full (1024 bytes): further traces are dropped \
                 | raise --spool-max-bytes, or sample with --trace-sample-ratio",
                "traces cannot be spooled and are dropped: no route to host",
                "the disk is too slow for the spool: traces are dropped",
                "traces cannot be written to http://c:4318/v1/traces: no route to host",
                "3 requests are not in the exported traces: telemetry was behind | the summary counts them all",
                "http://c:4318/v1/traces takes traces again",
            ]
        );
    }

    #[test]
    fn what_goes_without_saying_is_not_said() {
        let failing = || Trouble::Failing {
            reason: "refused".to_owned(),
        };
        assert_eq!(told(&[Trouble::Recovered]).len(), 0);
        assert_eq!(
            told(&[failing(), failing(), Trouble::Behind, Trouble::Unfinished]).len(),
            1
        );
        assert_eq!(
            told(&[Trouble::Behind, Trouble::Unfinished]),
            [
                "http://c:4318/v1/traces takes traces more slowly than the run makes them \
              | what cannot be delivered is spooled; `loadspan push artifacts/run` delivers it later"
            ]
        );
        assert_eq!(
            told(&[Trouble::Unfinished]),
            [
                "http://c:4318/v1/traces had not taken all traces when the run was over \
              | they are spooled: `loadspan push artifacts/run` delivers them; --otel-flush-timeout gives it more time"
            ]
        );
    }

    fn told(troubles: &[Trouble]) -> Vec<String> {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let announcer = Announcer::new(
            TelemetrySignal::Traces,
            "http://c:4318/v1/traces".to_owned(),
            Path::new("artifacts/run/telemetry.spool"),
            Arc::new(move |LiveNotice { notice, .. }| {
                let advice = notice.advice.map(|advice| format!(" | {advice}")).unwrap_or_default();
                heard.lock().unwrap().push(format!("{}{advice}", notice.message));
            }),
        );
        for trouble in troubles {
            announcer.announce(trouble);
        }
        notices.lock().unwrap().clone()
    }
}
