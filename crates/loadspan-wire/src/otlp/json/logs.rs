//! Log records.

use super::super::logs::{LogRecord, ResourceLogs, ScopeLogs};
use super::attributes::{any_value, attribute, resource, scope};
use super::object::Object;

pub(super) fn resource_logs(logs: &ResourceLogs, json: &mut Object<'_>) {
    json.object("resource", logs.resource.as_ref(), resource);
    json.objects("scopeLogs", &logs.scope_logs, scope_logs);
    json.string("schemaUrl", &logs.schema_url);
}

fn scope_logs(logs: &ScopeLogs, json: &mut Object<'_>) {
    json.object("scope", logs.scope.as_ref(), scope);
    json.objects("logRecords", &logs.log_records, record);
    json.string("schemaUrl", &logs.schema_url);
}

fn record(record: &LogRecord, json: &mut Object<'_>) {
    json.wide("timeUnixNano", record.time_unix_nano);
    json.wide("observedTimeUnixNano", record.observed_time_unix_nano);
    json.number("severityNumber", record.severity_number);
    json.string("severityText", &record.severity_text);
    json.object("body", record.body.as_ref(), any_value);
    json.objects("attributes", &record.attributes, attribute);
    json.number("droppedAttributesCount", record.dropped_attributes_count);
    json.number("flags", record.flags);
    json.id("traceId", &record.trace_id);
    json.id("spanId", &record.span_id);
    json.string("eventName", &record.event_name);
}
