//! Traces: sampling, propagation, content, limits, batches.

use std::time::Duration;

use loadspan_record::{Propagation, SampleRatio};

use super::environment::Settings;
use super::{
    BatchConfig, ConfigError, ContentCapture, ExporterConfig, SpanLimits, TelemetryOptions, TraceScope, TracesConfig,
    keep,
};

/// The specification's queue of 2,048 spans holds 40 ms of 50,000 requests a second, less than some collectors take to answer.
const DEFAULT_BATCH: BatchConfig = BatchConfig {
    delay: Duration::from_secs(1),
    spans: 2048,
    queue: 131_072,
    export_timeout: Duration::from_secs(30),
};
const DEFAULT_COUNT_LIMIT: usize = 128;

pub(super) fn resolve(
    exporter: Option<ExporterConfig>,
    options: &TelemetryOptions,
    settings: &mut Settings<'_>,
) -> Result<TracesConfig, ConfigError> {
    Ok(TracesConfig {
        exporter,
        scope: scope(options, settings),
        sampling: sampling(options, settings)?,
        keep: keep::parse(&options.trace_keep)?,
        propagation: options.propagation.unwrap_or_else(|| propagation(settings)),
        content: options.capture_content.unwrap_or_else(|| content(settings)),
        limits: limits(settings),
        batch: batch(settings),
    })
}

fn scope(options: &TelemetryOptions, settings: &mut Settings<'_>) -> TraceScope {
    let per_stage = settings.is_true("OTEL_TRACE_PER_STAGE");
    let by_environment = if per_stage {
        TraceScope::Stage
    } else {
        TraceScope::Session
    };
    options.trace_scope.unwrap_or(by_environment)
}

fn sampling(options: &TelemetryOptions, settings: &mut Settings<'_>) -> Result<SampleRatio, ConfigError> {
    let Some(ratio) = options.trace_sample_ratio else {
        return Ok(sampler(settings));
    };
    SampleRatio::new(ratio)
        .ok_or_else(|| ConfigError::new(format!("--trace-sample-ratio: {ratio} is no share"), "expected 0 to 1"))
}

/// Requests have no parent that could decide, so that `parentbased_x` is the same as `x`.
fn sampler(settings: &mut Settings<'_>) -> SampleRatio {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let word = settings.text(NAME).unwrap_or("always_on").to_ascii_lowercase();
    let sampler = match word.strip_prefix("parentbased_").unwrap_or(&word) {
        "traceidratio" => {
            let ratio = |text: &str| text.parse().ok().and_then(SampleRatio::new);
            return settings
                .read(ARGUMENT, "expected 0 to 1", ratio)
                .unwrap_or(SampleRatio::ALL);
        }
        "always_on" => SampleRatio::ALL,
        "always_off" => SampleRatio::NONE,
        _ => {
            settings.warn(
                format!("{NAME}=`{word}` is ignored"),
                "expected always_on, always_off or traceidratio, or parentbased_ before one of them",
            );
            return SampleRatio::ALL;
        }
    };
    if settings.text(ARGUMENT).is_some() {
        settings.warn(
            format!("{ARGUMENT} has no effect with {word}"),
            format!("set {NAME}=traceidratio"),
        );
    }
    sampler
}

fn propagation(settings: &mut Settings<'_>) -> Propagation {
    const NAME: &str = "OTEL_PROPAGATORS";
    let Some(list) = settings.text(NAME) else {
        return Propagation::Traceparent;
    };
    let mut propagation = Propagation::Off;
    for word in list.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        match word.as_str() {
            "none" => return Propagation::Off,
            "tracecontext" => propagation = Propagation::Traceparent,
            // There is no baggage to send.
            "baggage" | "" => {}
            _ => settings.warn(
                format!("{NAME}: `{word}` is ignored"),
                "expected tracecontext, baggage or none",
            ),
        }
    }
    propagation
}

fn content(settings: &mut Settings<'_>) -> ContentCapture {
    const NAME: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
    if settings
        .text(NAME)
        .is_some_and(|word| word.eq_ignore_ascii_case("event_only"))
    {
        settings.warn(
            format!("{NAME}=EVENT_ONLY captures nothing, because there are no log events"),
            "set it to SPAN_ONLY",
        );
    }
    settings.word(NAME).unwrap_or(ContentCapture::Off)
}

fn limits(settings: &mut Settings<'_>) -> SpanLimits {
    let length = settings.count("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT");
    let attributes = settings.count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT");
    let mut count = |name: &str| settings.count(name).unwrap_or(DEFAULT_COUNT_LIMIT);
    SpanLimits {
        attributes: attributes.unwrap_or_else(|| count("OTEL_ATTRIBUTE_COUNT_LIMIT")),
        events: count("OTEL_SPAN_EVENT_COUNT_LIMIT"),
        links: count("OTEL_SPAN_LINK_COUNT_LIMIT"),
        attributes_per_event: count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"),
        attributes_per_link: count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
        attribute_value_length: length.or_else(|| settings.count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")),
    }
}

fn batch(settings: &mut Settings<'_>) -> BatchConfig {
    const SPANS: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
    let delay = settings.milliseconds("OTEL_BSP_SCHEDULE_DELAY");
    let queue = settings.positive(QUEUE).unwrap_or(DEFAULT_BATCH.queue);
    let spans = settings.positive(SPANS);
    if spans.is_some_and(|spans| spans > queue) {
        settings.warn(
            format!("{SPANS} is cut to {queue}, which is all that waits"),
            format!("raise {QUEUE}"),
        );
    }
    BatchConfig {
        delay: delay.unwrap_or(DEFAULT_BATCH.delay),
        spans: spans.unwrap_or(DEFAULT_BATCH.spans).min(queue),
        queue,
        export_timeout: settings
            .time_limit("OTEL_BSP_EXPORT_TIMEOUT")
            .unwrap_or(DEFAULT_BATCH.export_timeout),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::*;

    fn resolved(options: &TelemetryOptions, environment: &[(&str, &str)]) -> (TracesConfig, usize) {
        let environment = Environment::of(environment);
        let mut settings = Settings::new(&environment);
        let traces = resolve(Some(ExporterConfig::Console), options, &mut settings).unwrap();
        (traces, settings.into_warnings().len())
    }

    fn ratio(environment: &[(&str, &str)]) -> (f64, usize) {
        let (traces, warnings) = resolved(&TelemetryOptions::default(), environment);
        (traces.sampling.get(), warnings)
    }

    #[test]
    fn samplers_of_the_specification() {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
        assert_eq!(ratio(&[]), (1.0, 0));
        assert_eq!(ratio(&[(NAME, "parentbased_always_off")]), (0.0, 0));
        assert_eq!(ratio(&[(NAME, "TraceIdRatio"), (ARGUMENT, "0.1")]), (0.1, 0));
        assert_eq!(ratio(&[(NAME, "traceidratio")]), (1.0, 0));
        assert_eq!(ratio(&[(NAME, "traceidratio"), (ARGUMENT, "2")]), (1.0, 1));
        assert_eq!(
            ratio(&[(NAME, "parentbased_jaeger_remote"), (ARGUMENT, "endpoint=x")]),
            (1.0, 1)
        );
        assert_eq!(ratio(&[(NAME, "xray")]), (1.0, 1));
        assert_eq!(ratio(&[(ARGUMENT, "0.1")]), (1.0, 1), "an argument without its sampler");
    }

    #[test]
    fn propagators_of_the_specification() {
        let propagation = |list| {
            let (traces, warnings) = resolved(&TelemetryOptions::default(), &[("OTEL_PROPAGATORS", list)]);
            (traces.propagation, warnings)
        };
        assert_eq!(propagation("baggage, TraceContext"), (Propagation::Traceparent, 0));
        assert_eq!(propagation("tracecontext,b3"), (Propagation::Traceparent, 1));
        assert_eq!(propagation("b3multi"), (Propagation::Off, 1));
        assert_eq!(propagation("none"), (Propagation::Off, 0));
    }

    #[test]
    fn flags_beat_variables() {
        let options = TelemetryOptions {
            trace_sample_ratio: Some(0.5),
            trace_scope: Some(TraceScope::Run),
            propagation: Some(Propagation::Off),
            capture_content: Some(ContentCapture::On),
            ..TelemetryOptions::default()
        };
        let (traces, warnings) = resolved(
            &options,
            &[("OTEL_TRACES_SAMPLER", "always_off"), ("OTEL_TRACE_PER_STAGE", "true")],
        );
        assert_eq!(
            (traces.sampling.get(), traces.scope, warnings),
            (0.5, TraceScope::Run, 0)
        );
        assert_eq!(
            (traces.propagation, traces.content),
            (Propagation::Off, ContentCapture::On)
        );
    }

    #[test]
    fn a_batch_is_no_larger_than_the_queue() {
        let environment = [
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"),
        ];
        let (traces, warnings) = resolved(&TelemetryOptions::default(), &environment);
        assert_eq!((traces.batch.spans, traces.batch.queue, warnings), (100, 100, 1));
        let (traces, warnings) = resolved(&TelemetryOptions::default(), &environment[..1]);
        assert_eq!((traces.batch.spans, warnings), (100, 0));
    }

    #[test]
    fn content_for_events_alone_is_not_captured_and_told_so() {
        let name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
        let (traces, warnings) = resolved(&TelemetryOptions::default(), &[(name, "EVENT_ONLY")]);
        assert_eq!((traces.content, warnings), (ContentCapture::Off, 1));
    }

    #[test]
    fn a_ratio_that_is_no_share_is_an_error() {
        for ratio in [-0.1, 1.1, f64::NAN] {
            let options = TelemetryOptions {
                trace_sample_ratio: Some(ratio),
                ..TelemetryOptions::default()
            };
            let environment = Environment::default();
            let error = resolve(
                Some(ExporterConfig::Console),
                &options,
                &mut Settings::new(&environment),
            )
            .unwrap_err();
            assert!(error.message.starts_with("--trace-sample-ratio"), "{error}");
        }
    }
}
