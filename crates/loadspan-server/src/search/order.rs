//! The order of what is found, and the places in it where pages begin.
//!
//! A page begins behind a position: the values by which the last row of the page before was ordered. Rows that come or go meanwhile
//! neither hide others nor show them twice, as they do when pages are counted off.

use std::fmt::Write as _;

use super::clause::Direction;
use super::fragment::{Bound, Fragment};
use crate::database::{DatabaseError, Dialect, Row};

/// An order: total, its last term is unique.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Order {
    /// By what, most important first.
    pub(super) terms: Vec<Term>,
    /// What is joined to have it.
    pub(super) joins: Fragment,
}

/// One value by which is ordered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// SQL.
    pub(super) expression: String,
    pub(super) kind: Kind,
    pub(super) direction: Direction,
    /// Whether there may be none. Those come last, whatever the direction.
    pub(super) nullable: bool,
}

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Real,
    Text,
}

/// The values of a row, one of each term.
pub(super) type Position = Vec<Bound>;

impl Term {
    pub(super) fn new(expression: impl Into<String>, kind: Kind, direction: Direction) -> Self {
        Self {
            expression: expression.into(),
            kind,
            direction,
            nullable: false,
        }
    }

    /// By a text: by its bytes, in any database.
    pub(super) fn text(expression: &str, direction: Direction, dialect: Dialect) -> Self {
        Self::new(by_bytes(expression, dialect), Kind::Text, direction)
    }

    pub(super) fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    fn clause(&self, expression: &str) -> String {
        let direction = match self.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        let nulls = if self.nullable { " NULLS LAST" } else { "" };
        format!("{expression} {direction}{nulls}")
    }

    /// That a row is behind a value, by this term alone. `None`: no row is.
    fn behind(&self, value: &Bound) -> Option<Fragment> {
        let Self { expression, .. } = self;
        let sign = match self.direction {
            Direction::Ascending => '>',
            Direction::Descending => '<',
        };
        match value {
            Bound::Null => None,
            value if self.nullable => {
                Some(Fragment::new(format!("({expression} {sign} ? OR {expression} IS NULL)")).bind(value.clone()))
            }
            value => Some(Fragment::new(format!("{expression} {sign} ?")).bind(value.clone())),
        }
    }

    fn level(&self, value: &Bound) -> Fragment {
        match value {
            Bound::Null => Fragment::new(format!("{} IS NULL", self.expression)),
            value => Fragment::new(format!("{} = ?", self.expression)).bind(value.clone()),
        }
    }

    /// That a row is not before a value: implied by what follows, and what an index is used for.
    fn not_before(&self, value: &Bound) -> Fragment {
        let sign = match self.direction {
            Direction::Ascending => ">=",
            Direction::Descending => "<=",
        };
        Fragment::new(format!("{} {sign} ?", self.expression)).bind(value.clone())
    }
}

impl Order {
    /// Whether a term comes first.
    pub(super) fn begins_with(&self, expression: &str) -> bool {
        self.terms.first().is_some_and(|term| term.expression == expression)
    }

    /// `ORDER BY …`.
    pub(super) fn clause(&self) -> String {
        self.clause_of(|term, _| term.expression.clone())
    }

    /// `ORDER BY …` of a query around one that has the columns `o0`, `o1`, ….
    pub(super) fn clause_of_columns(&self, dialect: Dialect) -> String {
        self.clause_of(|term, place| match term.kind {
            Kind::Text => by_bytes(&format!("o{place}"), dialect),
            Kind::Int | Kind::Real => format!("o{place}"),
        })
    }

    fn clause_of(&self, expression: impl Fn(&Term, usize) -> String) -> String {
        let terms = self.terms.iter().enumerate();
        let clauses: Vec<String> = terms
            .map(|(place, term)| term.clause(&expression(term, place)))
            .collect();
        format!(" ORDER BY {}", clauses.join(", "))
    }

    /// The terms as columns `o0`, `o1`, …, each after a comma.
    pub(super) fn columns(&self) -> String {
        let mut columns = String::new();
        for (place, term) in self.terms.iter().enumerate() {
            let _ = write!(columns, ", {} AS o{place}", term.expression);
        }
        columns
    }

    /// Takes the position out of a row whose columns begin at `first`.
    pub(super) fn position(&self, row: &mut Row, first: usize) -> Result<Position, DatabaseError> {
        let terms = self.terms.iter().zip(first..);
        terms
            .map(|(term, column)| {
                Ok(match term.kind {
                    Kind::Int => row.maybe_int(column)?.map_or(Bound::Null, Bound::Int),
                    Kind::Real => row.maybe_real(column)?.map_or(Bound::Null, Bound::Real),
                    Kind::Text => row.maybe_text(column)?.map_or(Bound::Null, Bound::Text),
                })
            })
            .collect()
    }

    /// That a row is behind a position.
    pub(super) fn after(&self, position: &[Bound]) -> Fragment {
        let pairs: Vec<(&Term, &Bound)> = self.terms.iter().zip(position).collect();
        let mut after: Option<Fragment> = None;
        for (term, value) in pairs.iter().rev() {
            let level = after.map(|rest| term.level(value).sql(" AND ").then(&rest));
            let ways: Vec<Fragment> = term.behind(value).into_iter().chain(level).collect();
            after = (!ways.is_empty()).then(|| Fragment::new("(").then(&Fragment::join(&ways, " OR ")).sql(")"));
        }
        let after = after.unwrap_or_else(|| Fragment::new("1 = 0"));
        match pairs.first() {
            Some((term, value)) if !term.nullable => term.not_before(value).sql(" AND ").then(&after),
            _ => after,
        }
    }
}

fn by_bytes(expression: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => expression.to_owned(),
        Dialect::Postgres => format!("{expression} COLLATE \"C\""),
    }
}
