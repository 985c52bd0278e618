//! The words of `--stream`: what is exported.

use super::{ConfigError, MetricGroups};

/// What `--stream` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// It was not given.
    Unsaid,
    /// `none`.
    Off,
    /// These.
    Only(Streams),
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Streams {
    pub(super) groups: MetricGroups,
    pub(super) traces: bool,
    /// `all` asks for whatever has a place to go to, the other words for what they name.
    pub(super) whatever_there_is: bool,
}

/// What is exported of the metrics where nobody says.
pub(super) const DEFAULT_GROUPS: MetricGroups = MetricGroups {
    requests: true,
    timing: true,
    scraped: false,
};

pub(super) fn parse(values: &[String]) -> Result<Stream, ConfigError> {
    let words = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    let words: Vec<_> = words.map(str::to_ascii_lowercase).collect();
    if words.is_empty() {
        return Ok(Stream::Unsaid);
    }
    if words.iter().all(|word| word == "none") {
        return Ok(Stream::Off);
    }
    let mut streams = Streams {
        groups: MetricGroups {
            requests: false,
            timing: false,
            scraped: false,
        },
        traces: false,
        whatever_there_is: false,
    };
    for word in &words {
        add(word, &mut streams)?;
    }
    Ok(Stream::Only(streams))
}

fn add(word: &str, streams: &mut Streams) -> Result<(), ConfigError> {
    match word {
        "default" => {
            streams.groups.requests = true;
            streams.groups.timing = true;
        }
        "metrics" => streams.groups.requests = true,
        "timing" => streams.groups.timing = true,
        "traces" => streams.traces = true,
        "all" => {
            streams.groups = MetricGroups {
                requests: true,
                timing: true,
                scraped: true,
            };
            streams.traces = true;
            streams.whatever_there_is = true;
        }
        "none" => {
            return Err(ConfigError::new(
                "--stream: `none` contradicts the other words",
                "leave one of them out",
            ));
        }
        _ => {
            return Err(ConfigError::new(
                format!("--stream: `{word}` is nothing that is exported"),
                "expected default, metrics, timing, traces, all or none",
            ));
        }
    }
    Ok(())
}

impl Streams {
    pub(super) const fn metrics(self) -> bool {
        self.groups.requests || self.groups.timing || self.groups.scraped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(values: &[&str]) -> Result<Stream, String> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        parse(&values).map_err(|error| error.to_string())
    }

    #[test]
    fn words_come_in_lists_and_one_by_one() {
        let metrics_and_traces = parsed(&["metrics,traces"]);
        assert_eq!(parsed(&["metrics", " Traces"]), metrics_and_traces);
        let Ok(Stream::Only(streams)) = metrics_and_traces else {
            panic!("{metrics_and_traces:?}")
        };
        assert!(streams.groups.requests && streams.traces && !streams.groups.timing);
    }

    #[test]
    fn default_is_what_nobody_has_to_say() {
        let Ok(Stream::Only(streams)) = parsed(&["default"]) else {
            panic!()
        };
        assert_eq!((streams.groups, streams.traces), (DEFAULT_GROUPS, false));
        assert_eq!(parsed(&[]), Ok(Stream::Unsaid));
        assert_eq!(parsed(&["none"]), Ok(Stream::Off));
    }

    #[test]
    fn nonsense_and_contradictions_are_refused() {
        assert!(
            parsed(&["spans"])
                .unwrap_err()
                .starts_with("--stream: `spans` is nothing")
        );
        assert!(parsed(&[""]).is_err());
        assert!(parsed(&["none,metrics"]).unwrap_err().contains("contradicts"));
    }
}
