//! What filters and orders are made of, once they are understood.

/// A condition: `name comparator value`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    pub(super) name: Name,
    pub(super) comparator: Comparator,
    /// Where the comparator stands.
    pub(super) comparator_at: usize,
    pub(super) operand: Operand,
    /// Where the operand stands.
    pub(super) operand_at: usize,
}

impl Clause {
    /// Whether it is about a pattern.
    pub(super) const fn has_pattern(&self) -> bool {
        matches!(
            self.comparator,
            Comparator::Like | Comparator::Ilike | Comparator::Rlike
        )
    }
}

/// What is compared, or ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// What stands before the first full stop, if there is one: `metrics`, `tags`, ….
    pub(super) entity: Option<String>,
    /// What stands after it.
    pub(super) key: String,
    /// Where it stands.
    pub(super) at: usize,
}

/// How things are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Ilike,
    Rlike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

impl Comparator {
    /// How it is written.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::Ilike => "ILIKE",
            Self::Rlike => "RLIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

/// What a thing is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Text(String),
    Int(i64),
    Real(f64),
    List(Vec<String>),
    /// Of `IS NULL` and `IS NOT NULL`.
    None,
}

/// A clause of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderClause {
    pub(super) name: Name,
    pub(super) direction: Direction,
}

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}
