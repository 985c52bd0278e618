//! What a page draws of all spans of a trace, column by column: one answer for tens of thousands.

use std::collections::{BTreeMap, HashMap};

use loadspan_wire::otlp::trace::span::SpanKind;
use serde::Serialize;

use super::export::resources;
use super::outline::{NAME, services};
use super::words::Table;
use super::{hex, lookup};
use crate::database::{Connection, DatabaseError, Row};
use crate::error::{ApiError, Code};

/// Spans of a skeleton: beyond that a page has enough to do with a part of them.
const MOST: i64 = 100_000;
/// The place of what there is none of.
const NONE: i64 = -1;

/// The spans of a trace in the order of their starts. All lists but the tables have one entry for each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Skeleton {
    trace_id: String,
    /// Nanoseconds since 1970, as a text: browsers have no whole numbers that large. Other times are nanoseconds after it.
    base_ns: String,
    spans: usize,
    ids: Vec<String>,
    /// Places of the parents, or -1.
    parents: Vec<i64>,
    /// The ids of parents that did not come, by the place of the child.
    missing_parents: BTreeMap<usize, String>,
    starts: Vec<i64>,
    /// Negative: it ends before it starts. Null: it has not ended.
    durations: Vec<Option<i64>>,
    #[serde(flatten)]
    words: Words,
    /// As OTLP numbers it: unset, ok, error.
    status: Vec<u8>,
    input_tokens: Vec<Option<i64>>,
    output_tokens: Vec<Option<i64>>,
    /// US dollars.
    cost: Vec<Option<f64>>,
    links: Vec<i64>,
    events: Vec<i64>,
}

/// What is said in words, each of which stands in a table once. -1: nothing is said.
#[derive(Debug, Default, Serialize)]
struct Words {
    names: Vec<String>,
    name: Vec<i64>,
    services: Vec<String>,
    service: Vec<i64>,
    types: Vec<String>,
    #[serde(rename = "type")]
    span_type: Vec<i64>,
    kinds: Vec<String>,
    kind: Vec<i64>,
    models: Vec<String>,
    model: Vec<i64>,
}

fn place_of(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// The skeleton of a trace.
///
/// # Errors
///
/// There is no such trace, or it has too many spans.
pub(crate) fn skeleton(connection: &mut dyn Connection, trace_id: &str) -> Result<Skeleton, ApiError> {
    let key = lookup::key(connection, trace_id)?;
    // Content is not read: it may be large.
    let sql = "SELECT span_id, start_ns, end_ns, parent_span_id, substr(name, 1, $1), resource_key, type, kind, status, input_tokens, \
               output_tokens, total_cost, model, links, events FROM spans WHERE trace_key = $2 \
               ORDER BY start_ns, span_id LIMIT $3";
    let rows = connection.query(sql, &[NAME.into(), key.into(), (MOST + 1).into()])?;
    if rows.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
        let message = format!(
            "the trace has more than {MOST} spans: read them in pages, at /api/3.0/loadspan/traces/{{trace_id}}/spans"
        );
        return Err(ApiError::new(Code::RequestTooLarge, message));
    }
    let keys: Vec<i64> = rows.iter().map(|row| row.int(5)).collect::<Result<_, _>>()?;
    let services = services(&resources(connection, keys.iter().copied())?);
    let mut drawing = Drawing::new(trace_id, &rows)?;
    for row in rows {
        drawing.add(row, &services)?;
    }
    Ok(drawing.finish())
}

/// A skeleton that becomes one.
struct Drawing {
    skeleton: Skeleton,
    base_ns: i64,
    parents: Vec<Option<Vec<u8>>>,
    places: HashMap<Vec<u8>, usize>,
    names: Table,
    services: Table,
    types: Table,
    kinds: Table,
    models: Table,
}

impl Drawing {
    fn new(trace_id: &str, rows: &[Row]) -> Result<Self, DatabaseError> {
        let base_ns = rows.first().map_or(Ok(0), |row| row.int(1))?;
        Ok(Self {
            skeleton: Skeleton {
                trace_id: trace_id.to_owned(),
                base_ns: base_ns.to_string(),
                spans: rows.len(),
                ..Skeleton::default()
            },
            base_ns,
            parents: Vec::with_capacity(rows.len()),
            places: HashMap::with_capacity(rows.len()),
            names: Table::default(),
            services: Table::default(),
            types: Table::default(),
            kinds: Table::default(),
            models: Table::default(),
        })
    }

    fn add(&mut self, mut row: Row, services: &HashMap<i64, String>) -> Result<(), DatabaseError> {
        let id = row.blob(0)?;
        let (start_ns, end_ns) = (row.int(1)?, row.int(2)?);
        let skeleton = &mut self.skeleton;
        let place = skeleton.ids.len();
        skeleton.ids.push(hex(&id));
        self.places.insert(id, place);
        self.parents.push(row.maybe_blob(3)?);
        skeleton.starts.push(start_ns.saturating_sub(self.base_ns));
        let has_ended = end_ns != 0;
        skeleton
            .durations
            .push(has_ended.then(|| end_ns.saturating_sub(start_ns)));
        let words = &mut skeleton.words;
        words.name.push(self.names.place(row.text(4)?));
        let service = services.get(&row.int(5)?).cloned();
        words.service.push(place_in(&mut self.services, service));
        words.span_type.push(place_in(&mut self.types, row.maybe_text(6)?));
        words.kind.push(self.kinds.place(kind_of(row.int(7)?)));
        words.model.push(place_in(&mut self.models, row.maybe_text(12)?));
        skeleton.status.push(match row.text(8)?.as_str() {
            "OK" => 1,
            "ERROR" => 2,
            _ => 0,
        });
        skeleton.input_tokens.push(row.maybe_int(9)?);
        skeleton.output_tokens.push(row.maybe_int(10)?);
        skeleton.cost.push(row.maybe_real(11)?);
        skeleton.links.push(row.int(13)?);
        skeleton.events.push(row.int(14)?);
        Ok(())
    }

    fn finish(self) -> Skeleton {
        let mut skeleton = self.skeleton;
        for (child, parent) in self.parents.into_iter().enumerate() {
            let place = parent.as_ref().and_then(|parent| self.places.get(parent));
            skeleton.parents.push(place.map_or(NONE, |place| place_of(*place)));
            if let (Some(parent), None) = (parent, place) {
                skeleton.missing_parents.insert(child, hex(&parent));
            }
        }
        let words = &mut skeleton.words;
        words.names = self.names.into_words();
        words.services = self.services.into_words();
        words.types = self.types.into_words();
        words.kinds = self.kinds.into_words();
        words.models = self.models.into_words();
        skeleton
    }
}

fn place_in(table: &mut Table, word: Option<String>) -> i64 {
    word.map_or(NONE, |word| table.place(word))
}

/// `SERVER`, `CLIENT`, …
fn kind_of(kind: i64) -> String {
    let kind = i32::try_from(kind).ok().and_then(|kind| SpanKind::try_from(kind).ok());
    let name = kind.unwrap_or_default().as_str_name();
    name.strip_prefix("SPAN_KIND_").unwrap_or(name).to_owned()
}
