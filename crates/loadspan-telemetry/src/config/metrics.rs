//! Metrics: how often, in which shape.

use std::time::Duration;

use super::environment::Settings;
use super::{
    ConfigError, ExemplarFilter, ExporterConfig, HistogramShape, MetricGroups, MetricsConfig, TelemetryOptions,
    Temporality,
};

/// The specification's 60 s would hide a benchmark in a single point.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn resolve(
    exporter: ExporterConfig,
    groups: MetricGroups,
    options: &TelemetryOptions,
    settings: &mut Settings<'_>,
) -> Result<MetricsConfig, ConfigError> {
    let export_timeout = settings.time_limit("OTEL_METRIC_EXPORT_TIMEOUT");
    let temporality = settings.word("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    let histograms = settings.word("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION");
    let exemplars = settings.word("OTEL_METRICS_EXEMPLAR_FILTER");
    Ok(MetricsConfig {
        exporter,
        interval: interval(options, settings)?,
        export_timeout: export_timeout.unwrap_or(DEFAULT_EXPORT_TIMEOUT),
        groups,
        temporality: temporality.unwrap_or(Temporality::Cumulative),
        histograms: histograms.unwrap_or(HistogramShape::ExplicitBuckets),
        exemplars: exemplars.unwrap_or(ExemplarFilter::TraceBased),
    })
}

fn interval(options: &TelemetryOptions, settings: &mut Settings<'_>) -> Result<Duration, ConfigError> {
    let bounds = SHORTEST_INTERVAL..=LONGEST_INTERVAL;
    match options.otel_export_interval {
        Some(interval) if bounds.contains(&interval) => Ok(interval),
        Some(interval) => Err(ConfigError::new(
            format!("--otel-export-interval: {interval:?} is out of bounds"),
            "expected 100ms to 1h",
        )),
        None => {
            let parse = |text: &str| {
                text.parse()
                    .map(Duration::from_millis)
                    .ok()
                    .filter(|time| bounds.contains(time))
            };
            let interval = settings.read(
                "OTEL_METRIC_EXPORT_INTERVAL",
                "expected 100 to 3600000 milliseconds",
                parse,
            );
            Ok(interval.unwrap_or(DEFAULT_INTERVAL))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::super::stream::DEFAULT_GROUPS;
    use super::*;

    fn interval_of(flag: Option<Duration>, variable: &str) -> Result<(Duration, usize), ConfigError> {
        let options = TelemetryOptions {
            otel_export_interval: flag,
            ..TelemetryOptions::default()
        };
        let environment = Environment::of(&[("OTEL_METRIC_EXPORT_INTERVAL", variable)]);
        let mut settings = Settings::new(&environment);
        let metrics = resolve(ExporterConfig::Console, DEFAULT_GROUPS, &options, &mut settings)?;
        Ok((metrics.interval, settings.into_warnings().len()))
    }

    #[test]
    fn the_interval_is_bounded_wherever_it_comes_from() {
        let seconds = Duration::from_secs;
        assert_eq!(interval_of(None, ""), Ok((seconds(2), 0)));
        assert_eq!(interval_of(None, "5000"), Ok((seconds(5), 0)));
        assert_eq!(interval_of(None, "0"), Ok((seconds(2), 1)));
        assert_eq!(interval_of(Some(seconds(1)), "5000"), Ok((seconds(1), 0)));
        assert!(interval_of(Some(Duration::ZERO), "").is_err());
    }
}
