//! Sets tracing up.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::{Config, Environment, Warnings, without_effect};
use crate::diagnostics::{self, Kind, Listener};
use crate::error::InitError;
use crate::export::Exports;
use crate::guard::Guard;
use crate::processor::Processor;
use crate::state::{self, End, Parts, State, Surroundings};
use crate::trace::TraceRegistry;

/// How long a dropped guard waits for the last exports.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether spans of this crate and those of the application's own OpenTelemetry instrumentation are in the same traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Attachment {
    /// They are not: this crate has a provider and a current span of its own, as MLflow's SDK has by default.
    #[default]
    Isolated,
    /// They are: this crate's provider becomes OpenTelemetry's global one, so that spans of other instrumentation are exported, too,
    /// and parents are shared.
    Global,
}

/// Settings in code. What is not said here, the environment says.
///
/// ```no_run
/// let _mlflow = loadspan_sdk::builder()
///     .tracking_uri("http://localhost:5000")
///     .experiment_name("my-experiment")
///     .otlp_endpoint("http://localhost:4317")
///     .dual_export(true)
///     .init()?;
/// # Ok::<(), loadspan_sdk::InitError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    said: Environment,
    /// `None`: that of the process.
    environment: Option<Environment>,
    attachment: Attachment,
    flush_timeout: Duration,
    listener: Listener,
}

/// Sets tracing up from the environment: the guide has [the table of
/// variables](https://github.com/loadspan/loadspan/blob/main/docs/sdk.md#variables).
///
/// # Errors
///
/// A variable makes no sense. When nothing says where spans should go, that is no error: tracing is off, and one warning says so.
pub fn init() -> Result<Guard, InitError> {
    builder().init()
}

/// Settings in code.
#[must_use]
pub fn builder() -> Builder {
    Builder {
        said: Environment::default(),
        environment: None,
        attachment: Attachment::default(),
        flush_timeout: FLUSH_TIMEOUT,
        listener: Listener::default(),
    }
}

impl Default for Builder {
    fn default() -> Self {
        builder()
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $method:ident($argument:ident: $kind:ty) => $variable:literal, $text:expr;)*) => {
        /// Settings that have a variable.
        impl Builder {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nIn place of `", $variable, "`.")]
                #[must_use]
                pub fn $method(mut self, $argument: $kind) -> Self {
                    self.said.say($variable, concat!("Builder::", stringify!($method)), $text);
                    self
                }
            )*
        }
    };
}

settings! {
    /// The MLflow server, such as `http://localhost:5000`.
    tracking_uri(uri: &str) => "MLFLOW_TRACKING_URI", uri.to_owned();
    /// The experiment, by its name; it is made if there is none.
    experiment_name(name: &str) => "MLFLOW_EXPERIMENT_NAME", name.to_owned();
    /// The experiment, by its id. It wins over the name.
    experiment_id(id: &str) => "MLFLOW_EXPERIMENT_ID", id.to_owned();
    /// The run that traces are linked with.
    run_id(id: &str) => "MLFLOW_RUN_ID", id.to_owned();
    /// The token for the MLflow server. User and password of [`Builder::credentials`] win over it.
    token(token: &str) => "MLFLOW_TRACKING_TOKEN", token.to_owned();
    /// The OTLP endpoint for traces, taken as written: with its path `/v1/traces` for HTTP.
    otlp_endpoint(url: &str) => "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.to_owned();
    /// The protocol of both OTLP endpoints: `grpc`, `http/protobuf` or `http/json`.
    otlp_protocol(protocol: &str) => "OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned();
    /// Headers of requests to both OTLP endpoints. Values are taken as they are.
    otlp_headers(headers: &[(&str, &str)]) => "OTEL_EXPORTER_OTLP_HEADERS", encode_headers(headers);
    /// The OTLP endpoint for metrics, taken as written.
    metrics_endpoint(url: &str) => "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url.to_owned();
    /// How often metrics are exported.
    metrics_interval(interval: Duration) => "OTEL_METRIC_EXPORT_INTERVAL", interval.as_millis().to_string();
    /// Further attributes of the metric: `tags.team`, `metadata.region`. Choose keys with few values.
    metric_attributes(keys: &[&str]) => "LOADSPAN_SDK_METRIC_ATTRIBUTES", keys.join(",");
    /// Traces go to the MLflow server as well as to the OTLP endpoint.
    dual_export(is_on: bool) => "MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT", is_on.to_string();
    /// The OTLP endpoint gets the names of the GenAI conventions.
    genai_conventions(is_on: bool) => "MLFLOW_ENABLE_OTEL_GENAI_SEMCONV", is_on.to_string();
    /// The share of traces that are recorded, from 0 to 1.
    sampling_ratio(ratio: f64) => "MLFLOW_TRACE_SAMPLING_RATIO", ratio.to_string();
    /// The name of this service.
    service_name(name: &str) => "OTEL_SERVICE_NAME", name.to_owned();
    /// How long spans are gathered at most.
    schedule_delay(delay: Duration) => "OTEL_BSP_SCHEDULE_DELAY", delay.as_millis().to_string();
    /// How many spans may be on their way to each destination.
    queue_size(spans: usize) => "OTEL_BSP_MAX_QUEUE_SIZE", spans.to_string();
}

/// Settings that have none.
impl Builder {
    /// User and password for the MLflow server, in place of `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &str) -> Self {
        self.said
            .say("MLFLOW_TRACKING_USERNAME", "Builder::credentials", user.to_owned());
        self.said
            .say("MLFLOW_TRACKING_PASSWORD", "Builder::credentials", password.to_owned());
        self
    }

    /// How this crate and the application's own OpenTelemetry instrumentation get on.
    #[must_use]
    pub fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachment = attachment;
        self
    }

    /// How long a dropped guard waits for the last exports. Default: 5 s.
    #[must_use]
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = timeout;
        self
    }

    /// Takes the warnings of this crate, in place of standard error: once for each kind of trouble. It may be called on any thread, also
    /// where a span ends, and must not wait.
    #[must_use]
    pub fn on_warning(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.listener = Listener::Function(Arc::new(listener));
        self
    }

    /// These variables in place of those of the process: from a file, or none at all.
    #[must_use]
    pub fn environment<K: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.environment = Some(Environment::from_pairs(variables));
        self
    }
}

/// Setting up.
impl Builder {
    /// Sets tracing up.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, or tracing is set up already.
    pub fn init(self) -> Result<Guard, InitError> {
        let attachment = self.attachment;
        let guard = self.set_up(|config, started| {
            let attributes = config.resource.iter().cloned();
            Ok(State::build(Parts {
                attachment,
                sampling: config.sampling,
                propagators: config.propagators,
                limits: config.limits,
                resource: Resource::builder_empty()
                    .with_attributes(attributes.map(|(name, value)| opentelemetry::KeyValue::new(name, value)))
                    .build(),
                processor: started.processor,
                exports: Some(started.exports),
            }))
        })?;
        if attachment == Attachment::Global {
            guard.publish_provider();
        }
        Ok(guard)
    }

    /// Sets tracing up on a provider of the application: `build` adds the processor that it is given to the provider that it returns.
    /// Spans of this crate are made by that provider, with its sampler, resource and limits, and share traces with those of other
    /// instrumentation: [`Attachment::Global`]. The provider stays the application's, to make global and to shut down.
    ///
    /// ```no_run
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    ///
    /// let _mlflow = loadspan_sdk::builder()
    ///     .init_with_provider(|mlflow| SdkTracerProvider::builder().with_span_processor(mlflow).build())?;
    /// # Ok::<(), loadspan_sdk::InitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Builder::init`], and if the processor is not part of the provider.
    pub fn init_with_provider(
        self,
        build: impl FnOnce(MlflowProcessor) -> SdkTracerProvider,
    ) -> Result<Guard, InitError> {
        self.set_up(|config, started| {
            let around = Surroundings {
                sampling: config.sampling.beside_a_provider(),
                propagators: config.propagators,
                traces: Arc::clone(&started.processor.traces),
                exports: Some(started.exports),
                end: started.processor.end.clone(),
            };
            let used = Arc::new(());
            let is_used = Arc::downgrade(&used);
            let provider = build(MlflowProcessor {
                processor: started.processor,
                _used: used,
            });
            if is_used.strong_count() == 0 {
                return Err(InitError::Setting {
                    name: "Builder::init_with_provider".to_owned(),
                    reason: "the processor was not added to the provider".to_owned(),
                    advice: "hand it to SdkTracerProvider::builder().with_span_processor".to_owned(),
                });
            }
            Ok(State::with_provider(provider, around))
        })
    }

    fn set_up(self, build: impl FnOnce(&Config, Started) -> Result<Arc<State>, InitError>) -> Result<Guard, InitError> {
        let environment = match self.environment {
            Some(environment) => environment,
            None => Environment::of_process()?,
        };
        self.said.refuse_empty()?;
        let environment = self.said.before(&environment);
        if Config::is_disabled(&environment)? {
            return Ok(nothing());
        }
        let config = Config::resolve(&environment)?;
        if !state::is_set_up() {
            diagnostics::listen(match (config.warnings, self.listener) {
                (Warnings::Silenced, _) => Listener::Nobody,
                (Warnings::Told, listener) => listener,
            });
        }
        if let Some(told) = without_effect(&environment) {
            diagnostics::warn(Kind::WithoutEffect, &told);
        }
        if let Some(reason) = config.untraced(&environment) {
            diagnostics::warn(Kind::NothingSetUp, &reason);
        }
        if config.is_empty() {
            return Ok(nothing());
        }
        if state::is_set_up() {
            return Err(InitError::AlreadySetUp);
        }
        let exports = Arc::new(Exports::start(&config)?);
        let processor = Processor {
            traces: Arc::new(TraceRegistry::default()),
            sink: exports.clone(),
            metrics: exports.metrics(),
            end: End::default(),
        };
        let started = Started {
            processor,
            exports: Arc::clone(&exports),
        };
        let state = build(&config, started)?;
        state::install(Arc::clone(&state))?;
        Ok(Guard::of(state, exports, self.flush_timeout))
    }
}

/// Nothing goes anywhere.
fn nothing() -> Guard {
    if !state::is_set_up() {
        state::remember(None);
    }
    Guard::of_nothing()
}

/// What runs before there is a provider.
struct Started {
    processor: Processor,
    exports: Arc<Exports>,
}

/// As the variable wants them. What is no name of a header stays none: it must not become several.
fn encode_headers(headers: &[(&str, &str)]) -> String {
    let encode = |(name, value): &(&str, &str)| match HeaderName::try_from(*name) {
        Ok(name) => format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)),
        Err(_) => "not a header".to_owned(),
    };
    headers.iter().map(encode).collect::<Vec<_>>().join(",")
}

/// Takes the spans of a provider: [`Builder::init_with_provider`].
#[derive(Debug)]
pub struct MlflowProcessor {
    processor: Processor,
    /// Gone with the processor: somebody has thrown it away.
    _used: Arc<()>,
}

impl opentelemetry_sdk::trace::SpanProcessor for MlflowProcessor {
    fn on_start(&self, span: &mut opentelemetry_sdk::trace::Span, cx: &opentelemetry::Context) {
        self.processor.on_start(span, cx);
    }

    fn on_end(&self, span: opentelemetry_sdk::trace::SpanData) {
        self.processor.on_end(span);
    }

    fn force_flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> opentelemetry_sdk::error::OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}
