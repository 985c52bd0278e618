//! The language of searches for experiments.

use super::clause::{Clause, Comparator, Direction, Name, Operand};
use super::condition::{Condition, Entries, Index, meanings};
use super::entity::{Entity, entity, unknown_attribute};
use super::fault::Fault;
use super::fragment::{Bound, Fragment};
use super::order::{Kind, Order, Term};
use super::ordering::{By, order};
use super::page::Lengths;
use super::plan::{Plan, Table};
use super::test::{Takes, test, wrong_comparator};
use super::{ExperimentSearch, ViewType};
use crate::database::Dialect;
use crate::error::ApiError;

pub(super) const LENGTHS: Lengths = Lengths {
    default: 1_000,
    most: 50_000,
};

const TABLE: Table = Table {
    from: "experiments e",
    key: "e.experiment_id",
    experiment: "e.experiment_id",
    weight: "0",
};

const TAGS: Entries = Entries {
    table: "experiment_tags",
    owner: "experiment_id",
    of: "e.experiment_id",
    index: Index::None,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Attribute,
    Tag,
}

const ENTITIES: &[Entity<Kinds>] = &[
    (Kinds::Attribute, &["attribute", "attributes", "attr"]),
    (Kinds::Tag, &["tag", "tags"]),
];
const ATTRIBUTES: &[&str] = &["name", "experiment_id", "creation_time", "last_update_time"];

const TEXTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
];
const TAG_TESTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::IsNull,
    Comparator::IsNotNull,
];
const ID_TESTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::In,
    Comparator::NotIn,
];

/// The plan of a search.
pub(super) fn plan(search: &ExperimentSearch, dialect: Dialect) -> Result<Plan, ApiError> {
    let mut conditions = meanings(&search.filter, |clause| condition(clause, dialect))?;
    conditions.extend(alive(search.view, "e.lifecycle_stage"));
    Ok(Plan {
        table: TABLE,
        experiments: None,
        conditions,
        order: in_order(&search.order_by, dialect)?,
    })
}

/// That a thing is alive, or deleted.
pub(super) fn alive(view: ViewType, column: &str) -> Option<Condition> {
    let stage = match view {
        ViewType::ActiveOnly => "active",
        ViewType::DeletedOnly => "deleted",
        ViewType::All => return None,
    };
    Some(Condition::plain(Fragment::new(format!("{column} = '{stage}'"))))
}

fn condition(clause: &Clause, dialect: Dialect) -> Result<Condition, Fault> {
    if entity(&clause.name, ENTITIES, Kinds::Attribute)? == Kinds::Tag {
        let test = test(clause, Takes::Texts(TAG_TESTS))?;
        return Ok(TAGS.condition(&clause.name.key, &test, dialect));
    }
    let filter = match clause.name.key.as_str() {
        "name" => test(clause, Takes::Texts(TEXTS))?.of("e.name", dialect),
        "creation_time" => test(clause, Takes::Ints)?.of("e.creation_time", dialect),
        "last_update_time" => test(clause, Takes::Ints)?.of("e.last_update_time", dialect),
        "experiment_id" => by_id(clause)?,
        _ => return Err(unknown_attribute(&clause.name, ATTRIBUTES)),
    };
    Ok(Condition::plain(filter))
}

/// Ids are numbers that are written as texts.
fn by_id(clause: &Clause) -> Result<Fragment, Fault> {
    let ids: Vec<&str> = match &clause.operand {
        Operand::Text(text) => vec![text],
        Operand::List(texts) => texts.iter().map(String::as_str).collect(),
        _ => {
            let message = "Expected a quoted string value for 'experiment_id' (e.g. '1')";
            return Err(Fault::new(clause.operand_at, message));
        }
    };
    let ids: Option<Vec<Bound>> = ids.iter().map(|id| id.parse().ok().map(Bound::Int)).collect();
    let Some(ids) = ids else {
        return Err(Fault::new(
            clause.operand_at,
            "Invalid experiment ID: it is a number in quotes",
        ));
    };
    match clause.comparator {
        Comparator::Equal | Comparator::In => Ok(Fragment::new("e.experiment_id IN ").list(ids)),
        Comparator::NotEqual | Comparator::NotIn => Ok(Fragment::new("e.experiment_id NOT IN ").list(ids)),
        _ => Err(wrong_comparator(clause, ID_TESTS)),
    }
}

fn in_order(order_by: &[String], dialect: Dialect) -> Result<Order, ApiError> {
    let newest = By::column(Term::new("e.creation_time", Kind::Int, Direction::Descending));
    let id = match order_by {
        [] => Direction::Ascending,
        _ => Direction::Descending,
    };
    let id = By::column(Term::new("e.experiment_id", Kind::Int, id));
    let rest = if order_by.is_empty() {
        vec![newest, id]
    } else {
        vec![id]
    };
    order(order_by, rest, |name, direction, _| by(name, direction, dialect))
}

fn by(name: &Name, direction: Direction, dialect: Dialect) -> Result<By, Fault> {
    if entity(name, ENTITIES, Kinds::Attribute)? == Kinds::Tag {
        return Err(Fault::new(
            name.at,
            "Invalid order_by entity: experiments are not ordered by tags",
        ));
    }
    Ok(By::column(match name.key.as_str() {
        "name" => Term::text("e.name", direction, dialect),
        "creation_time" => Term::new("e.creation_time", Kind::Int, direction),
        "last_update_time" => Term::new("e.last_update_time", Kind::Int, direction),
        "experiment_id" => Term::new("e.experiment_id", Kind::Int, direction),
        _ => return Err(unknown_attribute(name, ATTRIBUTES)),
    }))
}
