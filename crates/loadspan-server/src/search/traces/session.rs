//! Sessions of which a trace matches, and what all their traces add up to.

use super::matching::matching;
use super::{checked, wanted};
use crate::database::{Connection, DatabaseError, Dialect, Row};
use crate::error::ApiError;
use crate::search::clause::Direction::Descending;
use crate::search::fragment::{Bound, Fragment};
use crate::search::order::{Kind, Order, Term};
use crate::search::page::Lengths;
use crate::search::plan::among;
use crate::search::{TraceSearch, experiment_keys, token};

const LENGTHS: Lengths = Lengths { default: 50, most: 200 };
/// Traces that a filter about spans finds at most.
const MOST: i64 = 5_000;

/// A session: traces of one experiment that say to belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionRow {
    pub(crate) session_id: String,
    pub(crate) experiment_id: i64,
    /// In milliseconds since 1970, as its end.
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) traces: i64,
    pub(crate) errors: i64,
    /// What its traces took, one after the other.
    pub(crate) duration_ms: i64,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    /// US dollars.
    pub(crate) cost: Option<f64>,
}

/// A page of sessions, the one with the latest activity first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionPage {
    pub(crate) sessions: Vec<SessionRow>,
    /// How many there are, as far as was looked.
    pub(crate) total: i64,
    /// Whether all traces were looked at. Where a filter is about spans, only so many are.
    pub(crate) complete: bool,
    /// The token of the next page. `None`: there is none.
    pub(crate) next: Option<String>,
}

/// What is said of each session.
const COLUMNS: &str = "a.session_id, a.experiment_id, MIN(a.request_time) AS start_ms, \
                       MAX(a.request_time + COALESCE(a.execution_duration, 0)) AS end_ms, COUNT(*) AS traces, \
                       CAST(SUM(CASE WHEN a.state = 'ERROR' THEN 1 ELSE 0 END) AS BIGINT) AS errors, \
                       CAST(SUM(COALESCE(a.execution_duration, 0)) AS BIGINT) AS duration_ms, \
                       CAST(SUM(a.input_tokens) AS BIGINT) AS input_tokens, \
                       CAST(SUM(a.output_tokens) AS BIGINT) AS output_tokens, SUM(a.total_cost) AS cost";

/// A page of the sessions that have a trace that matches.
///
/// # Errors
///
/// The filter, the length of the page or its token makes no sense.
pub(crate) fn sessions(connection: &mut dyn Connection, search: &TraceSearch) -> Result<SessionPage, ApiError> {
    let wanted = wanted(search, LENGTHS);
    let length = wanted.length()?;
    let order = latest_first(connection.dialect());
    let after = wanted.after(&order)?;
    let experiments = experiment_keys(&search.experiment_ids)?;
    let matched = matched(connection, search)?;
    if experiments.is_empty() {
        return Ok(SessionPage::nothing());
    }
    let behind = after.map_or_else(|| Fragment::new("1 = 1"), |position| order.after(&position));
    let query = Fragment::new(format!("WITH s AS (SELECT {COLUMNS} FROM traces a"))
        .then(&matched.sessions)
        .sql(" WHERE a.session_id IS NOT NULL AND ")
        .then(&among("a.experiment_id", &experiments))
        .sql(" GROUP BY a.session_id, a.experiment_id) SELECT s.*, (SELECT COUNT(*) FROM s) FROM s WHERE ")
        .then(&behind)
        .sql(&order.clause())
        .sql(" LIMIT ?")
        // One more says whether there is a next page.
        .bind(i64::try_from(length + 1).unwrap_or(i64::MAX));
    let rows = connection.query(&query.statement(), &query.values())?;
    let total = match rows.first() {
        Some(row) => row.int(10)?,
        None => 0,
    };
    let more = rows.len() > length;
    let rows = rows.into_iter().take(length).map(SessionRow::of);
    let sessions: Vec<SessionRow> = rows.collect::<Result<_, _>>()?;
    let last = sessions.last().filter(|_| more);
    Ok(SessionPage {
        next: last.map(|last| token::encode(&last.position())),
        sessions,
        total,
        complete: matched.complete,
    })
}

fn latest_first(dialect: Dialect) -> Order {
    Order {
        terms: vec![
            Term::new("s.end_ms", Kind::Int, Descending),
            Term::new("s.experiment_id", Kind::Int, Descending),
            Term::text("s.session_id", Descending, dialect),
        ],
        ..Order::default()
    }
}

/// Sessions of which a trace matches.
struct Matched {
    /// Something to join. Empty: all do.
    sessions: Fragment,
    /// Whether all traces were looked at.
    complete: bool,
}

fn matched(connection: &mut dyn Connection, search: &TraceSearch) -> Result<Matched, ApiError> {
    let (plan, tests) = checked(connection, search)?;
    if plan.conditions.is_empty() && tests.is_empty() {
        return Ok(Matched {
            sessions: Fragment::default(),
            complete: true,
        });
    }
    const SESSIONS: &str = "DISTINCT t.session_id, t.experiment_id";
    let (traces, complete) = if tests.is_empty() {
        (plan.prepare(connection)?.select(SESSIONS), true)
    } else {
        let some = TraceSearch {
            max_results: Some(MOST),
            page_token: None,
            ..search.clone()
        };
        let found = matching(connection, &some)?;
        let from = Fragment::new(format!("SELECT {SESSIONS} FROM traces t WHERE "));
        let traces = (!found.keys.is_empty()).then(|| from.then(&among("t.trace_key", &found.keys)));
        (traces, found.complete)
    };
    let none = || Fragment::new(format!("SELECT {SESSIONS} FROM traces t WHERE 1 = 0"));
    let sessions = Fragment::new(" JOIN (")
        .then(&traces.unwrap_or_else(none))
        .sql(" AND t.session_id IS NOT NULL) m ON m.session_id = a.session_id AND m.experiment_id = a.experiment_id");
    Ok(Matched { sessions, complete })
}

impl SessionPage {
    /// All of none.
    const fn nothing() -> Self {
        Self {
            sessions: Vec::new(),
            total: 0,
            complete: true,
            next: None,
        }
    }
}

impl SessionRow {
    fn of(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            session_id: row.text(0)?,
            experiment_id: row.int(1)?,
            start_ms: row.int(2)?,
            end_ms: row.int(3)?,
            traces: row.int(4)?,
            errors: row.int(5)?,
            duration_ms: row.int(6)?,
            input_tokens: row.maybe_int(7)?,
            output_tokens: row.maybe_int(8)?,
            cost: row.maybe_real(9)?,
        })
    }

    fn position(&self) -> [Bound; 3] {
        [
            self.end_ms.into(),
            self.experiment_id.into(),
            self.session_id.as_str().into(),
        ]
    }
}
