//! Metrics and their data points.

use super::super::metrics::exponential_histogram_data_point::Buckets;
use super::super::metrics::metric::Data;
use super::super::metrics::summary_data_point::ValueAtQuantile;
use super::super::metrics::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use super::attributes::{attribute, resource, scope};
use super::object::Object;

pub(super) fn resource_metrics(metrics: &ResourceMetrics, json: &mut Object<'_>) {
    json.object("resource", metrics.resource.as_ref(), resource);
    json.objects("scopeMetrics", &metrics.scope_metrics, scope_metrics);
    json.string("schemaUrl", &metrics.schema_url);
}

fn scope_metrics(metrics: &ScopeMetrics, json: &mut Object<'_>) {
    json.object("scope", metrics.scope.as_ref(), scope);
    json.objects("metrics", &metrics.metrics, metric);
    json.string("schemaUrl", &metrics.schema_url);
}

fn metric(metric: &Metric, json: &mut Object<'_>) {
    json.string("name", &metric.name);
    json.string("description", &metric.description);
    json.string("unit", &metric.unit);
    match &metric.data {
        None => {}
        Some(Data::Gauge(data)) => json.object("gauge", Some(data), gauge),
        Some(Data::Sum(data)) => json.object("sum", Some(data), sum),
        Some(Data::Histogram(data)) => json.object("histogram", Some(data), histogram),
        Some(Data::ExponentialHistogram(data)) => {
            json.object("exponentialHistogram", Some(data), exponential_histogram);
        }
        Some(Data::Summary(data)) => json.object("summary", Some(data), summary),
    }
    json.objects("metadata", &metric.metadata, attribute);
}

fn gauge(gauge: &Gauge, json: &mut Object<'_>) {
    json.objects("dataPoints", &gauge.data_points, number_point);
}

fn sum(sum: &Sum, json: &mut Object<'_>) {
    json.objects("dataPoints", &sum.data_points, number_point);
    json.number("aggregationTemporality", sum.aggregation_temporality);
    json.number("isMonotonic", sum.is_monotonic);
}

fn histogram(histogram: &Histogram, json: &mut Object<'_>) {
    json.objects("dataPoints", &histogram.data_points, histogram_point);
    json.number("aggregationTemporality", histogram.aggregation_temporality);
}

fn exponential_histogram(histogram: &ExponentialHistogram, json: &mut Object<'_>) {
    json.objects("dataPoints", &histogram.data_points, exponential_point);
    json.number("aggregationTemporality", histogram.aggregation_temporality);
}

fn summary(summary: &Summary, json: &mut Object<'_>) {
    json.objects("dataPoints", &summary.data_points, summary_point);
}

fn number_point(point: &NumberDataPoint, json: &mut Object<'_>) {
    json.objects("attributes", &point.attributes, attribute);
    json.wide("startTimeUnixNano", point.start_time_unix_nano);
    json.wide("timeUnixNano", point.time_unix_nano);
    match point.value {
        None => {}
        Some(number_data_point::Value::AsDouble(value)) => json.always_double("asDouble", value),
        Some(number_data_point::Value::AsInt(value)) => json.always_wide("asInt", value),
    }
    json.objects("exemplars", &point.exemplars, exemplar);
    json.number("flags", point.flags);
}

fn histogram_point(point: &HistogramDataPoint, json: &mut Object<'_>) {
    json.objects("attributes", &point.attributes, attribute);
    json.wide("startTimeUnixNano", point.start_time_unix_nano);
    json.wide("timeUnixNano", point.time_unix_nano);
    json.wide("count", point.count);
    json.optional_double("sum", point.sum);
    json.wides("bucketCounts", &point.bucket_counts);
    json.doubles("explicitBounds", &point.explicit_bounds);
    json.objects("exemplars", &point.exemplars, exemplar);
    json.number("flags", point.flags);
    json.optional_double("min", point.min);
    json.optional_double("max", point.max);
}

fn exponential_point(point: &ExponentialHistogramDataPoint, json: &mut Object<'_>) {
    json.objects("attributes", &point.attributes, attribute);
    json.wide("startTimeUnixNano", point.start_time_unix_nano);
    json.wide("timeUnixNano", point.time_unix_nano);
    json.wide("count", point.count);
    json.optional_double("sum", point.sum);
    json.number("scale", point.scale);
    json.wide("zeroCount", point.zero_count);
    json.object("positive", point.positive.as_ref(), buckets);
    json.object("negative", point.negative.as_ref(), buckets);
    json.number("flags", point.flags);
    json.objects("exemplars", &point.exemplars, exemplar);
    json.optional_double("min", point.min);
    json.optional_double("max", point.max);
    json.optional_double(
        "zeroThreshold",
        (point.zero_threshold != 0.0).then_some(point.zero_threshold),
    );
}

fn buckets(buckets: &Buckets, json: &mut Object<'_>) {
    json.number("offset", buckets.offset);
    json.wides("bucketCounts", &buckets.bucket_counts);
}

fn summary_point(point: &SummaryDataPoint, json: &mut Object<'_>) {
    json.objects("attributes", &point.attributes, attribute);
    json.wide("startTimeUnixNano", point.start_time_unix_nano);
    json.wide("timeUnixNano", point.time_unix_nano);
    json.wide("count", point.count);
    json.always_double("sum", point.sum);
    json.objects("quantileValues", &point.quantile_values, quantile);
    json.number("flags", point.flags);
}

fn quantile(quantile: &ValueAtQuantile, json: &mut Object<'_>) {
    json.always_double("quantile", quantile.quantile);
    json.always_double("value", quantile.value);
}

fn exemplar(exemplar: &Exemplar, json: &mut Object<'_>) {
    json.objects("filteredAttributes", &exemplar.filtered_attributes, attribute);
    json.wide("timeUnixNano", exemplar.time_unix_nano);
    match exemplar.value {
        None => {}
        Some(exemplar::Value::AsDouble(value)) => json.always_double("asDouble", value),
        Some(exemplar::Value::AsInt(value)) => json.always_wide("asInt", value),
    }
    json.id("spanId", &exemplar.span_id);
    json.id("traceId", &exemplar.trace_id);
}
