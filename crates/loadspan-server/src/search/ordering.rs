//! From the clauses of an `order_by` to an order.

use super::clause::{Direction, Name, OrderClause};
use super::fault::Fault;
use super::fragment::Fragment;
use super::grammar::parse_order;
use super::order::{Kind, Order, Term};
use crate::database::Dialect;
use crate::error::ApiError;

/// Clauses of an order: each may be a join.
const MOST: usize = 16;

/// What one clause orders by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct By {
    /// What makes it the same as another clause.
    identity: String,
    terms: Vec<Term>,
    join: Fragment,
}

impl By {
    /// By a column of the thing itself.
    pub(super) fn column(term: Term) -> Self {
        Self {
            identity: term.expression.clone(),
            terms: vec![term],
            join: Fragment::default(),
        }
    }
}

/// A table of keys and values that is joined for an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joined<'a> {
    /// Its name.
    pub(super) table: &'static str,
    /// The column that says to what an entry belongs.
    pub(super) owner: &'static str,
    /// That column of the thing itself.
    pub(super) of: &'static str,
    /// Which of its entries.
    pub(super) key: &'a str,
    /// Which clause of the order it is, from 0.
    pub(super) place: usize,
}

impl Joined<'_> {
    /// By the text of its entries.
    pub(super) fn by_text(self, direction: Direction, dialect: Dialect) -> By {
        let term = Term::text(&format!("j{}.value", self.place), direction, dialect).nullable();
        self.by(vec![term])
    }

    /// By a metric: numbers first, then those that are none, then what has none.
    pub(super) fn by_metric(self, direction: Direction) -> By {
        let place = self.place;
        let rank = format!(
            "CAST(CASE WHEN j{place}.value IS NULL THEN 2 WHEN j{place}.is_nan = 1 THEN 1 ELSE 0 END AS BIGINT)"
        );
        self.by(vec![
            Term::new(rank, Kind::Int, Direction::Ascending),
            Term::new(format!("j{place}.value"), Kind::Real, direction).nullable(),
        ])
    }

    fn by(self, terms: Vec<Term>) -> By {
        let Self {
            table,
            owner,
            of,
            place,
            ..
        } = self;
        let join = format!(" LEFT JOIN {table} j{place} ON j{place}.{owner} = {of} AND j{place}.key = ?");
        By {
            identity: format!("{table} {}", self.key),
            terms,
            join: Fragment::new(join).bind(self.key),
        }
    }
}

/// The order that clauses ask for; `rest` follows, as far as it is not among them.
pub(super) fn order(
    order_by: &[String],
    rest: impl IntoIterator<Item = By>,
    resolve: impl Fn(&Name, Direction, usize) -> Result<By, Fault>,
) -> Result<Order, ApiError> {
    if order_by.len() > MOST {
        return Err(ApiError::invalid(format!("`order_by` has at most {MOST} clauses")));
    }
    let mut by: Vec<By> = Vec::new();
    for (place, clause) in order_by.iter().enumerate() {
        let resolved = parse_order(clause).and_then(|OrderClause { name, direction }| resolve(&name, direction, place));
        let resolved = resolved.map_err(|fault| fault.of_order(clause))?;
        if by.iter().any(|known| known.identity == resolved.identity) {
            return Err(ApiError::invalid(format!(
                "`order_by` contains duplicate fields: {order_by:?}"
            )));
        }
        by.push(resolved);
    }
    for further in rest {
        if by.iter().all(|known| known.identity != further.identity) {
            by.push(further);
        }
    }
    let joins: Vec<&Fragment> = by.iter().map(|by| &by.join).collect();
    Ok(Order {
        joins: Fragment::join(joins, ""),
        terms: by.into_iter().flat_map(|by| by.terms).collect(),
    })
}
