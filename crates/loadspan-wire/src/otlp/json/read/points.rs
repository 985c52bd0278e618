//! Metrics and their data points.

use serde::de::MapAccess;

use super::super::super::ExportMetricsServiceRequest;
use super::super::super::metrics::exponential_histogram_data_point::Buckets;
use super::super::super::metrics::metric::Data;
use super::super::super::metrics::summary_data_point::ValueAtQuantile;
use super::super::super::metrics::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    exemplar, number_data_point,
};
use super::scalar::{flag, id, number, numbers, optional_number, text, variant};
use super::{Fields, object, objects, skip};

impl Fields for ExportMetricsServiceRequest {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resourceMetrics" => self.resource_metrics = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ResourceMetrics {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = object(json)?,
            "scopeMetrics" => self.scope_metrics = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ScopeMetrics {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = object(json)?,
            "metrics" => self.metrics = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Metric {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "name" => self.name = text(json)?,
            "description" => self.description = text(json)?,
            "unit" => self.unit = text(json)?,
            "metadata" => self.metadata = objects(json)?,
            "gauge" => self.data = object(json)?.map(Data::Gauge).or(self.data.take()),
            "sum" => self.data = object(json)?.map(Data::Sum).or(self.data.take()),
            "histogram" => self.data = object(json)?.map(Data::Histogram).or(self.data.take()),
            "exponentialHistogram" => self.data = object(json)?.map(Data::ExponentialHistogram).or(self.data.take()),
            "summary" => self.data = object(json)?.map(Data::Summary).or(self.data.take()),
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Gauge {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Sum {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = objects(json)?,
            "aggregationTemporality" => self.aggregation_temporality = temporality(json)?,
            "isMonotonic" => self.is_monotonic = flag(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Histogram {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = objects(json)?,
            "aggregationTemporality" => self.aggregation_temporality = temporality(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ExponentialHistogram {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = objects(json)?,
            "aggregationTemporality" => self.aggregation_temporality = temporality(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Summary {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for NumberDataPoint {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = objects(json)?,
            "startTimeUnixNano" => self.start_time_unix_nano = number(json)?,
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "asDouble" => {
                self.value = optional_number(json)?
                    .map(number_data_point::Value::AsDouble)
                    .or(self.value)
            }
            "asInt" => {
                self.value = optional_number(json)?
                    .map(number_data_point::Value::AsInt)
                    .or(self.value)
            }
            "exemplars" => self.exemplars = objects(json)?,
            "flags" => self.flags = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for HistogramDataPoint {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = objects(json)?,
            "startTimeUnixNano" => self.start_time_unix_nano = number(json)?,
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "count" => self.count = number(json)?,
            "sum" => self.sum = optional_number(json)?,
            "bucketCounts" => self.bucket_counts = numbers(json)?,
            "explicitBounds" => self.explicit_bounds = numbers(json)?,
            "exemplars" => self.exemplars = objects(json)?,
            "flags" => self.flags = number(json)?,
            "min" => self.min = optional_number(json)?,
            "max" => self.max = optional_number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ExponentialHistogramDataPoint {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = objects(json)?,
            "startTimeUnixNano" => self.start_time_unix_nano = number(json)?,
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "count" => self.count = number(json)?,
            "sum" => self.sum = optional_number(json)?,
            "scale" => self.scale = number(json)?,
            "zeroCount" => self.zero_count = number(json)?,
            "positive" => self.positive = object(json)?,
            "negative" => self.negative = object(json)?,
            "flags" => self.flags = number(json)?,
            "exemplars" => self.exemplars = objects(json)?,
            "min" => self.min = optional_number(json)?,
            "max" => self.max = optional_number(json)?,
            "zeroThreshold" => self.zero_threshold = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Buckets {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "offset" => self.offset = number(json)?,
            "bucketCounts" => self.bucket_counts = numbers(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for SummaryDataPoint {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = objects(json)?,
            "startTimeUnixNano" => self.start_time_unix_nano = number(json)?,
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "count" => self.count = number(json)?,
            "sum" => self.sum = number(json)?,
            "quantileValues" => self.quantile_values = objects(json)?,
            "flags" => self.flags = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ValueAtQuantile {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "quantile" => self.quantile = number(json)?,
            "value" => self.value = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for Exemplar {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "filteredAttributes" => self.filtered_attributes = objects(json)?,
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "asDouble" => self.value = optional_number(json)?.map(exemplar::Value::AsDouble).or(self.value),
            "asInt" => self.value = optional_number(json)?.map(exemplar::Value::AsInt).or(self.value),
            "spanId" => self.span_id = id(json)?,
            "traceId" => self.trace_id = id(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

fn temporality<'de, A: MapAccess<'de>>(json: &mut A) -> Result<i32, A::Error> {
    variant(json, |name| AggregationTemporality::from_str_name(name).map(i32::from))
}
