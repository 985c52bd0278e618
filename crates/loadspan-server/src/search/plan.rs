//! How a search is run: one statement for a page, built so that its time does not depend on luck.
//!
//! SQLite knows nothing about how often a value occurs. So the conditions that have an index are tried first: how many rows do they hold
//! for, up to a limit? If there is one with few, all its rows are looked at, in the order that is wanted if its index has that one. If all
//! have many, the rows are read in the order that is wanted, until the page is full; that is soon, since many match.

use super::condition::{Condition, Role};
use super::fragment::{Bound, Fragment};
use super::order::{Order, Position};
use crate::database::{Connection, DatabaseError, Dialect};

/// Up to how many rows are few: fetching these takes as long as finding a page among the others.
const FEW: i64 = 10_000;
/// Up to how many experiments are read in order side by side; more are sorted.
const MOST_ARMS: usize = 50;
/// Values of a statement. SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 20_000;

/// A search.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) table: Table,
    /// The experiments whose rows are wanted. `None`: the rows belong to none.
    pub(super) experiments: Option<Vec<i64>>,
    pub(super) conditions: Vec<Condition>,
    pub(super) order: Order,
}

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    /// The table and what it is called in conditions: `runs r`.
    pub(super) from: &'static str,
    /// Its key.
    pub(super) key: &'static str,
    /// The experiment that a row belongs to.
    pub(super) experiment: &'static str,
    /// What a row weighs, for those who count it.
    pub(super) weight: &'static str,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) key: i64,
    pub(super) weight: i64,
    pub(super) position: Position,
}

/// A part of what is found, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    /// Behind this position. `None`: from the first.
    pub(super) after: Option<&'a [Bound]>,
    pub(super) rows: usize,
}

/// A search of which is known where to begin.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    plan: Plan,
    start: Start,
}

/// Where a search begins.
#[derive(Debug, Clone)]
enum Start {
    /// With any index that has the order that is wanted.
    Order,
    /// With the index of one condition, which has it.
    Condition(usize),
    /// With a query for the keys of a few rows, each once, among which are all that are wanted.
    Keys(Fragment),
}

impl Plan {
    /// Finds out where to begin. PostgreSQL knows how often values occur, and finds out by itself.
    pub(super) fn prepare(self, connection: &mut dyn Connection) -> Result<Prepared, DatabaseError> {
        let mut start = Start::Order;
        if connection.dialect() == Dialect::Sqlite {
            let mut fewest = FEW + 1;
            for (place, condition) in self.conditions.iter().enumerate() {
                let Some(drive) = &condition.drive else {
                    continue;
                };
                let found = count(connection, drive)?;
                if found < fewest {
                    fewest = found;
                    start = match &condition.index {
                        Some(index) if self.order.begins_with(index.order) => Start::Condition(place),
                        _ => Start::Keys(drive.clone()),
                    };
                }
            }
        }
        Ok(Prepared { plan: self, start })
    }
}

/// How many rows a query has, as far as they are few.
fn count(connection: &mut dyn Connection, query: &Fragment) -> Result<i64, DatabaseError> {
    let count = Fragment::new("SELECT COUNT(*) FROM (SELECT 1 FROM (")
        .then(query)
        .sql(") p LIMIT ?) q")
        .bind(FEW + 1);
    let row = connection.query_one(&count.statement(), &count.values())?;
    row.map_or(Ok(0), |row| row.int(0))
}

impl Prepared {
    /// A search of which is not known where to begin.
    pub(super) fn in_order(plan: Plan) -> Self {
        Self {
            plan,
            start: Start::Order,
        }
    }

    /// The rows of a window.
    pub(super) fn find(
        &self,
        connection: &mut dyn Connection,
        window: Window<'_>,
    ) -> Result<Vec<Found>, DatabaseError> {
        let Some(statement) = self.statement(connection.dialect(), window) else {
            return Ok(Vec::new());
        };
        let rows = connection.query(&statement.statement(), &statement.values())?;
        let found = rows.into_iter().map(|mut row| {
            Ok(Found {
                key: row.int(0)?,
                weight: row.int(1)?,
                position: self.plan.order.position(&mut row, 2)?,
            })
        });
        found.collect()
    }

    /// How many rows there are.
    pub(super) fn count(&self, connection: &mut dyn Connection) -> Result<i64, DatabaseError> {
        let Some(count) = self.select("COUNT(*)") else {
            return Ok(0);
        };
        let row = connection.query_one(&count.statement(), &count.values())?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// `SELECT {columns} FROM …` for all rows. `None`: there can be none.
    pub(super) fn select(&self, columns: &str) -> Option<Fragment> {
        let experiments = self.plan.experiments.as_deref();
        let is_none = experiments == Some(&[]);
        (!is_none).then(|| Fragment::new(format!("SELECT {columns} FROM ")).then(&self.rows(experiments, None)))
    }

    /// The statement for a window. `None`: there can be no rows.
    pub(super) fn statement(&self, dialect: Dialect, window: Window<'_>) -> Option<Fragment> {
        match self.plan.experiments.as_deref() {
            Some([]) => None,
            Some(experiments) if self.has_arms(experiments) => Some(self.arms(dialect, experiments, window)),
            experiments => Some(self.arm(experiments, window)),
        }
    }

    /// Whether the rows of several experiments are read side by side: an index has them in order for one experiment at a time.
    fn has_arms(&self, experiments: &[i64]) -> bool {
        let values = self.arm(Some(&[0]), Window { after: None, rows: 0 }).len();
        let several = 2..=MOST_ARMS;
        !matches!(self.start, Start::Keys(_))
            && several.contains(&experiments.len())
            && values * experiments.len() <= MOST_VALUES
    }

    fn arms(&self, dialect: Dialect, experiments: &[i64], window: Window<'_>) -> Fragment {
        let arms = experiments.iter().zip(0..).map(|(experiment, place)| {
            Fragment::new("SELECT * FROM (")
                .then(&self.arm(Some(&[*experiment]), window))
                .sql(&format!(") a{place}"))
        });
        let arms: Vec<Fragment> = arms.collect();
        Fragment::new("SELECT * FROM (")
            .then(&Fragment::join(&arms, " UNION ALL "))
            .sql(") u")
            .sql(&self.plan.order.clause_of_columns(dialect))
            .then(&limit(window))
    }

    fn arm(&self, experiments: Option<&[i64]>, window: Window<'_>) -> Fragment {
        let Plan { table, order, .. } = &self.plan;
        Fragment::new(format!(
            "SELECT {} AS k, {} AS w{} FROM ",
            table.key,
            table.weight,
            order.columns()
        ))
        .then(&self.rows(experiments, window.after))
        .sql(&order.clause())
        .then(&limit(window))
    }

    /// Where rows come from, and which ones.
    fn rows(&self, experiments: Option<&[i64]>, after: Option<&[Bound]>) -> Fragment {
        let Plan { table, order, .. } = &self.plan;
        let mut wheres = Vec::new();
        if let Some(experiments) = experiments {
            wheres.push(among(table.experiment, experiments));
        }
        let mut from = Fragment::new(table.from);
        if let Start::Keys(keys) = &self.start {
            // SQLite reads what stands to the left of CROSS JOIN first, whatever it makes of the rest.
            from = Fragment::new("(").then(keys).sql(") d CROSS JOIN ").then(&from);
            wheres.push(Fragment::new(format!("{} = d.k", table.key)));
        }
        let conditions = self.plan.conditions.iter().enumerate();
        wheres.extend(conditions.map(|(place, condition)| self.filter(place, condition).clone()));
        wheres.extend(after.map(|position| order.after(position)));
        if wheres.is_empty() {
            wheres.push(Fragment::new("1 = 1"));
        }
        from.then(&order.joins)
            .sql(" WHERE ")
            .then(&Fragment::join(&wheres, " AND "))
    }

    /// A condition, written so that no index is used but the one to begin with.
    fn filter<'a>(&self, place: usize, condition: &'a Condition) -> &'a Fragment {
        let Some(index) = &condition.index else {
            return &condition.filter;
        };
        let in_order = self.plan.order.begins_with(index.order);
        let is_used = match self.start {
            Start::Order => in_order,
            Start::Condition(first) => place == first || in_order && index.role == Role::Range,
            Start::Keys(_) => true,
        };
        if is_used { &condition.filter } else { &index.unindexed }
    }
}

fn limit(window: Window<'_>) -> Fragment {
    Fragment::new(" LIMIT ?").bind(i64::try_from(window.rows).unwrap_or(i64::MAX))
}

/// That a column is one of some keys.
pub(super) fn among(column: &str, keys: &[i64]) -> Fragment {
    match keys {
        [key] => Fragment::new(format!("{column} = ?")).bind(*key),
        keys => Fragment::new(format!("{column} IN ")).list(keys.iter().map(|key| Bound::Int(*key))),
    }
}
