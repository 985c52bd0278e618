//! What fuzz targets reach of the way from OTLP, and from a filter, to the database. No API: it changes as they need.

use loadspan_wire::otlp::{ExportTraceServiceRequest, Message, json};

use crate::config::Limits;
use crate::ingest;
use crate::translate::PriceTable;

/// Makes rows of spans, as far as no database is needed; how many, if it is OTLP at all.
#[must_use]
pub fn rows_of_protobuf(body: &[u8]) -> Option<usize> {
    rows(ExportTraceServiceRequest::decode(body).ok()?)
}

/// As [`rows_of_protobuf`], from OTLP/JSON.
#[must_use]
pub fn rows_of_json(body: &[u8]) -> Option<usize> {
    rows(json::decode_traces(body).ok()?)
}

fn rows(request: ExportTraceServiceRequest) -> Option<usize> {
    ingest::rows(request, &PriceTable::default(), &Limits::default())
}

/// The statements that a filter and a clause of an order of a search become, and how many values go with each.
#[must_use]
pub fn statements_of(filter: &str, order: &str) -> Vec<(String, usize)> {
    crate::search::statements(filter, order)
}
