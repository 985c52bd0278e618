//! The values of `--fault`: what goes wrong, and how often.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// What goes wrong with some requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FaultArg {
    pub(crate) name: FaultName,
    pub(crate) share: FaultShare,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultName {
    /// An HTTP status that is an error.
    Status(u16),
    SseError,
    Truncated,
    Stalled,
    SlowHead,
    Dropped,
    Never,
    Empty,
    NotJson,
    Html,
}

/// Every name but those of the statuses.
const NAMES: [(&str, FaultName); 9] = [
    ("sse-error", FaultName::SseError),
    ("truncated", FaultName::Truncated),
    ("stalled", FaultName::Stalled),
    ("slow-head", FaultName::SlowHead),
    ("dropped", FaultName::Dropped),
    ("never", FaultName::Never),
    ("empty", FaultName::Empty),
    ("not-json", FaultName::NotJson),
    ("html", FaultName::Html),
];

/// With how many requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FaultShare {
    All,
    /// With each so-many-th.
    Every(NonZeroU64),
    /// With this share of them, above 0 and at most 1.
    Share(f64),
}

impl FromStr for FaultArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, share) = text
            .split_once('@')
            .map_or((text, None), |(name, share)| (name, Some(share)));
        let share = share.map_or(Ok(FaultShare::All), str::parse)?;
        Ok(Self {
            name: name.parse()?,
            share,
        })
    }
}

impl FromStr for FaultName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == text) {
            return Ok(*name);
        }
        match text.parse() {
            Ok(status @ 400..=599) => Ok(Self::Status(status)),
            Ok(_) => Err("a status that is a fault is between 400 and 599".to_owned()),
            Err(_) => {
                let names = NAMES.map(|(name, _)| name).join(", ");
                Err(format!(
                    "`{text}` is no fault: use a status such as 429, or one of {names}"
                ))
            }
        }
    }
}

/// As it can be parsed again.
impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Status(status) = self {
            return write!(f, "{status}");
        }
        let mut names = NAMES.iter().filter(|(_, known)| known == self);
        names.try_for_each(|(name, _)| f.write_str(name))
    }
}

impl FromStr for FaultShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a share, such as 5% or 0.05, or every-N, such as every-20";
        if let Some(number) = text.strip_prefix("every-") {
            return number.parse().map(Self::Every).map_err(|_| EXPECTED.to_owned());
        }
        match parse_share(text) {
            Ok(share) if share > 0.0 => Ok(Self::Share(share)),
            _ => Err(EXPECTED.to_owned()),
        }
    }
}

/// A share of 0 to 1, as a number or in percent.
///
/// # Errors
///
/// Anything else.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    let share = number.trim().parse::<f64>().ok().map(|number| number / scale);
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "expected a share, such as 20% or 0.2, at most 100%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FaultArg, String> {
        text.parse()
    }

    #[test]
    fn a_fault_has_a_name_and_perhaps_a_share() {
        let every = |number| FaultShare::Every(NonZeroU64::new(number).unwrap());
        let cases = [
            ("429", FaultName::Status(429), FaultShare::All),
            ("503@5%", FaultName::Status(503), FaultShare::Share(0.05)),
            ("sse-error@0.5", FaultName::SseError, FaultShare::Share(0.5)),
            ("truncated@every-20", FaultName::Truncated, every(20)),
            ("slow-head@100%", FaultName::SlowHead, FaultShare::Share(1.0)),
            ("not-json@every-1", FaultName::NotJson, every(1)),
        ];
        for (text, name, share) in cases {
            assert_eq!(parse(text), Ok(FaultArg { name, share }), "{text}");
        }
    }

    #[test]
    fn every_name_can_be_read_as_it_is_written() {
        let names = NAMES.into_iter().map(|(_, name)| name).chain([FaultName::Status(418)]);
        for name in names {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_with_what_to_write() {
        for bad in ["", "nonsense", "@5%", "-429", "99999"] {
            assert!(parse(bad).unwrap_err().contains("use a status such as 429"), "{bad}");
        }
        assert!(parse("200").unwrap_err().contains("between 400 and 599"));
        for bad in [
            "429@",
            "429@0",
            "429@0%",
            "429@101%",
            "429@nan",
            "429@every-0",
            "429@every-",
            "429@5%@5%",
        ] {
            assert!(parse(bad).unwrap_err().contains("such as every-20"), "{bad}");
        }
    }

    #[test]
    fn a_share_of_jitter_may_be_nothing() {
        assert_eq!(parse_share("0"), Ok(0.0));
        assert_eq!(parse_share("20%"), Ok(0.2));
        assert!(parse_share("1.5").is_err() && parse_share("inf").is_err());
    }
}
