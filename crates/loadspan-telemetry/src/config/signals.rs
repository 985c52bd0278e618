//! Which signals are exported, and to what kind of place.
//!
//! `--otel-url` says where, `--stream` says what. Each beats what the environment says of the same question.

use loadspan_record::TelemetrySignal;

use super::environment::{Settings, otlp_names, signal_word};
use super::stream::{DEFAULT_GROUPS, Stream, Streams};
use super::{ConfigError, MetricGroups, OtherSink, TelemetryOptions};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) traces: Option<Place>,
    pub(super) metrics: Option<Place>,
    pub(super) groups: MetricGroups,
}

/// The kinds of places that a signal can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Otlp,
    Console,
}

impl Signals {
    /// Nothing is exported.
    pub(super) const OFF: Self = Self {
        traces: None,
        metrics: None,
        groups: DEFAULT_GROUPS,
    };

    pub(super) fn any(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }

    pub(super) fn any_over_otlp(&self) -> bool {
        [self.traces, self.metrics].contains(&Some(Place::Otlp))
    }
}

/// # Errors
///
/// When `--stream` names what has no place to go to.
pub(super) fn choose(
    options: &TelemetryOptions,
    stream: Stream,
    settings: &mut Settings<'_>,
) -> Result<Signals, ConfigError> {
    let traces = Wish::of(TelemetrySignal::Traces, options, settings);
    let metrics = Wish::of(TelemetrySignal::Metrics, options, settings);
    match stream {
        Stream::Off if traces.place.is_none() && metrics.place.is_none() && options.other_sink == OtherSink::Absent => {
            Err(nowhere("none", "anything"))
        }
        Stream::Off => Ok(Signals::OFF),
        Stream::Unsaid => Ok(Signals {
            traces: traces.unless_refused(settings),
            metrics: metrics.unless_refused(settings),
            groups: DEFAULT_GROUPS,
        }),
        Stream::Only(streams) => {
            let signals = Signals {
                traces: traces.if_named(streams.traces, settings),
                metrics: metrics.if_named(streams.metrics(), settings),
                groups: streams.groups,
            };
            match unplaced(streams, &signals) {
                Some((word, what)) if options.other_sink == OtherSink::Absent => Err(nowhere(word, what)),
                _ => Ok(signals),
            }
        }
    }
}

/// The word of `--stream` that has no place to go to, and what it stands for.
fn unplaced(streams: Streams, signals: &Signals) -> Option<(&'static str, &'static str)> {
    if streams.whatever_there_is {
        return (!signals.any()).then_some(("all", "anything"));
    }
    if streams.traces && signals.traces.is_none() {
        return Some(("traces", "traces"));
    }
    let word = if streams.groups.requests { "metrics" } else { "timing" };
    (streams.metrics() && signals.metrics.is_none()).then_some((word, "metrics"))
}

fn nowhere(word: &str, what: &str) -> ConfigError {
    ConfigError::new(
        format!("--stream {word} has no effect: there is no place for {what} to go to"),
        "add --otel-url, or set OTEL_EXPORTER_OTLP_ENDPOINT",
    )
}

/// What is said of a signal, other than by `--stream`.
struct Wish {
    signal: TelemetrySignal,
    exporter: Exporter,
    /// Without a word from `--stream` and `OTEL_…_EXPORTER`: traces are asked for, metrics are on where they have an endpoint.
    asked: bool,
    place: Option<Place>,
}

/// What `OTEL_TRACES_EXPORTER` or `OTEL_METRICS_EXPORTER` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exporter {
    Unsaid,
    Otlp,
    Console,
    Nothing,
}

impl Wish {
    fn of(signal: TelemetrySignal, options: &TelemetryOptions, settings: &mut Settings<'_>) -> Self {
        let exporter = Exporter::read(signal, settings);
        let url_given = options.otlp.url.is_some();
        let endpoint_given = otlp_names(signal, "ENDPOINT")
            .iter()
            .any(|name| settings.text(name).is_some());
        let asked = match signal {
            TelemetrySignal::Traces => settings.is_true("OTEL_TRACES_ENABLED"),
            TelemetrySignal::Metrics => url_given || endpoint_given,
        };
        if url_given && exporter == Exporter::Console {
            settings.warn(
                format!(
                    "OTEL_{}_EXPORTER=console has no effect beside --otel-url",
                    signal_word(signal)
                ),
                "leave --otel-url out to see it on the console",
            );
        }
        let place = match exporter {
            _ if url_given => Some(Place::Otlp),
            Exporter::Console => Some(Place::Console),
            Exporter::Otlp => Some(Place::Otlp),
            _ if endpoint_given => Some(Place::Otlp),
            // What inference-perf does.
            _ => asked.then_some(Place::Console),
        };
        Self {
            signal,
            exporter,
            asked,
            place,
        }
    }

    /// Without `--stream`.
    fn unless_refused(&self, settings: &mut Settings<'_>) -> Option<Place> {
        match self.exporter {
            Exporter::Nothing => {
                if self.asked && self.signal == TelemetrySignal::Traces {
                    settings.warn(
                        "OTEL_TRACES_EXPORTER=none turns off the traces that OTEL_TRACES_ENABLED=true asks for",
                        "unset one of them",
                    );
                }
                None
            }
            Exporter::Otlp | Exporter::Console => self.place,
            Exporter::Unsaid => self.place.filter(|_| self.asked),
        }
    }

    /// With `--stream`.
    fn if_named(&self, named: bool, settings: &mut Settings<'_>) -> Option<Place> {
        let name = self.signal.as_str();
        let wanted_by_environment = match self.exporter {
            Exporter::Otlp | Exporter::Console => true,
            Exporter::Nothing => false,
            Exporter::Unsaid => self.asked && self.signal == TelemetrySignal::Traces,
        };
        if !named && wanted_by_environment {
            settings.warn(
                format!("the environment asks for {name}, and --stream leaves them out"),
                format!("add --stream {name} to export them"),
            );
        }
        self.place.filter(|_| named)
    }
}

impl Exporter {
    /// The list may name several. One is supported for each signal, OTLP before the console.
    fn read(signal: TelemetrySignal, settings: &mut Settings<'_>) -> Self {
        let name = format!("OTEL_{}_EXPORTER", signal_word(signal));
        let Some(list) = settings.text(&name) else {
            return Self::Unsaid;
        };
        let mut named = Vec::new();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "otlp" => named.push(Self::Otlp),
                "console" | "otlp/stdout" => named.push(Self::Console),
                "none" => named.push(Self::Nothing),
                _ => settings.warn(format!("{name}: `{word}` is ignored"), "expected otlp, console or none"),
            }
        }
        let order = [Self::Otlp, Self::Console, Self::Nothing];
        let chosen = order.into_iter().find(|exporter| named.contains(exporter));
        if named.iter().any(|exporter| Some(*exporter) != chosen) {
            settings.warn(
                format!(
                    "{name}=`{list}` names several exporters, of which only the first of otlp, console, none is used"
                ),
                "name one",
            );
        }
        chosen.unwrap_or(Self::Unsaid)
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::super::environment::Environment;
    use super::super::stream;
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    const ENABLED: (&str, &str) = ("OTEL_TRACES_ENABLED", "true");
    const OTLP: Option<Place> = Some(Place::Otlp);
    const CONSOLE: Option<Place> = Some(Place::Console);

    /// Places of traces and metrics, and the number of warnings. Flags: `--otel-url` or nothing, then words of `--stream`.
    fn chosen(flags: &str, environment: &[(&str, &str)]) -> Result<(Option<Place>, Option<Place>, usize), String> {
        let mut words = flags.split_whitespace().map(str::to_owned).peekable();
        let url = words.next_if(|word| word == "--otel-url").map(|_| Secret::new("c"));
        let mut options = TelemetryOptions {
            stream: words.collect(),
            ..TelemetryOptions::default()
        };
        options.otlp.url = url;
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let stream = stream::parse(&options.stream).unwrap();
        let signals = choose(&options, stream, &mut settings).map_err(|error| error.to_string())?;
        Ok((signals.traces, signals.metrics, settings.into_warnings().len()))
    }

    #[test]
    fn nothing_is_exported_unless_there_is_a_reason() {
        assert_eq!(chosen("", &[]), Ok((None, None, 0)));
        assert_eq!(
            chosen("", &[("OTEL_TRACES_ENABLED", "1")]),
            Ok((None, None, 1)),
            "only `true` is true"
        );
    }

    #[test]
    fn metrics_are_on_where_they_have_an_endpoint() {
        assert_eq!(chosen("--otel-url", &[]), Ok((None, OTLP, 0)));
        assert_eq!(chosen("", &[ENDPOINT]), Ok((None, OTLP, 0)));
        assert_eq!(
            chosen("", &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c")]),
            Ok((None, OTLP, 0))
        );
        assert_eq!(
            chosen("", &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "c")]),
            Ok((None, None, 0))
        );
        assert_eq!(
            chosen("", &[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]),
            Ok((None, None, 0))
        );
    }

    #[test]
    fn traces_are_on_when_they_are_asked_for() {
        assert_eq!(chosen("", &[ENABLED, ENDPOINT]), Ok((OTLP, OTLP, 0)));
        assert_eq!(chosen("--otel-url traces", &[]), Ok((OTLP, None, 0)));
        assert_eq!(chosen("--otel-url all", &[]), Ok((OTLP, OTLP, 0)));
        assert_eq!(chosen("", &[("OTEL_TRACES_EXPORTER", "otlp")]), Ok((OTLP, None, 0)));
        assert_eq!(
            chosen("", &[("OTEL_TRACES_EXPORTER", "console")]),
            Ok((CONSOLE, None, 0))
        );
    }

    #[test]
    fn traces_without_an_endpoint_go_to_the_console_as_inference_perf_s_do() {
        assert_eq!(chosen("", &[ENABLED]), Ok((CONSOLE, None, 0)));
        assert_eq!(chosen("all", &[ENABLED]), Ok((CONSOLE, None, 0)));
        assert_eq!(
            chosen("", &[ENABLED, ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "c")]),
            Ok((CONSOLE, OTLP, 0))
        );
    }

    #[test]
    fn stream_says_what_is_exported_whatever_the_environment_says() {
        assert_eq!(chosen("metrics", &[ENABLED, ENDPOINT]), Ok((None, OTLP, 1)));
        assert_eq!(chosen("traces", &[ENDPOINT]), Ok((OTLP, None, 0)));
        assert_eq!(chosen("none", &[ENABLED, ENDPOINT]), Ok((None, None, 0)));
        assert_eq!(
            chosen("metrics", &[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]),
            Ok((None, OTLP, 0))
        );
    }

    #[test]
    fn the_url_says_where_whatever_the_environment_says() {
        let console = ("OTEL_METRICS_EXPORTER", "console");
        assert_eq!(chosen("--otel-url", &[console]), Ok((None, OTLP, 1)));
        assert_eq!(chosen("", &[console, ENDPOINT]), Ok((None, CONSOLE, 0)));
    }

    #[test]
    fn what_is_named_and_has_no_place_is_an_error() {
        for (flags, environment) in [
            ("metrics", [ENABLED]),
            ("traces,metrics", [ENABLED]),
            ("timing", [ENABLED]),
        ] {
            let error = chosen(flags, &environment).unwrap_err();
            assert!(
                error.contains("has no effect: there is no place for metrics"),
                "{flags}: {error}"
            );
        }
    }

    #[test]
    fn one_exporter_of_a_list_is_used_and_strangers_are_ignored() {
        let traces = |list| chosen("", &[("OTEL_TRACES_EXPORTER", list)]).unwrap();
        assert_eq!(traces("console,otlp"), (OTLP, None, 1));
        assert_eq!(traces("zipkin"), (None, None, 1));
        assert_eq!(traces("zipkin, Console"), (CONSOLE, None, 1));
        assert_eq!(traces("console,otlp/stdout"), (CONSOLE, None, 0));
        assert_eq!(
            chosen("", &[ENABLED, ("OTEL_TRACES_EXPORTER", "none")]),
            Ok((None, None, 1))
        );
    }
}
