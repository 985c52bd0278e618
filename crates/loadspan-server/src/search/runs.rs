//! The language of searches for runs.

use super::clause::{Clause, Comparator, Direction, Name};
use super::condition::{Condition, Entries, Index, meanings};
use super::entity::{Entity, entity, unknown_attribute};
use super::experiments::alive;
use super::fault::Fault;
use super::fragment::Fragment;
use super::order::{Kind, Order, Term};
use super::ordering::{By, Joined, order};
use super::page::Lengths;
use super::plan::{Plan, Table};
use super::test::{Takes, Test, test};
use super::{RunSearch, experiment_keys};
use crate::database::Dialect;
use crate::error::ApiError;

pub(super) const LENGTHS: Lengths = Lengths {
    default: 1_000,
    most: 50_000,
};

const TABLE: Table = Table {
    from: "runs r",
    key: "r.run_key",
    experiment: "r.experiment_id",
    weight: "0",
};

const TAGS: Entries = Entries {
    table: "run_tags",
    owner: "run_key",
    of: "r.run_key",
    index: Index::All,
};
const PARAMS: Entries = Entries {
    table: "params",
    owner: "run_key",
    of: "r.run_key",
    index: Index::None,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

const ENTITIES: &[Entity<Kinds>] = &[
    (Kinds::Metric, &["metric", "metrics"]),
    (Kinds::Param, &["parameter", "parameters", "param", "params"]),
    (Kinds::Tag, &["tag", "tags"]),
    (Kinds::Attribute, &["attribute", "attributes", "attr", "run"]),
    (Kinds::Dataset, &["dataset", "datasets"]),
];
const ATTRIBUTES: &[&str] = &[
    "run_id",
    "run_name",
    "status",
    "start_time",
    "end_time",
    "artifact_uri",
    "user_id",
];

const ENTRY_TESTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::IsNull,
    Comparator::IsNotNull,
];
const TEXTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
];
const TEXTS_AND_LISTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::In,
    Comparator::NotIn,
];

/// The plan of a search.
pub(super) fn plan(search: &RunSearch, dialect: Dialect) -> Result<Plan, ApiError> {
    let mut conditions = meanings(&search.filter, |clause| condition(clause, dialect))?;
    conditions.extend(alive(search.view, "r.lifecycle_stage"));
    Ok(Plan {
        table: TABLE,
        experiments: Some(experiment_keys(&search.experiment_ids)?),
        conditions,
        order: in_order(&search.order_by, dialect)?,
    })
}

fn condition(clause: &Clause, dialect: Dialect) -> Result<Condition, Fault> {
    let key = &clause.name.key;
    match entity(&clause.name, ENTITIES, Kinds::Attribute)? {
        Kinds::Metric => Ok(metric(key, &test(clause, Takes::Reals)?, dialect)),
        Kinds::Param => Ok(PARAMS.condition(key, &test(clause, Takes::Texts(ENTRY_TESTS))?, dialect)),
        Kinds::Tag => {
            let test = test(clause, Takes::Texts(ENTRY_TESTS))?;
            Ok(TAGS.condition(key, &test, dialect))
        }
        Kinds::Attribute => attribute(clause, dialect),
        Kinds::Dataset => dataset(clause, dialect),
    }
}

/// What is no number is different from all numbers, and neither more nor less than any.
fn metric(key: &str, test: &Test, dialect: Dialect) -> Condition {
    let compared = test.of("x.value", dialect);
    let compared = match test {
        Test::Real(Comparator::NotEqual, _) => Fragment::new("(x.is_nan = 1 OR ").then(&compared).sql(")"),
        _ => Fragment::new("x.is_nan = 0 AND ").then(&compared),
    };
    let there = "EXISTS (SELECT 1 FROM run_metrics x WHERE x.run_key = r.run_key AND x.key = ? AND ";
    Condition::plain(Fragment::new(there).bind(key).then(&compared).sql(")"))
}

fn attribute(clause: &Clause, dialect: Dialect) -> Result<Condition, Fault> {
    let (column, takes) = match clause.name.key.as_str() {
        "run_id" => ("r.run_id", Takes::Texts(TEXTS_AND_LISTS)),
        "run_name" | "run name" | "Run name" | "Run Name" => ("r.name", Takes::Texts(TEXTS)),
        "status" => ("r.status", Takes::Texts(TEXTS)),
        "artifact_uri" => ("r.artifact_uri", Takes::Texts(TEXTS)),
        "user_id" => ("r.user_id", Takes::Texts(TEXTS)),
        "start_time" | "created" | "Created" => ("r.start_time", Takes::Ints),
        "end_time" => ("r.end_time", Takes::Ints),
        _ => return Err(unknown_attribute(&clause.name, ATTRIBUTES)),
    };
    Ok(Condition::plain(test(clause, takes)?.of(column, dialect)))
}

fn dataset(clause: &Clause, dialect: Dialect) -> Result<Condition, Fault> {
    let test = test(clause, Takes::Texts(TEXTS_AND_LISTS))?;
    let of_dataset = "EXISTS (SELECT 1 FROM run_datasets i JOIN datasets d ON d.dataset_key = i.dataset_key \
                      WHERE i.run_key = r.run_key AND ";
    let filter = match (clause.name.key.as_str(), dialect) {
        ("name", _) => Fragment::new(of_dataset).then(&test.of("d.name", dialect)),
        ("digest", _) => Fragment::new(of_dataset).then(&test.of("d.digest", dialect)),
        ("context", Dialect::Sqlite) => Fragment::new(
            "EXISTS (SELECT 1 FROM run_datasets i, json_each(i.tags) t WHERE i.run_key = r.run_key \
             AND json_extract(t.value, '$.key') = 'mlflow.data.context' AND ",
        )
        .then(&test.of("json_extract(t.value, '$.value')", dialect)),
        ("context", Dialect::Postgres) => Fragment::new(
            "EXISTS (SELECT 1 FROM run_datasets i, json_array_elements(CAST(i.tags AS json)) t(tag) \
             WHERE i.run_key = r.run_key AND t.tag ->> 'key' = 'mlflow.data.context' AND ",
        )
        .then(&test.of("(t.tag ->> 'value')", dialect)),
        (key, _) => {
            let message =
                format!("Invalid dataset key '{key}' specified. Valid keys are {{'name', 'digest', 'context'}}");
            return Err(Fault::new(clause.name.at, message));
        }
    };
    Ok(Condition::plain(filter.sql(")")))
}

fn in_order(order_by: &[String], dialect: Dialect) -> Result<Order, ApiError> {
    let rest = [
        By::column(Term::new("r.start_time", Kind::Int, Direction::Descending)),
        By::column(Term::text("r.run_id", Direction::Ascending, dialect)),
    ];
    order(order_by, rest, |name, direction, place| {
        by(name, direction, Context { place, dialect })
    })
}

/// Where a clause stands, and for which database.
#[derive(Debug, Clone, Copy)]
struct Context {
    place: usize,
    dialect: Dialect,
}

fn by(name: &Name, direction: Direction, context: Context) -> Result<By, Fault> {
    let Context { place, dialect } = context;
    let joined = |table| Joined {
        table,
        owner: "run_key",
        of: "r.run_key",
        key: &name.key,
        place,
    };
    match entity(name, ENTITIES, Kinds::Attribute)? {
        Kinds::Metric => Ok(joined("run_metrics").by_metric(direction)),
        Kinds::Param => Ok(joined("params").by_text(direction, dialect)),
        Kinds::Tag => Ok(joined("run_tags").by_text(direction, dialect)),
        Kinds::Attribute => by_attribute(name, direction, dialect),
        Kinds::Dataset => Err(Fault::new(name.at, "Invalid order_by entity type 'dataset'")),
    }
}

fn by_attribute(name: &Name, direction: Direction, dialect: Dialect) -> Result<By, Fault> {
    Ok(By::column(match name.key.as_str() {
        "run_id" => Term::text("r.run_id", direction, dialect),
        "run_name" | "run name" | "Run name" | "Run Name" => Term::text("r.name", direction, dialect),
        "status" => Term::text("r.status", direction, dialect),
        "artifact_uri" => Term::text("r.artifact_uri", direction, dialect),
        "user_id" => Term::text("r.user_id", direction, dialect),
        "start_time" | "created" | "Created" => Term::new("r.start_time", Kind::Int, direction),
        "end_time" => Term::new("r.end_time", Kind::Int, direction).nullable(),
        _ => return Err(unknown_attribute(name, ATTRIBUTES)),
    }))
}
