//! Conditions: what a clause means for one of the three kinds of things, as SQL, and how the database best finds what it holds for.

use super::clause::Clause;
use super::fault::Fault;
use super::fragment::Fragment;
use super::grammar::parse_filter;
use super::test::{Test, equal_by_index};
use crate::database::Dialect;
use crate::error::ApiError;

/// What each clause of a filter means.
///
/// # Errors
///
/// It is no filter, or one of its clauses means nothing: said with the place where it stands.
pub(super) fn meanings<T>(filter: &str, meaning: impl FnMut(&Clause) -> Result<T, Fault>) -> Result<Vec<T>, ApiError> {
    let clauses = parse_filter(filter);
    let meanings = clauses.and_then(|clauses| clauses.iter().map(meaning).collect());
    meanings.map_err(|fault| fault.of_filter(filter))
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    /// What must hold.
    pub(super) filter: Fragment,
    /// The index on the rows themselves that answers it.
    pub(super) index: Option<RowIndex>,
    /// A query for keys, as `k`, each once, among which are those of all rows it holds for: answered by an index alone, so that it can be
    /// tried how many these are.
    pub(super) drive: Option<Fragment>,
}

/// An index on the rows themselves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowIndex {
    pub(super) role: Role,
    /// The term by which it has what the condition holds for in order.
    pub(super) order: &'static str,
    /// The condition, written so that SQLite does not use the index.
    pub(super) unindexed: Fragment,
}

/// What a condition is to its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The value of a column, before that by which the index is ordered.
    Value,
    /// A range of the column by which it is ordered.
    Range,
}

impl Condition {
    /// A condition that the database checks row by row, or finds an index for by itself.
    pub(super) fn plain(filter: Fragment) -> Self {
        Self {
            filter,
            index: None,
            drive: None,
        }
    }

    /// With a query for the rows it may hold for.
    pub(super) fn driven_by(mut self, drive: Fragment) -> Self {
        self.drive = Some(drive);
        self
    }

    /// With an index on the rows themselves.
    pub(super) fn indexed(mut self, index: RowIndex) -> Self {
        self.index = Some(index);
        self
    }
}

/// A table of keys and values that belong to something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entries {
    /// Its name.
    pub(super) table: &'static str,
    /// The column that says to what an entry belongs.
    pub(super) owner: &'static str,
    /// That column of the thing itself.
    pub(super) of: &'static str,
    pub(super) index: Index,
}

/// Which entries an index finds by their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    All,
    /// Those that are not MLflow's own: these are many, the same for all, and mostly in columns as well.
    Users,
    None,
}

/// How MLflow's own keys begin.
const OWN: &str = "mlflow.";

impl Entries {
    /// That the entry with this key stands a test.
    pub(super) fn condition(&self, key: &str, test: &Test, dialect: Dialect) -> Condition {
        let Self { table, owner, of, .. } = self;
        let there = format!("EXISTS (SELECT 1 FROM {table} x WHERE x.{owner} = {of} AND x.key = ?");
        let filter = match test {
            Test::Null => Fragment::new(format!("NOT {there})")).bind(key),
            Test::NotNull => Fragment::new(format!("{there})")).bind(key),
            test => Fragment::new(format!("{there} AND "))
                .bind(key)
                .then(&test.of("x.value", dialect))
                .sql(")"),
        };
        let condition = Condition::plain(filter);
        match test.equal_text().and_then(|text| self.drive(key, text)) {
            Some(drive) => condition.driven_by(drive),
            None => condition,
        }
    }

    fn drive(&self, key: &str, text: &str) -> Option<Fragment> {
        let indexed = match self.index {
            Index::All => "",
            Index::Users if !key.starts_with(OWN) => "substr(key, 1, 7) <> 'mlflow.' AND ",
            Index::Users | Index::None => return None,
        };
        let Self { table, owner, .. } = self;
        let drive = Fragment::new(format!("SELECT {owner} AS k FROM {table} WHERE {indexed}key = ? AND ")).bind(key);
        Some(drive.then(&equal_by_index("value", text)))
    }
}
