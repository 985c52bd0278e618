//! From flags and environment to the configuration: flag before environment before default.

use std::time::Duration;

use loadspan_record::{Notice, TelemetrySignal};

use super::environment::{Settings, UNLIMITED};
use super::mlflow::MlflowShare;
use super::signals::{Ask, Place, Signals};
use super::stream::Stream;
use super::{
    AttributeStyle, ConfigError, Environment, ExporterConfig, MetricsConfig, MlflowConfig, Naming, Requirement,
    SemconvChoice, TelemetryConfig, TelemetryOptions, TraceStore, TracesConfig, byte_size, effect, metrics, otlp,
    resource, signals, stream, traces,
};

const DEFAULT_FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_SPOOL_BYTES: u64 = 256 << 20;

/// What flags and environment come to.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// `None`: neither OpenTelemetry nor MLflow gets anything.
    pub config: Option<TelemetryConfig>,
    /// What the user should know: variables that were ignored, and why.
    pub warnings: Vec<Notice>,
}

impl TelemetryOptions {
    /// Resolves what was asked for against the environment.
    ///
    /// A variable that cannot be read is a warning and counts as unset, as the specification wants it. An address that cannot be
    /// used is an error wherever it comes from: nobody wants to learn of it after the run.
    ///
    /// # Errors
    ///
    /// Names the flag or variable that is wrong or would have no effect, and says what to do.
    pub fn resolve(self, environment: &Environment) -> Result<Resolved, ConfigError> {
        let mut settings = Settings::new(environment);
        warn_of_unsupported(&mut settings);
        let config = self.config(&mut settings)?;
        Ok(Resolved {
            config,
            warnings: settings.into_warnings(),
        })
    }

    fn config(&self, settings: &mut Settings<'_>) -> Result<Option<TelemetryConfig>, ConfigError> {
        let (mlflow, signals) = self.sinks(settings)?;
        let naming = self.naming()?;
        let spool_max_bytes = self.spool_max_bytes()?;
        if !signals.any() && mlflow.is_none() {
            return Ok(None);
        }
        let config = TelemetryConfig {
            resource: resource::resolve(self, settings)?,
            naming,
            traces: self.traces(&signals, settings)?,
            metrics: self.metrics(&signals, settings)?,
            mlflow,
            flush_timeout: self.otel_flush_timeout.unwrap_or(DEFAULT_FLUSH_TIMEOUT).min(UNLIMITED),
            spool_max_bytes,
            requirement: self.requirement.unwrap_or(Requirement::BestEffort),
        };
        effect::check_resolved(self, &config)?;
        Ok(Some(config))
    }

    /// What gets anything, once it is clear that no flag is in vain.
    fn sinks(&self, settings: &mut Settings<'_>) -> Result<(Option<MlflowConfig>, Signals), ConfigError> {
        let stream = stream::parse(&self.stream)?;
        let mut mlflow = self.mlflow.resolve(settings)?;
        if settings.is_true("OTEL_SDK_DISABLED") {
            if let Some(mlflow) = &mut mlflow {
                turn_traces_off(mlflow, settings);
            }
            let share = MlflowShare::of(mlflow.as_ref());
            effect::check_disabled(self, stream, share)?;
            return Ok((mlflow, Signals::only(share)));
        }
        let ask = Ask {
            otlp: &self.otlp,
            stream,
            mlflow: MlflowShare::of(mlflow.as_ref()),
        };
        let signals = signals::choose(ask, settings)?;
        // `--stream none` is there to turn OpenTelemetry off without taking the other flags apart.
        if stream != Stream::Off {
            effect::check(self, &signals)?;
        }
        Ok((mlflow, signals))
    }

    fn traces(&self, signals: &Signals, settings: &mut Settings<'_>) -> Result<Option<TracesConfig>, ConfigError> {
        if !signals.has_spans() {
            return Ok(None);
        }
        let place = signals.traces;
        let exporter = place.map(|place| self.exporter(TelemetrySignal::Traces, place, settings));
        traces::resolve(exporter.transpose()?, self, settings).map(Some)
    }

    fn metrics(&self, signals: &Signals, settings: &mut Settings<'_>) -> Result<Option<MetricsConfig>, ConfigError> {
        let Some(place) = signals.metrics else {
            return Ok(None);
        };
        let exporter = self.exporter(TelemetrySignal::Metrics, place, settings)?;
        metrics::resolve(exporter, signals.groups, self, settings).map(Some)
    }

    fn exporter(
        &self,
        signal: TelemetrySignal,
        place: Place,
        settings: &mut Settings<'_>,
    ) -> Result<ExporterConfig, ConfigError> {
        match place {
            Place::Otlp => otlp::resolve(signal, &self.otlp, settings).map(ExporterConfig::Otlp),
            Place::Console => Ok(ExporterConfig::Console),
        }
    }

    fn naming(&self) -> Result<Naming, ConfigError> {
        let provider = self.gen_ai_provider.as_deref().map(str::trim);
        if provider == Some("") {
            return Err(ConfigError::new(
                "--gen-ai-provider is empty",
                "name a provider, or leave it out",
            ));
        }
        Ok(Naming {
            semconv: self.otel_semconv.unwrap_or(SemconvChoice::V1_41),
            attributes: self.otel_attributes.unwrap_or(AttributeStyle::Semconv),
            provider: provider.map(str::to_owned),
        })
    }

    fn spool_max_bytes(&self) -> Result<u64, ConfigError> {
        let Some(size) = &self.spool_max_bytes else {
            return Ok(DEFAULT_SPOOL_BYTES);
        };
        byte_size::parse(size).ok_or_else(|| {
            ConfigError::new(
                format!("--spool-max-bytes: `{size}` is no size"),
                "expected bytes, such as 64MiB, 1GiB or 1000000",
            )
        })
    }
}

/// Spans are OpenTelemetry's, also where they go to MLflow.
fn turn_traces_off(mlflow: &mut MlflowConfig, settings: &mut Settings<'_>) {
    if mlflow.traces == TraceStore::On {
        mlflow.traces = TraceStore::Off;
        settings.warn(
            "OTEL_SDK_DISABLED=true turns off the traces that --mlflow-traces asks for",
            "unset the variable to have them in MLflow",
        );
    }
}

fn warn_of_unsupported(settings: &mut Settings<'_>) {
    for name in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
        if settings.text(name).is_some() {
            settings.warn(
                format!("{name} is ignored, because configuration files of OpenTelemetry are not supported"),
                "use flags or the other OTEL_ variables",
            );
        }
    }
    if settings.text("OTEL_ENTITIES").is_some() {
        settings.warn("OTEL_ENTITIES is ignored", "use OTEL_RESOURCE_ATTRIBUTES");
    }
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::*;

    type Change = fn(&mut TelemetryOptions);

    fn with_url(change: Change) -> Result<Resolved, ConfigError> {
        let mut options = TelemetryOptions::default();
        options.otlp.url = Some(Secret::new("localhost:4318"));
        change(&mut options);
        options.resolve(&Environment::default())
    }

    #[test]
    fn the_defaults_are_those_of_a_load_generator() {
        let config = with_url(|_| {}).unwrap().config.unwrap();
        assert_eq!(config.resource.service_name, "loadspan");
        assert_eq!(
            (config.flush_timeout, config.spool_max_bytes),
            (Duration::from_secs(5), 256 << 20)
        );
        assert_eq!(
            (config.naming.semconv, config.requirement),
            (SemconvChoice::V1_41, Requirement::BestEffort)
        );
        assert_eq!(config.metrics.unwrap().interval, Duration::from_secs(2));
    }

    fn with_mlflow(change: Change, environment: &[(&str, &str)]) -> (TelemetryConfig, usize) {
        let mut options = TelemetryOptions::default();
        options.mlflow.tracking_uri = Some(Secret::new("http://localhost:5000"));
        change(&mut options);
        let resolved = options.resolve(&Environment::of(environment)).unwrap();
        (resolved.config.unwrap(), resolved.warnings.len())
    }

    #[test]
    fn mlflow_alone_is_a_configuration_without_signals() {
        let (config, warnings) = with_mlflow(|options| options.gen_ai_provider = Some("vllm".to_owned()), &[]);
        assert!(config.traces.is_none() && config.metrics.is_none() && config.mlflow.is_some());
        assert_eq!((config.naming.provider.as_deref(), warnings), (Some("vllm"), 0));
        let environment = Environment::of(&[("MLFLOW_TRACKING_URI", "http://localhost:5000")]);
        let resolved = TelemetryOptions::default().resolve(&environment).unwrap();
        assert!(resolved.config.unwrap().mlflow.is_some());
    }

    #[test]
    fn traces_for_mlflow_alone_have_no_exporter() {
        let traces: Change = |options| {
            options.mlflow.traces = Some(TraceStore::On);
            options.trace_sample_ratio = Some(0.5);
        };
        let (config, _) = with_mlflow(traces, &[]);
        let config = config.traces.unwrap();
        assert!(config.exporter.is_none());
        assert_eq!(config.sampling.get(), 0.5);
    }

    #[test]
    fn turning_opentelemetry_off_leaves_mlflow() {
        let none: Change = |options| {
            options.stream.push("none".to_owned());
            options.otlp.url = Some(Secret::new("localhost:4318"));
            options.mlflow.traces = Some(TraceStore::On);
        };
        let (config, warnings) = with_mlflow(none, &[]);
        assert!(config.metrics.is_none() && config.mlflow.is_some());
        assert!(config.traces.unwrap().exporter.is_none());
        assert_eq!(warnings, 0);
        let traces: Change = |options| options.mlflow.traces = Some(TraceStore::On);
        let (config, warnings) = with_mlflow(traces, &[("OTEL_SDK_DISABLED", "true")]);
        assert_eq!(config.mlflow.unwrap().traces, TraceStore::Off);
        assert!(config.traces.is_none() && warnings == 1);
    }

    #[test]
    fn sizes_and_providers_are_checked() {
        let size = with_url(|options| options.spool_max_bytes = Some("64MiB".to_owned())).unwrap();
        assert_eq!(size.config.unwrap().spool_max_bytes, 64 << 20);
        let provider = with_url(|options| options.gen_ai_provider = Some(" vllm ".to_owned())).unwrap();
        assert_eq!(provider.config.unwrap().naming.provider.as_deref(), Some("vllm"));
        let bad: [(Change, &str); 3] = [
            (
                |options| options.spool_max_bytes = Some("much".to_owned()),
                "--spool-max-bytes: `much`",
            ),
            (
                |options| options.gen_ai_provider = Some(" ".to_owned()),
                "--gen-ai-provider is empty",
            ),
            (
                |options| options.stream.push("nonsense".to_owned()),
                "--stream: `nonsense`",
            ),
        ];
        for (change, expected) in bad {
            let error = with_url(change).unwrap_err();
            assert!(error.message.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn options_and_configuration_show_no_credentials() {
        let mut options = TelemetryOptions::default();
        options.otlp.url = Some(Secret::new("http://me:canary@c:4318?key=canary"));
        options.otlp.headers.push(Secret::new("x-key=canary"));
        options.mlflow.tracking_uri = Some(Secret::new("http://me:canary@h"));
        assert!(!format!("{options:?}").contains("canary"));
        let resolved = options.resolve(&Environment::default()).unwrap();
        assert!(!format!("{resolved:?}").contains("canary"), "{resolved:?}");
    }

    #[test]
    fn a_warning_comes_once_for_both_signals() {
        let environment = Environment::of(&[
            ("OTEL_TRACES_ENABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ]);
        let warnings = TelemetryOptions::default().resolve(&environment).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
}
