//! Log records. A record that is sent again is stored once.

use loadspan_wire::otlp::logs::{LogRecord, ResourceLogs};
use loadspan_wire::otlp::{ExportLogsServiceRequest, Message};

use super::attribute::{cut, find_text};
use super::id::{self, SpanId, TraceId};
use super::once::digest;
use super::refusal::{Reason, Refusals};
use super::shared::{Kind, Pool};
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Insert, Value};

const NS_PER_MS: i64 = 1_000_000;
const NAME_CHARACTERS: usize = 250;
const COLUMNS: usize = 9;
/// Records of one statement.
const CHUNK: usize = 256;

/// The log records of a request, ready to be stored.
#[derive(Debug, Default)]
pub(super) struct LogBatch {
    resources: Pool,
    scopes: Pool,
    records: Vec<LogRow>,
    pub(super) refusals: Refusals,
}

/// A row of `log_records`.
#[derive(Debug)]
struct LogRow {
    time_ns: i64,
    trace_id: Option<String>,
    span_id: Option<SpanId>,
    event_name: Option<String>,
    severity: i64,
    resource: usize,
    scope: usize,
    content: Vec<u8>,
    digest: i64,
}

impl LogBatch {
    /// `most` is how many bytes a record may have.
    pub(super) fn prepare(request: ExportLogsServiceRequest, most: usize) -> Self {
        let mut batch = Self::default();
        for logs in request.resource_logs {
            batch.add(logs, most);
        }
        batch
    }

    fn add(&mut self, logs: ResourceLogs, most: usize) {
        let resource = self.resources.resource(logs.resource.as_ref(), &logs.schema_url);
        for logs in logs.scope_logs {
            let scope = self.scopes.scope(logs.scope.as_ref(), &logs.schema_url);
            for record in logs.log_records {
                match self.row(&record, (resource, scope), most) {
                    Ok(row) => self.records.push(row),
                    Err(reason) => self.refusals.add(reason, 1),
                }
            }
        }
    }

    fn row(&self, record: &LogRecord, (resource, scope): (usize, usize), most: usize) -> Result<LogRow, Reason> {
        let content = record.encode_to_vec();
        if content.len() > most {
            return Err(format!("the record has more than {most} bytes").into());
        }
        let parts = [
            &self.resources.digest(resource)[..],
            &self.scopes.digest(scope)[..],
            &content,
        ];
        let digest = digest(&parts);
        Ok(LogRow {
            time_ns: time_ns(record)?,
            // An id that is none says that the record belongs to no trace.
            trace_id: TraceId::parse(&record.trace_id).ok().map(|id| id.to_string()),
            span_id: id::span(&record.span_id).ok(),
            event_name: event_name(record),
            severity: record.severity_number.into(),
            resource,
            scope,
            content,
            digest: i64::from_le_bytes(std::array::from_fn(|place| digest[place])),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes that it keeps while it waits, roughly.
    pub(super) fn bytes(&self) -> usize {
        let records = self.records.iter();
        let records = records.map(|record| size_of::<LogRow>() + record.content.len());
        records.sum::<usize>() + self.resources.bytes() + self.scopes.bytes()
    }

    /// Stores all records.
    pub(super) fn store(&self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        let resources = self.resources.keys(connection, Kind::Resource)?;
        let scopes = self.scopes.keys(connection, Kind::Scope)?;
        let insert = Insert {
            into: "log_records (time_ns, trace_id, span_id, event_name, severity, resource_key, scope_key, content, digest)",
            columns: COLUMNS,
            otherwise: "ON CONFLICT (time_ns, digest) DO NOTHING",
        };
        for chunk in self.records.chunks(CHUNK) {
            let values = chunk
                .iter()
                .flat_map(|record| record.values(resources[record.resource], scopes[record.scope]));
            connection.insert(&insert, &values.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

impl LogRow {
    fn values(&self, resource: i64, scope: i64) -> [Value<'_>; COLUMNS] {
        [
            self.time_ns.into(),
            (&self.trace_id).into(),
            self.span_id.as_ref().map(|id| &id[..]).into(),
            (&self.event_name).into(),
            self.severity.into(),
            resource.into(),
            scope.into(),
            (&self.content).into(),
            self.digest.into(),
        ]
    }
}

/// When it happened, else when it was seen, else now.
fn time_ns(record: &LogRecord) -> Result<i64, Reason> {
    let known = [record.time_unix_nano, record.observed_time_unix_nano];
    match known.into_iter().find(|&time| time != 0) {
        None => Ok(now_ms() * NS_PER_MS),
        Some(time) => i64::try_from(time).map_err(|_| "a time is out of range".into()),
    }
}

/// The name of an event; older senders have it as an attribute.
fn event_name(record: &LogRecord) -> Option<String> {
    let field = (!record.event_name.is_empty()).then(|| record.event_name.as_str().into());
    let name = field.or_else(|| find_text(&record.attributes, "event.name"))?;
    Some(cut(&name, NAME_CHARACTERS).to_owned())
}
