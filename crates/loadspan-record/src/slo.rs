//! What a good request is: the targets of `--goodput`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Better, Metric, RequestRecord};

/// Targets that a request must meet, all of them, to be a good one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slo {
    targets: Vec<SloTarget>,
}

/// One target: a latency at most this long, or a speed at least this high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SloTarget {
    /// The figure.
    pub metric: Metric,
    /// Its limit, in the unit of the metric. A request exactly at the limit meets it.
    pub limit: f64,
}

/// What is wrong with the text of `--goodput`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SloError {
    /// Nothing to parse.
    #[error(
        "--goodput names no target; write for example `time_to_first_token:200 inter_token_latency:20`, in milliseconds"
    )]
    Empty,
    /// No colon.
    #[error("--goodput: `{0}` has no value; write `{0}:200`")]
    NoValue(String),
    /// A figure that no request can be held to.
    #[error("--goodput: `{name}` is no figure of a request; those are {}", valid_names())]
    UnknownMetric {
        /// What was written.
        name: String,
    },
    /// Not a positive number.
    #[error("--goodput: `{value}` of `{name}` is not a positive number")]
    BadValue {
        /// What was written before the colon.
        name: String,
        /// What was written after it.
        value: String,
    },
    /// The same figure twice.
    #[error("--goodput names `{0}` twice")]
    Twice(&'static str),
}

/// Short names that users of other tools know.
const ALIASES: [(&str, Metric); 8] = [
    ("ttft", Metric::TimeToFirstToken),
    ("ttfot", Metric::TimeToFirstOutputToken),
    ("ttst", Metric::TimeToSecondToken),
    ("itl", Metric::InterTokenLatency),
    ("tpot", Metric::TimePerOutputToken),
    ("e2el", Metric::RequestLatency),
    ("e2e", Metric::RequestLatency),
    ("latency", Metric::RequestLatency),
];

impl Slo {
    /// Whether a request is a good one: it completed and met every target.
    ///
    /// Values and limits are compared in single precision, as a summary keeps them. A summary adds up some figures from two such
    /// values, and may judge otherwise where one misses its limit by less than that precision.
    #[must_use]
    pub fn is_met_by(&self, record: &RequestRecord) -> bool {
        let meets = |target: &SloTarget| {
            let value = target.metric.of(record).map(|value| f64::from(value as f32));
            target.in_single_precision().is_met_by(value)
        };
        record.outcome.is_completed() && self.targets.iter().all(meets)
    }

    /// The targets, in the order in which they were written. Never empty.
    #[must_use]
    pub fn targets(&self) -> &[SloTarget] {
        &self.targets
    }

    /// The first target that only a streamed response can meet.
    #[must_use]
    pub fn stream_target(&self) -> Option<Metric> {
        self.targets
            .iter()
            .map(|target| target.metric)
            .find(|metric| metric.needs_stream())
    }
}

impl SloTarget {
    /// With a limit that was rounded as the values of a summary are: a request exactly at it stays exactly at it.
    pub(crate) fn in_single_precision(self) -> Self {
        Self {
            limit: f64::from(self.limit as f32),
            ..self
        }
    }

    /// Whether a completed request with this value meets the target.
    ///
    /// A request without a value meets a target on the time between tokens, because it had no two tokens to wait between,
    /// and misses every other.
    #[must_use]
    pub fn is_met_by(&self, value: Option<f64>) -> bool {
        match value {
            Some(value) if self.metric.better() == Better::Higher => value >= self.limit,
            Some(value) => value <= self.limit,
            None => matches!(
                self.metric,
                Metric::InterTokenLatency
                    | Metric::TimePerOutputToken
                    | Metric::TimeToSecondToken
                    | Metric::OutputTokenThroughputPerUser
            ),
        }
    }
}

/// `name:value` pairs, between spaces or commas.
impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        let mut targets: Vec<SloTarget> = Vec::new();
        for pair in text.split([' ', ',', '\t']).filter(|pair| !pair.is_empty()) {
            let target = parse_target(pair)?;
            if targets.iter().any(|other| other.metric == target.metric) {
                return Err(SloError::Twice(target.metric.tag()));
            }
            targets.push(target);
        }
        if targets.is_empty() {
            Err(SloError::Empty)
        } else {
            Ok(Self { targets })
        }
    }
}

/// As it can be parsed again.
impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, target) in self.targets.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{}:{}", target.metric.tag(), target.limit)?;
        }
        Ok(())
    }
}

fn parse_target(pair: &str) -> Result<SloTarget, SloError> {
    let (name, value) = pair.split_once(':').ok_or_else(|| SloError::NoValue(pair.to_owned()))?;
    let metric = find_metric(name).ok_or_else(|| SloError::UnknownMetric { name: name.to_owned() })?;
    let limit = value
        .parse()
        .ok()
        .filter(|limit: &f64| limit.is_finite() && *limit > 0.0);
    let bad_value = || SloError::BadValue {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Ok(SloTarget {
        metric,
        limit: limit.ok_or_else(bad_value)?,
    })
}

fn find_metric(name: &str) -> Option<Metric> {
    let alias = ALIASES
        .iter()
        .find_map(|(alias, metric)| (*alias == name).then_some(*metric));
    alias
        .or_else(|| Metric::from_tag(name))
        .filter(|metric| can_be_target(*metric))
}

/// What a server owes to one request: no client figures, no counts, and no figure without a value per request.
fn can_be_target(metric: Metric) -> bool {
    let clients_own = matches!(
        metric,
        Metric::ScheduleLag | Metric::ConnectTime | Metric::InterChunkLatency
    );
    metric.better() != Better::Neither && !clients_own
}

fn valid_names() -> String {
    let tags = Metric::ALL
        .into_iter()
        .filter(|metric| can_be_target(*metric))
        .map(Metric::tag);
    tags.chain(ALIASES.iter().map(|(alias, _)| *alias))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;
    use crate::testing::stream;

    #[test]
    fn targets_are_read_with_their_familiar_names() {
        let slo: Slo = "ttft:200,inter_token_latency:20.5  output_token_throughput_per_user:30"
            .parse()
            .unwrap();
        assert_eq!(
            slo.to_string(),
            "time_to_first_token:200 inter_token_latency:20.5 output_token_throughput_per_user:30"
        );
        assert_eq!(slo.to_string().parse::<Slo>().unwrap(), slo);
        assert_eq!(slo.stream_target(), Some(Metric::TimeToFirstToken));
        assert_eq!("e2el:900".parse::<Slo>().unwrap().stream_target(), None);
    }

    #[test]
    fn errors_say_what_to_write() {
        let error = |text: &str| text.parse::<Slo>().unwrap_err().to_string();
        insta::assert_snapshot!(error(""), @"--goodput names no target; write for example `time_to_first_token:200 inter_token_latency:20`, in milliseconds");
        insta::assert_snapshot!(error("ttft"), @"--goodput: `ttft` has no value; write `ttft:200`");
        insta::assert_snapshot!(error("ttft:fast"), @"--goodput: `fast` of `ttft` is not a positive number");
        insta::assert_snapshot!(error("ttft:0"), @"--goodput: `0` of `ttft` is not a positive number");
        insta::assert_snapshot!(error("ttft:1 time_to_first_token:2"), @"--goodput names `time_to_first_token` twice");
        insta::assert_snapshot!(error("speed:1"), @"--goodput: `speed` is no figure of a request; those are time_to_first_token, time_to_first_output_token, time_to_second_token, inter_token_latency, time_per_output_token, request_latency, scheduled_latency, time_to_first_byte, output_token_throughput_per_user, ttft, ttfot, ttst, itl, tpot, e2el, e2e, latency");
    }

    #[test]
    fn a_limit_includes_itself_and_looks_the_right_way() {
        let latency = SloTarget {
            metric: Metric::TimeToFirstToken,
            limit: 200.0,
        };
        assert!(latency.is_met_by(Some(200.0)) && !latency.is_met_by(Some(200.1)));
        let speed = SloTarget {
            metric: Metric::OutputTokenThroughputPerUser,
            limit: 30.0,
        };
        assert!(speed.is_met_by(Some(30.0)) && !speed.is_met_by(Some(29.9)));
    }

    #[test]
    fn one_token_leaves_nothing_to_wait_between() {
        assert!(
            SloTarget {
                metric: Metric::InterTokenLatency,
                limit: 20.0
            }
            .is_met_by(None)
        );
        assert!(
            !SloTarget {
                metric: Metric::TimeToFirstToken,
                limit: 20.0
            }
            .is_met_by(None)
        );
    }

    #[test]
    fn a_good_request_completed_and_met_every_target() {
        let slo: Slo = "ttft:100.1 itl:10".parse().unwrap();
        assert!(slo.is_met_by(&stream().ttft_ms(100.1).build()));
        assert!(!slo.is_met_by(&stream().ttft_ms(100.2).build()));
        assert!(!slo.is_met_by(&stream().itl_ms(11.0).build()));
        assert!(!slo.is_met_by(&stream().failed(FailureKind::TruncatedStream).build()));
    }
}
