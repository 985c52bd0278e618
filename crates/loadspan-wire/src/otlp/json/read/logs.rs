//! Log records.

use serde::de::MapAccess;

use super::super::super::ExportLogsServiceRequest;
use super::super::super::logs::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use super::scalar::{id, number, text, variant};
use super::{Fields, object, objects, skip};

impl Fields for ExportLogsServiceRequest {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resourceLogs" => self.resource_logs = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ResourceLogs {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = object(json)?,
            "scopeLogs" => self.scope_logs = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for ScopeLogs {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = object(json)?,
            "logRecords" => self.log_records = objects(json)?,
            "schemaUrl" => self.schema_url = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for LogRecord {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "timeUnixNano" => self.time_unix_nano = number(json)?,
            "observedTimeUnixNano" => self.observed_time_unix_nano = number(json)?,
            "severityNumber" => {
                self.severity_number = variant(json, |name| SeverityNumber::from_str_name(name).map(i32::from))?;
            }
            "severityText" => self.severity_text = text(json)?,
            "body" => self.body = object(json)?,
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            "flags" => self.flags = number(json)?,
            "traceId" => self.trace_id = id(json)?,
            "spanId" => self.span_id = id(json)?,
            "eventName" => self.event_name = text(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}
