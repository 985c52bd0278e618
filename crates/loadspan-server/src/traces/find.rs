//! Spans of one trace by their attributes, in pieces: no trace, however large, keeps a reader busy for long.

use std::collections::HashMap;

use loadspan_wire::otlp::Resource;
use memchr::memmem;
use serde::Serialize;

use super::export::{Shared, resources};
use super::lookup;
use super::span::After;
use crate::database::{Connection, DatabaseError, Row};
use crate::error::ApiError;
use crate::search::{SpanText, text_of_attribute};

/// Spans that are read together.
const TOGETHER: usize = 500;
/// Bytes of a span that is read along with others. One that is larger is read by itself.
const SMALL: i64 = 32 << 10;
/// Bytes of spans that one piece looks at.
const MOST_BYTES: usize = 32 << 20;

/// What a span is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Of an attribute of the span, as it came or under MLflow's name, or else of its resource.
    pub(crate) key: String,
    pub(crate) test: Test,
}

/// What the attribute must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// There.
    Exists,
    /// This, as it is written.
    Is(String),
    /// There, and something else.
    IsNot(String),
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(wanted) => text == wanted,
            Self::IsNot(unwanted) => text != unwanted,
        }
    }
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) trace_id: String,
    /// All must hold.
    pub(crate) terms: Vec<Term>,
}

/// How far a trace was looked through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    after: After,
    /// Spans before it.
    place: usize,
}

/// What was found in a part of a trace.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Places in the order of starts.
    spans: Vec<usize>,
    /// Where the next piece begins. `None`: this was the last one.
    pub(crate) next: Option<Position>,
}

/// Spans that were found so far.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Found {
    /// Their places in the order of starts.
    spans: Vec<usize>,
    /// Where the rest begins. Absent: all were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

impl Position {
    /// # Errors
    ///
    /// It is not a token that this server has given.
    pub(crate) fn of_token(token: &str) -> Result<Self, ApiError> {
        let (place, after) = token.split_once('.').unwrap_or_default();
        let place = place.parse().map_err(|_| {
            ApiError::invalid("Invalid page_token: it must be the next_page_token of the answer before")
        })?;
        Ok(Self {
            after: After::of_token(after)?,
            place,
        })
    }

    fn token(&self) -> String {
        format!("{}.{}", self.place, self.after.token())
    }
}

impl Found {
    /// What was found in a further piece.
    pub(crate) fn and(mut self, piece: &Piece) -> Self {
        self.spans.extend(&piece.spans);
        self.next_page_token = piece.next.as_ref().map(Position::token);
        self
    }
}

/// Looks through a piece of a trace, from a position on.
///
/// # Errors
///
/// There is no such trace.
pub(crate) fn piece(
    connection: &mut dyn Connection,
    wanted: &Wanted,
    mut position: Position,
) -> Result<Piece, ApiError> {
    let trace = lookup::key(connection, &wanted.trace_id)?;
    let mut resources_of = HashMap::new();
    let mut spans = Vec::new();
    let mut room = MOST_BYTES;
    loop {
        let rows = read(connection, trace, &position.after)?;
        let is_last = rows.len() < TOGETHER;
        let unknown = rows.iter().map(|row| row.int(2)).collect::<Result<Vec<_>, _>>()?;
        let unknown = unknown.into_iter().filter(|key| !resources_of.contains_key(key));
        resources_of.extend(resources(connection, unknown)?);
        for mut row in rows {
            let resource = resources_of.get(&row.int(2)?);
            position.after = After {
                id: row.blob(0)?,
                start_ns: row.int(1)?,
            };
            let id = &position.after.id;
            let span = Content::of(connection, SpanKey { trace, id }, row)?;
            if span.stands(&wanted.terms, resource) {
                spans.push(position.place);
            }
            position.place += 1;
            let left = room.checked_sub(span.bytes());
            room = left.unwrap_or(0);
            if left.is_none() {
                let next = Some(position);
                return Ok(Piece { spans, next });
            }
        }
        if is_last {
            return Ok(Piece { spans, next: None });
        }
    }
}

fn read(connection: &mut dyn Connection, trace: i64, after: &After) -> Result<Vec<Row>, DatabaseError> {
    const BYTES: &str = "octet_length(content) + COALESCE(octet_length(translated), 0)";
    let sql = format!(
        "SELECT span_id, start_ns, resource_key, CASE WHEN {BYTES} <= {SMALL} THEN content END, \
         CASE WHEN {BYTES} <= {SMALL} THEN translated END FROM spans WHERE trace_key = $1 AND (start_ns, span_id) > ($2, $3) \
         ORDER BY start_ns, span_id LIMIT {TOGETHER}"
    );
    connection.query(&sql, &[trace.into(), after.start_ns.into(), (&after.id).into()])
}

/// Where a span is stored.
#[derive(Debug, Clone, Copy)]
struct SpanKey<'a> {
    trace: i64,
    id: &'a [u8],
}

/// A span as it is stored.
struct Content {
    encoded: Vec<u8>,
    translated: Option<String>,
}

impl Content {
    fn of(connection: &mut dyn Connection, key: SpanKey<'_>, mut row: Row) -> Result<Self, DatabaseError> {
        if let Some(encoded) = row.maybe_blob(3)? {
            return Ok(Self {
                encoded,
                translated: row.maybe_text(4)?,
            });
        }
        let sql = "SELECT content, translated FROM spans WHERE trace_key = $1 AND span_id = $2";
        let row = connection.query_one(sql, &[key.trace.into(), key.id.into()])?;
        let of_row = |mut row: Row| {
            Ok(Self {
                encoded: row.blob(0)?,
                translated: row.maybe_text(1)?,
            })
        };
        row.map_or_else(
            || {
                Ok(Self {
                    encoded: Vec::new(),
                    translated: None,
                })
            },
            of_row,
        )
    }

    fn bytes(&self) -> usize {
        self.encoded.len() + self.translated.as_ref().map_or(0, String::len)
    }

    fn stands(&self, terms: &[Term], resource: Option<&Shared<Resource>>) -> bool {
        let mut decoded = None;
        terms.iter().all(|term| {
            let own = self.mentions(&term.key).then(|| {
                let text = decoded.get_or_insert_with(|| SpanText::decode(&self.encoded, self.translated.as_deref()));
                text.attribute(&term.key)
            });
            let value = own.flatten().or_else(|| {
                let attributes = &resource?.content.as_ref()?.attributes;
                text_of_attribute(attributes, &term.key)
            });
            value.is_some_and(|value| term.test.holds(&value))
        })
    }

    /// Whether it can have an attribute: most spans that have not need not be decoded.
    fn mentions(&self, key: &str) -> bool {
        let translated = self.translated.as_deref().unwrap_or_default();
        memmem::find(&self.encoded, key.as_bytes()).is_some()
            || memmem::find(translated.as_bytes(), key.as_bytes()).is_some()
    }
}
