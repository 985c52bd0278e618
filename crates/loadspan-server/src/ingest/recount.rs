//! Tokens and cost of traces whose spans come in pieces. They are counted once in a tree, so that a span that comes late may hide what
//! was counted before, or join two parts of the tree: who adds a span has to look at all.
//!
//! Of small traces that is done at once, in the transaction that stores the spans. Large ones would hold up the writer: these are
//! marked, and counted a moment later beside it, from what the readers see. The mark is a number that only grows. What was counted is
//! written with the mark taken away, unless another span has come meanwhile; then it stays, for the next time.

use std::collections::VecDeque;

use super::id::SpanId;
use super::used::Used;
use crate::app::now_ms;
use crate::database::{Connection, DatabaseError, Row, Value};
use crate::translate::UsageNode;

/// Spans that are read for the traces of one request, beside twice as many as it brings: a millisecond or less.
const AT_ONCE: usize = 512;
/// Spans that a reader looks at before others have their turn.
const STEP: usize = 20_000;
const COLUMNS: &str = "SELECT span_id, parent_span_id, input_tokens, output_tokens, total_tokens, cache_read_tokens, \
                       cache_write_tokens, input_cost, output_cost, total_cost FROM spans WHERE trace_key = $1";

/// A trace, as far as it is to be counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Countable {
    pub(super) key: i64,
    pub(super) spans: i64,
    /// Since when it is marked.
    pub(super) mark: Option<i64>,
}

/// How many stored spans a request may still have read for its traces.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// Of a request with so many spans.
    pub(super) fn of(spans: usize) -> Self {
        Self(AT_ONCE + 2 * spans)
    }

    /// Counts a trace, or marks it.
    pub(super) fn count(&mut self, connection: &mut dyn Connection, trace: Countable) -> Result<(), DatabaseError> {
        let spans = usize::try_from(trace.spans).unwrap_or(usize::MAX);
        let Some(left) = self.0.checked_sub(spans) else {
            return mark(connection, trace);
        };
        self.0 = left;
        let mut tree = Vec::with_capacity(spans);
        read(connection, &mut tree, (trace.key, spans))?;
        write(connection, trace.key, &used(&tree))?;
        if trace.mark.is_none() {
            return Ok(());
        }
        let sql = "UPDATE traces SET recount = NULL WHERE trace_key = $1";
        connection.execute(sql, &[trace.key.into()]).map(drop)
    }
}

fn mark(connection: &mut dyn Connection, trace: Countable) -> Result<(), DatabaseError> {
    let mark = trace.mark.map_or_else(now_ms, |mark| now_ms().max(mark + 1));
    let sql = "UPDATE traces SET recount = $1 WHERE trace_key = $2";
    connection.execute(sql, &[mark.into(), trace.key.into()]).map(drop)
}

/// Traces that are marked, on their way to be counted: by jobs of the readers, then one of the writer.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    waiting: VecDeque<Marked>,
    /// What is known of the first of those that wait.
    tree: Vec<Node>,
    counted: Vec<(Marked, Used)>,
}

#[derive(Debug, Clone, Copy)]
struct Marked {
    key: i64,
    mark: i64,
}

/// Most spans say nothing, and there are many of them.
type Node = UsageNode<Option<Box<Used>>>;

impl Recount {
    /// Those that have waited longest, at most so many.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn find(connection: &mut dyn Connection, most: usize) -> Result<Self, DatabaseError> {
        let sql = "SELECT trace_key, recount FROM traces WHERE recount IS NOT NULL ORDER BY recount LIMIT $1";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let marked = connection.query(sql, &[most.into()])?;
        let marked = marked.iter().map(|row| {
            Ok(Marked {
                key: row.int(0)?,
                mark: row.int(1)?,
            })
        });
        Ok(Self {
            waiting: marked.collect::<Result<_, DatabaseError>>()?,
            ..Self::default()
        })
    }

    /// Whether there are none.
    pub(crate) fn is_nothing(&self) -> bool {
        self.waiting.is_empty() && self.counted.is_empty()
    }

    /// Whether all are counted.
    pub(crate) fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Counts on, for some milliseconds.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn go_on(&mut self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        let mut left = STEP;
        while let Some(&trace) = self.waiting.front() {
            let read = read(connection, &mut self.tree, (trace.key, left))?;
            left -= read;
            if left == 0 {
                break;
            }
            self.counted.push((trace, used(&self.tree)));
            self.tree.clear();
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// Writes down what was counted. Of a trace that another request has counted meanwhile, nothing.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub(crate) fn write(&self, connection: &mut dyn Connection) -> Result<(), DatabaseError> {
        for (trace, used) in &self.counted {
            let sql = "UPDATE traces SET recount = CASE WHEN recount = $1 THEN NULL ELSE recount END \
                       WHERE trace_key = $2 AND recount IS NOT NULL";
            if connection.execute(sql, &[trace.mark.into(), trace.key.into()])? > 0 {
                write(connection, trace.key, used)?;
            }
        }
        Ok(())
    }
}

/// Reads the next spans of a trace, those with greater ids than the last; how many it were.
fn read(
    connection: &mut dyn Connection,
    tree: &mut Vec<Node>,
    (trace, most): (i64, usize),
) -> Result<usize, DatabaseError> {
    let most = Value::Int(i64::try_from(most).unwrap_or(i64::MAX));
    let last = tree.last().map(|node| node.id);
    let rows = match &last {
        None => connection.query(&format!("{COLUMNS} ORDER BY span_id LIMIT $2"), &[trace.into(), most])?,
        Some(last) => {
            let sql = format!("{COLUMNS} AND span_id > $2 ORDER BY span_id LIMIT $3");
            connection.query(&sql, &[trace.into(), Value::Blob(last), most])?
        }
    };
    let count = rows.len();
    for row in rows {
        tree.push(node(row)?);
    }
    Ok(count)
}

fn node(mut row: Row) -> Result<Node, DatabaseError> {
    let used = Used::of_row(&row, 2)?;
    Ok(UsageNode {
        id: id(row.blob(0)?),
        parent: row.maybe_blob(1)?.map(id),
        used: (!used.is_nothing()).then(|| Box::new(used)),
    })
}

/// Ids in the database have their length.
fn id(bytes: Vec<u8>) -> SpanId {
    SpanId::try_from(bytes).unwrap_or_default()
}

fn used(tree: &[Node]) -> Used {
    Used::of_tree(tree, |used| used.as_deref().copied().unwrap_or_default())
}

/// Says of a trace what its spans used. What its client has said of tokens stays, and so does what it has said of cost: one without the
/// other.
fn write(connection: &mut dyn Connection, trace: i64, used: &Used) -> Result<(), DatabaseError> {
    let sql = "UPDATE traces SET input_tokens = $1, output_tokens = $2, total_tokens = $3, cache_read_tokens = $4, \
               cache_write_tokens = $5 WHERE trace_key = $6 AND NOT EXISTS (SELECT 1 FROM trace_metadata m \
               WHERE m.trace_key = traces.trace_key AND m.key = 'mlflow.trace.tokenUsage')";
    let values = used.tokens().into_iter().chain([trace.into()]);
    connection.execute(sql, &values.collect::<Vec<_>>())?;
    let sql = "UPDATE traces SET input_cost = $1, output_cost = $2, total_cost = $3 WHERE trace_key = $4 AND NOT EXISTS \
               (SELECT 1 FROM trace_metadata m WHERE m.trace_key = traces.trace_key AND m.key = 'mlflow.trace.cost')";
    let values = used.costs().into_iter().chain([trace.into()]);
    connection.execute(sql, &values.collect::<Vec<_>>()).map(drop)
}
