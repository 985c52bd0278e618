//! Attributes of a trace: columns of its row.

use super::Context;
use crate::database::Dialect;
use crate::search::clause::{Clause, Comparator, Direction, Name, Operand};
use crate::search::condition::{Condition, Role, RowIndex};
use crate::search::entity::unknown_attribute;
use crate::search::fault::Fault;
use crate::search::fragment::Fragment;
use crate::search::order::{Kind, Term};
use crate::search::plan::among;
use crate::search::test::{Takes, Test, equal_by_index, test};

/// What is asked for by the name of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Text(TextColumn),
    /// A whole number without index, as SQL.
    Number(&'static str),
    Range(Range),
    Run,
    Content,
}

/// A column of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TextColumn {
    name: &'static str,
    nullable: bool,
    index: Index,
}

/// What index a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    /// Of an experiment, its texts, in order of time.
    Whole,
    /// The same, of the beginnings of the texts.
    Beginning,
    /// Of all experiments, and unique.
    Unique,
    None,
}

/// A column of whole numbers with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Time,
    Duration,
}

pub(super) const TEXTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::In,
    Comparator::NotIn,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::Rlike,
];
pub(super) const NULLABLE_TEXTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::In,
    Comparator::NotIn,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::Rlike,
    Comparator::IsNull,
    Comparator::IsNotNull,
];

const fn column(name: &'static str, index: Index) -> TextColumn {
    TextColumn {
        name,
        nullable: true,
        index,
    }
}

const fn filled(name: &'static str, index: Index) -> TextColumn {
    TextColumn {
        name,
        nullable: false,
        index,
    }
}

pub(super) const NAME: TextColumn = column("name", Index::Beginning);
const ID: TextColumn = filled("trace_id", Index::Unique);
const STATE: TextColumn = filled("state", Index::Whole);
const CLIENT_REQUEST_ID: TextColumn = column("client_request_id", Index::Beginning);
const SESSION: TextColumn = column("session_id", Index::Beginning);
const USER: TextColumn = column("user_id", Index::Beginning);
const SERVICE: TextColumn = column("service", Index::None);

const END_TIME: &str = "(t.request_time + COALESCE(t.execution_duration, 0))";

const NAMES: &[&str] = &[
    "request_id",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "status",
    "client_request_id",
    "name",
    "run_id",
    "text",
    "session_id",
    "user_id",
    "service",
    "total_tokens",
];

/// The attribute with a name.
pub(super) fn named(name: &Name) -> Result<Attribute, Fault> {
    Ok(match name.key.as_str() {
        "request_id" | "trace_id" => Attribute::Text(ID),
        "name" => Attribute::Text(NAME),
        "status" | "state" => Attribute::Text(STATE),
        "client_request_id" => Attribute::Text(CLIENT_REQUEST_ID),
        "session_id" => Attribute::Text(SESSION),
        "user_id" => Attribute::Text(USER),
        "service" => Attribute::Text(SERVICE),
        "total_tokens" => Attribute::Number("t.total_tokens"),
        "end_time" | "end_time_ms" => Attribute::Number(END_TIME),
        "timestamp" | "timestamp_ms" => Attribute::Range(Range::Time),
        "execution_time" | "execution_time_ms" => Attribute::Range(Range::Duration),
        "run_id" => Attribute::Run,
        "text" => Attribute::Content,
        "prompt" => {
            let message = "Traces are not searched by prompt: this server has no prompt registry";
            return Err(Fault::new(name.at, message));
        }
        _ => return Err(unknown_attribute(name, NAMES)),
    })
}

/// The column that has what is also known as this metadata.
pub(super) fn of_metadata(key: &str) -> Option<TextColumn> {
    match key {
        "mlflow.trace.session" => Some(SESSION),
        "mlflow.trace.user" => Some(USER),
        _ => None,
    }
}

/// The term of an order by an attribute.
pub(super) fn term(name: &Name, direction: Direction, dialect: Dialect) -> Result<Term, Fault> {
    if name.key == "experiment_id" {
        return Ok(Term::new("t.experiment_id", Kind::Int, direction));
    }
    match named(name)? {
        Attribute::Text(column) => Ok(column.term(direction, dialect)),
        Attribute::Number(expression) => Ok(Term::new(expression, Kind::Int, direction).nullable()),
        Attribute::Range(Range::Time) => Ok(Term::new(Range::Time.column(), Kind::Int, direction)),
        Attribute::Range(Range::Duration) => Ok(Term::new(Range::Duration.column(), Kind::Int, direction).nullable()),
        Attribute::Run | Attribute::Content => Err(super::not_ordered(name)),
    }
}

/// A clause on a number that may stand in quotes, as if it did not.
pub(super) fn unquoted(clause: &Clause) -> Clause {
    let mut clause = clause.clone();
    if let Operand::Text(text) = &clause.operand
        && let Ok(number) = text.parse()
    {
        clause.operand = Operand::Int(number);
    }
    clause
}

impl TextColumn {
    /// That it stands the test of a clause.
    pub(super) fn condition(self, clause: &Clause, context: Context<'_>) -> Result<Condition, Fault> {
        let comparators = if self.nullable { NULLABLE_TEXTS } else { TEXTS };
        let test = test(clause, Takes::Texts(comparators))?;
        let dialect = context.dialect;
        let column = format!("t.{}", self.name);
        let filter = test.of(&column, dialect);
        let indexed = match (self.index, &test, test.equal_text()) {
            (Index::Unique, Test::Text(Comparator::Equal, _) | Test::In(_), _) => {
                let drive = Fragment::new("SELECT t.trace_key AS k FROM traces t WHERE ").then(&filter);
                return Ok(Condition::plain(filter).driven_by(drive));
            }
            (Index::Whole, _, Some(_)) => filter,
            (Index::Beginning, _, Some(text)) => {
                Fragment::new(format!("{column} IS NOT NULL AND ")).then(&equal_by_index(&column, text))
            }
            _ => return Ok(Condition::plain(filter)),
        };
        let drive = of_experiments(&indexed, context);
        let index = RowIndex {
            role: Role::Value,
            order: Range::Time.column(),
            unindexed: test.of(&unindexed(&column, dialect), dialect),
        };
        Ok(Condition::plain(indexed).indexed(index).driven_by(drive))
    }

    /// An order by it.
    pub(super) fn term(self, direction: Direction, dialect: Dialect) -> Term {
        let term = Term::text(&format!("t.{}", self.name), direction, dialect);
        if self.nullable { term.nullable() } else { term }
    }
}

impl Range {
    const fn column(self) -> &'static str {
        match self {
            Self::Time => "t.request_time",
            Self::Duration => "t.execution_duration",
        }
    }
}

/// All tests of the columns that have indexes on numbers.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    time: Vec<Test>,
    duration: Vec<Test>,
}

impl Ranges {
    pub(super) fn add(&mut self, range: Range, test: Test) {
        match range {
            Range::Time => self.time.push(test),
            Range::Duration => self.duration.push(test),
        }
    }

    /// One condition for each column that is tested.
    pub(super) fn conditions(&self, context: Context<'_>) -> impl Iterator<Item = Condition> {
        let ranges = [(Range::Time, &self.time), (Range::Duration, &self.duration)];
        ranges
            .into_iter()
            .filter(|(_, tests)| !tests.is_empty())
            .map(move |(range, tests)| condition(range, tests, context))
    }
}

fn condition(range: Range, tests: &[Test], context: Context<'_>) -> Condition {
    let all = |column: &str| {
        let tests: Vec<Fragment> = tests.iter().map(|test| test.of(column, context.dialect)).collect();
        Fragment::join(&tests, " AND ")
    };
    let filter = all(range.column());
    let drive = of_experiments(&filter, context);
    let index = RowIndex {
        role: Role::Range,
        order: range.column(),
        unindexed: all(&unindexed(range.column(), context.dialect)),
    };
    Condition::plain(filter).indexed(index).driven_by(drive)
}

/// The keys of traces for which a condition holds.
fn of_experiments(filter: &Fragment, context: Context<'_>) -> Fragment {
    Fragment::new("SELECT t.trace_key AS k FROM traces t WHERE ")
        .then(&among("t.experiment_id", context.experiments))
        .sql(" AND ")
        .then(filter)
}

/// A column so that SQLite looks for no index. PostgreSQL knows how often values occur and decides better by itself.
fn unindexed(column: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => format!("+{column}"),
        Dialect::Postgres => column.to_owned(),
    }
}
