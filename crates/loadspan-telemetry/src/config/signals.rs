//! Which signals are exported, and to what kind of place.
//!
//! `--otel-url` says where, `--stream` says what. Each beats what the environment says of the same question. Both are about
//! OpenTelemetry: what MLflow gets is up to its own flags. A word of `--stream` that names what MLflow gets is not in vain, though.

use loadspan_record::TelemetrySignal;

use super::environment::{Settings, otlp_names, signal_word};
use super::mlflow::MlflowShare;
use super::stream::{DEFAULT_GROUPS, Stream, Streams};
use super::{ConfigError, MetricGroups, OtlpOptions};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) traces: Option<Place>,
    pub(super) metrics: Option<Place>,
    pub(super) groups: MetricGroups,
    pub(super) mlflow: MlflowShare,
}

/// What is asked for of OpenTelemetry, and what MLflow gets beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) otlp: &'a OtlpOptions,
    pub(super) stream: Stream,
    pub(super) mlflow: MlflowShare,
}

/// The kinds of places that a signal can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Otlp,
    Console,
}

impl Signals {
    /// OpenTelemetry gets nothing.
    pub(super) const fn only(mlflow: MlflowShare) -> Self {
        Self {
            traces: None,
            metrics: None,
            groups: DEFAULT_GROUPS,
            mlflow,
        }
    }

    /// Whether OpenTelemetry gets anything.
    pub(super) fn any(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some()
    }

    pub(super) fn any_over_otlp(&self) -> bool {
        [self.traces, self.metrics].contains(&Some(Place::Otlp))
    }

    /// Whether there are spans, wherever they go.
    pub(super) fn has_spans(&self) -> bool {
        self.traces.is_some() || self.mlflow.has_traces()
    }
}

/// # Errors
///
/// When `--stream` names what has no place to go to.
pub(super) fn choose(ask: Ask<'_>, settings: &mut Settings<'_>) -> Result<Signals, ConfigError> {
    let mlflow = ask.mlflow;
    let traces = Wish::of(TelemetrySignal::Traces, ask.otlp, settings);
    let metrics = Wish::of(TelemetrySignal::Metrics, ask.otlp, settings);
    match ask.stream {
        Stream::Off if traces.place.is_none() && metrics.place.is_none() && mlflow.is_absent() => {
            Err(nowhere("none", "anything", mlflow))
        }
        Stream::Off => Ok(Signals::only(mlflow)),
        Stream::Unsaid => Ok(Signals {
            traces: traces.unless_refused(settings),
            metrics: metrics.unless_refused(settings),
            groups: DEFAULT_GROUPS,
            mlflow,
        }),
        Stream::Only(streams) => {
            let signals = Signals {
                traces: traces.if_named(streams.traces, settings),
                metrics: metrics.if_named(streams.metrics(), settings),
                groups: streams.groups,
                mlflow,
            };
            match unplaced(streams, &signals) {
                Some((word, what)) => Err(nowhere(word, what, mlflow)),
                None => Ok(signals),
            }
        }
    }
}

/// The word of `--stream` that has no place to go to, and what it stands for.
pub(super) fn unplaced(streams: Streams, signals: &Signals) -> Option<(&'static str, &'static str)> {
    if streams.whatever_there_is {
        return (!signals.any() && signals.mlflow.is_absent()).then_some(("all", "anything"));
    }
    if streams.traces && !signals.has_spans() {
        return Some(("traces", "traces"));
    }
    // Beside what requests were like, `timing` is what AIPerf's users write by habit; MLflow gets nothing of it.
    if signals.metrics.is_some() || (streams.groups.requests && signals.mlflow.is_live()) {
        return None;
    }
    let word = if streams.groups.requests { "metrics" } else { "timing" };
    streams.metrics().then_some((word, "metrics"))
}

fn nowhere(word: &str, what: &str, mlflow: MlflowShare) -> ConfigError {
    let advice = match word {
        "traces" if !mlflow.is_absent() => "add --mlflow-traces to have them in MLflow, or --otel-url",
        "timing" if !mlflow.is_absent() => "add --otel-url: MLflow gets no timing",
        _ => "add --otel-url, or set OTEL_EXPORTER_OTLP_ENDPOINT",
    };
    ConfigError::new(
        format!("--stream {word} has no effect: there is no place for {what} to go to"),
        advice,
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
    fn of(signal: TelemetrySignal, otlp: &OtlpOptions, settings: &mut Settings<'_>) -> Self {
        let exporter = Exporter::read(signal, settings);
        let url_given = otlp.url.is_some();
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
mod tests;
