//! The language of searches for traces.

mod assessment;
mod attribute;
mod expression;
mod matching;
mod reserved;
mod scan;
mod session;
mod span;
pub(super) mod span_text;

use super::clause::{Clause, Comparator, Direction, Name};
use super::condition::{Condition, Entries, Index, meanings};
use super::entity::{Entity, entity};
use super::fault::Fault;
use super::fragment::Fragment;
use super::order::{Kind, Order, Term};
use super::ordering::{By, Joined, order};
use super::page::{Lengths, Wanted, page};
use super::plan::{Plan, Table};
use super::test::{Takes, Test, equal_by_index, test};
use super::{Page, TraceSearch, experiment_keys};
use crate::database::{Connection, Dialect};
use crate::error::ApiError;
use attribute::Attribute;
pub(crate) use matching::Matching;
pub(super) use matching::matching;
pub(super) use session::sessions;
pub(crate) use session::{SessionPage, SessionRow};
use span::SpanTest;

const LENGTHS: Lengths = Lengths {
    default: 100,
    most: 500,
};

const TABLE: Table = Table {
    from: "traces t",
    key: "t.trace_key",
    experiment: "t.experiment_id",
    weight: "0",
};

const TAGS: Entries = Entries {
    table: "trace_tags",
    owner: "trace_key",
    of: "t.trace_key",
    index: Index::Users,
};
const METADATA: Entries = Entries {
    table: "trace_metadata",
    owner: "trace_key",
    of: "t.trace_key",
    index: Index::Users,
};

/// The tag that a trace has its name in, too.
const NAME_TAG: &str = "mlflow.traceName";
/// The metadata that a trace has the run in that it belongs to.
const RUN_METADATA: &str = "mlflow.sourceRun";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Attribute,
    Tag,
    Metadata,
    Span,
    Feedback,
    Expectation,
    Issue,
}

const ENTITIES: &[Entity<Kinds>] = &[
    (Kinds::Attribute, &["attribute", "attributes", "trace"]),
    (Kinds::Tag, &["tag", "tags"]),
    (Kinds::Metadata, &["metadata", "request_metadata"]),
    (Kinds::Span, &["span"]),
    (Kinds::Feedback, &["feedback"]),
    (Kinds::Expectation, &["expectation"]),
    (Kinds::Issue, &["issue"]),
];

const ENTRY_TESTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::Rlike,
    Comparator::IsNull,
    Comparator::IsNotNull,
];

/// A page of a search.
pub(super) fn find(connection: &mut dyn Connection, search: &TraceSearch) -> Result<Page, ApiError> {
    let (plan, tests) = checked(connection, search)?;
    page_of(connection, (plan, tests), wanted(search, LENGTHS))
}

fn wanted(search: &TraceSearch, lengths: Lengths) -> Wanted<'_> {
    Wanted {
        max_results: search.max_results,
        token: search.page_token.as_deref(),
        lengths,
    }
}

/// The plan of a search that this database takes.
fn checked(connection: &mut dyn Connection, search: &TraceSearch) -> Result<(Plan, Vec<SpanTest>), ApiError> {
    let context = Context {
        dialect: connection.dialect(),
        experiments: &experiment_keys(&search.experiment_ids)?,
    };
    let plan = plan(search, context)?;
    expression::check(connection, &search.filter)?;
    Ok(plan)
}

fn page_of(
    connection: &mut dyn Connection,
    (mut plan, tests): (Plan, Vec<SpanTest>),
    wanted: Wanted<'_>,
) -> Result<Page, ApiError> {
    if tests.is_empty() {
        return page(connection, plan, wanted);
    }
    plan.table.weight = "t.spans";
    scan::page(connection, scan::Scan { plan, tests, wanted })
}

/// The plan of a search, without what it says about spans.
pub(super) fn plan_of(search: &TraceSearch, dialect: Dialect) -> Result<Plan, ApiError> {
    let experiments = &experiment_keys(&search.experiment_ids)?;
    let (plan, _) = plan(search, Context { dialect, experiments })?;
    Ok(plan)
}

/// What conditions depend on beside their clauses.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    dialect: Dialect,
    experiments: &'a [i64],
}

/// What a clause means.
enum Meaning {
    Condition(Condition),
    /// Tests of a time or a duration are put together: an index answers all of them at once.
    Range(attribute::Range, Test),
    /// Tests of a span are put together: one span must stand all of them.
    Span(SpanTest),
}

fn plan(search: &TraceSearch, context: Context<'_>) -> Result<(Plan, Vec<SpanTest>), ApiError> {
    let mut conditions = Vec::new();
    let mut ranges = attribute::Ranges::default();
    let mut spans = Vec::new();
    for meaning in meanings(&search.filter, |clause| meaning(clause, context))? {
        match meaning {
            Meaning::Condition(condition) => conditions.push(condition),
            Meaning::Range(range, test) => ranges.add(range, test),
            Meaning::Span(test) => spans.push(test),
        }
    }
    conditions.extend(ranges.conditions(context));
    let plan = Plan {
        table: TABLE,
        experiments: Some(context.experiments.to_vec()),
        conditions,
        order: in_order(&search.order_by, context.dialect)?,
    };
    Ok((plan, spans))
}

fn meaning(clause: &Clause, context: Context<'_>) -> Result<Meaning, Fault> {
    let dialect = context.dialect;
    let key = clause.name.key.as_str();
    let kind = entity(&clause.name, ENTITIES, Kinds::Attribute)?;
    Ok(Meaning::Condition(match kind {
        Kinds::Attribute => return attribute(clause, context),
        Kinds::Span => return span::test_of(clause, key).map(Meaning::Span),
        Kinds::Tag if key == NAME_TAG => attribute::NAME.condition(clause, context)?,
        Kinds::Tag => TAGS.condition(key, &test(clause, Takes::Texts(ENTRY_TESTS))?, dialect),
        Kinds::Metadata => metadata(clause, context)?,
        Kinds::Feedback => assessment::condition("feedback", clause, context)?,
        Kinds::Expectation => assessment::condition("expectation", clause, context)?,
        Kinds::Issue => assessment::issue(clause)?,
    }))
}

fn attribute(clause: &Clause, context: Context<'_>) -> Result<Meaning, Fault> {
    match attribute::named(&clause.name)? {
        Attribute::Text(column) => column.condition(clause, context).map(Meaning::Condition),
        Attribute::Number(expression) => {
            let test = test(&attribute::unquoted(clause), Takes::Ints)?;
            let filter = test.of(expression, context.dialect);
            Ok(Meaning::Condition(Condition::plain(filter)))
        }
        Attribute::Range(range) => {
            let test = test(&attribute::unquoted(clause), Takes::Ints)?;
            Ok(Meaning::Range(range, test))
        }
        Attribute::Run => Ok(Meaning::Condition(run(clause, context.dialect)?)),
        Attribute::Content => span::test_of(clause, "content").map(Meaning::Span),
    }
}

fn metadata(clause: &Clause, context: Context<'_>) -> Result<Condition, Fault> {
    let key = clause.name.key.as_str();
    if key == RUN_METADATA && clause.comparator == Comparator::Equal {
        return run(clause, context.dialect);
    }
    if let Some(column) = attribute::of_metadata(key) {
        return column.condition(clause, context);
    }
    if let Some(reserved) = reserved::of_metadata(key) {
        return reserved.condition(clause).map(Condition::plain);
    }
    let test = test(clause, Takes::Texts(ENTRY_TESTS))?;
    Ok(METADATA.condition(key, &test, context.dialect))
}

/// That a trace belongs to any run.
const OF_A_RUN: &str = "(EXISTS (SELECT 1 FROM trace_runs x WHERE x.trace_key = t.trace_key) OR EXISTS \
                        (SELECT 1 FROM trace_metadata x WHERE x.trace_key = t.trace_key AND x.key = 'mlflow.sourceRun'))";

/// That a trace belongs to a run: it was made within it, or linked to it later.
fn run(clause: &Clause, dialect: Dialect) -> Result<Condition, Fault> {
    let test = test(clause, Takes::Texts(attribute::NULLABLE_TEXTS))?;
    match test {
        Test::Null => return Ok(Condition::plain(Fragment::new(format!("NOT {OF_A_RUN}")))),
        Test::NotNull => return Ok(Condition::plain(Fragment::new(OF_A_RUN))),
        _ => {}
    }
    let linked = Fragment::new("EXISTS (SELECT 1 FROM trace_runs x WHERE x.trace_key = t.trace_key AND ")
        .then(&test.of("x.run_id", dialect))
        .sql(")");
    let within = METADATA.condition(RUN_METADATA, &test, dialect).filter;
    let condition = Condition::plain(
        Fragment::new("(")
            .then(&Fragment::join([&linked, &within], " OR "))
            .sql(")"),
    );
    let Some(run_id) = test.equal_text() else {
        return Ok(condition);
    };
    let drive = Fragment::new("SELECT trace_key AS k FROM trace_runs WHERE run_id = ?")
        .bind(run_id)
        .sql(" UNION SELECT trace_key AS k FROM trace_metadata WHERE key = 'mlflow.sourceRun' AND ")
        .then(&equal_by_index("value", run_id));
    Ok(condition.driven_by(drive))
}

fn in_order(order_by: &[String], dialect: Dialect) -> Result<Order, ApiError> {
    let rest = [
        By::column(Term::new("t.request_time", Kind::Int, Direction::Descending)),
        By::column(Term::new("t.trace_key", Kind::Int, Direction::Descending)),
    ];
    order(order_by, rest, |name, direction, place| {
        let joined = |table, key| Joined {
            table,
            owner: "trace_key",
            of: "t.trace_key",
            key,
            place,
        };
        let key = name.key.as_str();
        match entity(name, ENTITIES, Kinds::Attribute)? {
            Kinds::Attribute if key == "run_id" => {
                Ok(joined("trace_metadata", RUN_METADATA).by_text(direction, dialect))
            }
            Kinds::Attribute => attribute::term(name, direction, dialect).map(By::column),
            Kinds::Tag if key == NAME_TAG => Ok(By::column(attribute::NAME.term(direction, dialect))),
            Kinds::Tag => Ok(joined("trace_tags", key).by_text(direction, dialect)),
            Kinds::Metadata => match attribute::of_metadata(key) {
                Some(column) => Ok(By::column(column.term(direction, dialect))),
                None if reserved::of_metadata(key).is_some() => Err(not_ordered(name)),
                None => Ok(joined("trace_metadata", key).by_text(direction, dialect)),
            },
            Kinds::Span | Kinds::Feedback | Kinds::Expectation | Kinds::Issue => Err(not_ordered(name)),
        }
    })
}

fn not_ordered(name: &Name) -> Fault {
    let message = match &name.entity {
        Some(entity) => format!("Invalid order_by entity `{entity}` with key `{}`", name.key),
        None => format!("Invalid order_by key `{}`", name.key),
    };
    Fault::new(name.at, message)
}

#[cfg(test)]
mod tests;
