//! What a user is told of telemetry in trouble: one warning for each signal and kind of trouble, then counts only.
//!
//! What it says is in `words`; here is when.

mod words;

use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use loadspan_record::{LiveNotice, NoticeLevel};

use super::Contents;

#[cfg(test)]
pub(crate) use self::words::examples;

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
    /// What it is for is not there any more.
    Gone { reason: String },
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

/// How what is not delivered gets to its destination after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Later {
    /// From the spool.
    Spool,
    /// It is made again from the records of the run.
    Records,
    /// It does not.
    Never,
}

/// What notices are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) contents: Contents,
    pub(super) destination: String,
    pub(super) later: Later,
}

/// Tells of the troubles of one signal, each kind once.
pub(super) struct Announcer {
    subject: Subject,
    /// What `loadspan push` is to be given.
    run_dir: PathBuf,
    notices: Notices,
    announced: Mutex<Vec<Discriminant<Trouble>>>,
}

impl Announcer {
    pub(super) fn new(subject: Subject, spool_dir: &Path, notices: Notices) -> Self {
        Self {
            subject,
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
            let notice = words::notice(&self.subject, &self.run_dir, trouble);
            (self.notices)(LiveNotice { level, notice });
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
            | Self::Gone { reason }
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
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
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

    #[test]
    fn live_metrics_are_in_the_records_if_there_are_any() {
        let reason = || "HTTP 503".to_owned();
        let told_if = |later| {
            let subject = Subject {
                contents: Contents::MlflowPoints,
                destination: "http://m:5000/".to_owned(),
                later,
            };
            let troubles = [
                Trouble::Failing { reason: reason() },
                Trouble::Refused { reason: reason() },
                Trouble::Gone { reason: reason() },
            ];
            let mut told = told_of(subject.clone(), &troubles);
            told.extend(told_of(subject, &[Trouble::Unfinished]));
            told
        };
        assert_eq!(
            told_if(Later::Records),
            [
                "live metrics cannot be delivered to http://m:5000/: HTTP 503 \
                 | what is missing is logged when the run is over, or later by `loadspan push artifacts/run`",
                "http://m:5000/ refuses live metrics: HTTP 503 \
                 | when it is put right, `loadspan push artifacts/run` logs what is missing",
                "the run is not at http://m:5000/ any more, so live metrics are off: HTTP 503",
                "http://m:5000/ had not taken all live metrics when the run was over \
                 | `loadspan push artifacts/run` logs what is missing; --mlflow-flush-timeout gives it more time",
            ]
        );
        assert!(told_if(Later::Never)[0].ends_with(words::LOST));
    }

    fn told(troubles: &[Trouble]) -> Vec<String> {
        let subject = Subject {
            contents: Contents::Traces,
            destination: "http://c:4318/v1/traces".to_owned(),
            later: Later::Spool,
        };
        told_of(subject, troubles)
    }

    fn told_of(subject: Subject, troubles: &[Trouble]) -> Vec<String> {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let announcer = Announcer::new(
            subject,
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
