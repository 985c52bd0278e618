//! Searches that look into spans. No index helps there, so the traces are looked at one after the other, in order, and only so many for a
//! page: then the page ends early, and its token leads to the rest. So no search, whatever it looks for, keeps a reader busy for long.

use std::collections::HashSet;

use super::span::SpanTest;
use super::span_text::StoredSpan;
use crate::database::{Connection, DatabaseError, Dialect, Row};
use crate::error::ApiError;
use crate::search::Page;
use crate::search::fragment::{Bound, Fragment};
use crate::search::order::Position;
use crate::search::page::Wanted;
use crate::search::plan::{Found, Plan, Prepared, Window, among};

/// Spans in the traces that one page looks at.
const MOST_SPANS: i64 = 100_000;
/// Bytes of spans that one page decodes.
const MOST_BYTES: usize = 32 << 20;
/// Traces that are looked at together.
const TOGETHER: usize = 500;
/// Spans of a trace that are read together.
const SPANS_TOGETHER: usize = 32;
/// Bytes of a span that is read along with others. One that is larger is read by itself.
const SMALL: i64 = 256 << 10;

/// A search that looks into spans.
pub(super) struct Scan<'a> {
    pub(super) plan: Plan,
    pub(super) tests: Vec<SpanTest>,
    pub(super) wanted: Wanted<'a>,
}

/// A page of a search. It may be shorter than was wanted although there is a next one.
pub(super) fn page(connection: &mut dyn Connection, scan: Scan<'_>) -> Result<Page, ApiError> {
    let length = scan.wanted.length()?;
    let after = scan.wanted.after(&scan.plan.order)?;
    let spans = Spans::new(&scan.tests, connection.dialect());
    let mut scanner = Scanner {
        prepared: scan.plan.prepare(connection)?,
        spans,
        after,
        budget: Budget::default(),
    };
    let mut matching = Vec::new();
    let mut rows = (2 * length).min(TOGETHER);
    loop {
        let (found, is_last) = scanner.next(connection, rows)?;
        let mut candidates = scanner.among(connection, found)?.into_iter();
        while let Some((candidate, may_match)) = candidates.next() {
            if may_match && scanner.matches(connection, candidate.key)? {
                matching.push(candidate.clone());
            }
            scanner.after = Some(candidate.position);
            let is_over = is_last && candidates.len() == 0;
            if !is_over && (matching.len() == length || scanner.budget.bytes > MOST_BYTES) {
                return Ok(Page::of(matching, scanner.after.as_ref()));
            }
        }
        if is_last {
            return Ok(Page::of(matching, None));
        }
        if scanner.budget.spans > MOST_SPANS {
            return Ok(Page::of(matching, scanner.after.as_ref()));
        }
        rows = TOGETHER;
    }
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    spans: i64,
    bytes: usize,
}

struct Scanner<'a> {
    prepared: Prepared,
    spans: Spans<'a>,
    after: Option<Position>,
    budget: Budget,
}

/// What spans are tested for: in the database, and outside.
struct Spans<'a> {
    columns: Fragment,
    texts: Vec<&'a SpanTest>,
}

impl<'a> Spans<'a> {
    fn new(tests: &'a [SpanTest], dialect: Dialect) -> Self {
        let columns = tests.iter().filter_map(|test| match test {
            SpanTest::Column(column, test) => Some(test.of(column, dialect)),
            SpanTest::Content(_) | SpanTest::Attribute(..) => None,
        });
        let columns = columns.fold(Fragment::default(), |all, column| all.sql(" AND ").then(&column));
        let texts = tests.iter().filter(|test| !matches!(test, SpanTest::Column(..)));
        Self {
            columns,
            texts: texts.collect(),
        }
    }

    fn hold_for(&self, stored: &StoredSpan) -> bool {
        self.texts.iter().all(|test| match test {
            SpanTest::Column(..) => true,
            SpanTest::Content(regex) => regex.is_match(&stored.content()),
            SpanTest::Attribute(key, test) => stored.attribute(key).is_some_and(|text| test.holds(&text)),
        })
    }
}

impl Scanner<'_> {
    /// The next traces that may be among those that are wanted, and whether these are the last.
    fn next(&self, connection: &mut dyn Connection, rows: usize) -> Result<(Vec<Found>, bool), DatabaseError> {
        let window = Window {
            after: self.after.as_deref(),
            rows,
        };
        let mut found = self.prepared.find(connection, window)?;
        let few = found.len() < rows;
        let mut spans = 0;
        let affordable = found.iter().position(|found| {
            let is_beyond = spans > MOST_SPANS;
            spans += found.weight;
            is_beyond
        });
        found.truncate(affordable.unwrap_or(found.len()));
        Ok((found, few && affordable.is_none()))
    }

    /// Traces, and whether one of their spans stands the tests of columns.
    fn among(
        &mut self,
        connection: &mut dyn Connection,
        found: Vec<Found>,
    ) -> Result<Vec<(Found, bool)>, DatabaseError> {
        self.budget.spans += found.iter().map(|found| found.weight).sum::<i64>();
        if found.is_empty() || self.spans.columns == Fragment::default() {
            return Ok(found.into_iter().map(|found| (found, true)).collect());
        }
        let keys: Vec<i64> = found.iter().map(|found| found.key).collect();
        let query = Fragment::new("SELECT t.trace_key FROM traces t WHERE ")
            .then(&among("t.trace_key", &keys))
            .sql(" AND EXISTS (SELECT 1 FROM spans s WHERE s.trace_key = t.trace_key")
            .then(&self.spans.columns)
            .sql(")");
        let rows = connection.query(&query.statement(), &query.values())?;
        let matching: HashSet<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
        let pairs = found.into_iter().map(|found| {
            let may_match = matching.contains(&found.key);
            (found, may_match)
        });
        Ok(pairs.collect())
    }

    /// Whether a span of a trace stands all tests.
    fn matches(&mut self, connection: &mut dyn Connection, trace: i64) -> Result<bool, DatabaseError> {
        if self.spans.texts.is_empty() {
            return Ok(true);
        }
        let mut behind: Vec<u8> = Vec::new();
        loop {
            let mut rows = self.read(connection, (trace, &behind))?;
            let is_last = rows.len() < SPANS_TOGETHER;
            for row in &mut rows {
                behind = row.blob(0)?;
                let (content, translated) = match row.maybe_blob(1)? {
                    Some(content) => (content, row.maybe_text(2)?),
                    None => large(connection, (trace, &behind))?,
                };
                self.budget.bytes += content.len() + translated.as_ref().map_or(0, String::len);
                if self
                    .spans
                    .hold_for(&StoredSpan::decode(&content, translated.as_deref()))
                {
                    return Ok(true);
                }
            }
            if is_last {
                return Ok(false);
            }
        }
    }

    /// Spans of a trace that stand the tests of columns, those behind an id.
    fn read(&self, connection: &mut dyn Connection, (trace, behind): (i64, &[u8])) -> Result<Vec<Row>, DatabaseError> {
        let query = Fragment::new(format!(
            "SELECT s.span_id, CASE WHEN {BYTES} <= {SMALL} THEN s.content END, \
             CASE WHEN {BYTES} <= {SMALL} THEN s.translated END FROM spans s WHERE s.trace_key = ? AND s.span_id > ?"
        ))
        .bind(trace)
        .bind(Bound::Blob(behind.to_vec()))
        .then(&self.spans.columns)
        .sql(" ORDER BY s.span_id LIMIT ?")
        .bind(SPANS_TOGETHER as i64);
        connection.query(&query.statement(), &query.values())
    }
}

const BYTES: &str = "octet_length(s.content) + COALESCE(octet_length(s.translated), 0)";

/// A span that was too large to be read along with others.
fn large(
    connection: &mut dyn Connection,
    (trace, span): (i64, &[u8]),
) -> Result<(Vec<u8>, Option<String>), DatabaseError> {
    let sql = "SELECT content, translated FROM spans WHERE trace_key = $1 AND span_id = $2";
    let row = connection.query_one(sql, &[trace.into(), span.into()])?;
    row.map_or(Ok((Vec::new(), None)), |mut row| Ok((row.blob(0)?, row.maybe_text(1)?)))
}
