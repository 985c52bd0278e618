//! The right half of a clause: what a thing is tested for, checked against what the thing can be tested for, and as SQL.

use super::clause::{Clause, Comparator, Operand};
use super::fault::Fault;
use super::fragment::Fragment;
use crate::database::Dialect;
use crate::pattern::{self, Case};

/// How many characters of a text are in an index: entries of PostgreSQL's have at most 2,704 bytes.
pub(super) const INDEXED: usize = 64;

/// Bytes of a pattern: a text that is longer is looked for with `=`. An expression takes memory, and time, for each of its characters.
const LONGEST_PATTERN: usize = 1_000;

/// What a thing is tested for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Int(Comparator, i64),
    Real(Comparator, f64),
    /// `Equal` or `NotEqual`.
    Text(Comparator, String),
    Like(Case, String),
    Matches(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Null,
    NotNull,
    /// Whether it is there, when what it is compared with can equal nothing: a whole number with 1.5.
    Always,
    Never,
}

/// What kinds of tests a thing takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Comparisons of order with whole numbers.
    Ints,
    /// Comparisons of order.
    Reals,
    /// These comparators, with texts.
    Texts(&'static [Comparator]),
}

const NUMERIC: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Less,
    Comparator::LessOrEqual,
    Comparator::Greater,
    Comparator::GreaterOrEqual,
];

/// The test of a clause, as far as the thing takes it.
pub(super) fn test(clause: &Clause, takes: Takes) -> Result<Test, Fault> {
    let comparators = match takes {
        Takes::Ints | Takes::Reals => NUMERIC,
        Takes::Texts(comparators) => comparators,
    };
    if !comparators.contains(&clause.comparator) {
        return Err(wrong_comparator(clause, comparators));
    }
    match takes {
        Takes::Ints => int_test(clause),
        Takes::Reals => real_test(clause),
        Takes::Texts(_) => text_test(clause),
    }
}

pub(super) fn wrong_comparator(clause: &Clause, comparators: &[Comparator]) -> Fault {
    let known: Vec<String> = comparators
        .iter()
        .map(|known| format!("'{}'", known.as_str()))
        .collect();
    let message = format!(
        "Invalid comparator '{}' not one of {{{}}} for '{}'",
        clause.comparator.as_str(),
        known.join(", "),
        clause.name.key
    );
    Fault::new(clause.comparator_at, message)
}

fn int_test(clause: &Clause) -> Result<Test, Fault> {
    match clause.operand {
        Operand::Int(value) => Ok(Test::Int(clause.comparator, value)),
        Operand::Real(value) => Ok(among_ints(clause.comparator, value)),
        _ => Err(no_number(clause)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a double anyway")]
fn real_test(clause: &Clause) -> Result<Test, Fault> {
    match clause.operand {
        Operand::Int(value) => Ok(Test::Real(clause.comparator, value as f64)),
        Operand::Real(value) => Ok(Test::Real(clause.comparator, value)),
        _ => Err(no_number(clause)),
    }
}

fn text_test(clause: &Clause) -> Result<Test, Fault> {
    match (&clause.operand, clause.comparator) {
        (Operand::Text(text), Comparator::Like | Comparator::Ilike | Comparator::Rlike)
            if text.len() > LONGEST_PATTERN =>
        {
            let message = format!("the pattern is longer than {LONGEST_PATTERN} bytes");
            Err(Fault::new(clause.operand_at, message))
        }
        (_, Comparator::IsNull) => Ok(Test::Null),
        (_, Comparator::IsNotNull) => Ok(Test::NotNull),
        (Operand::List(texts), Comparator::NotIn) => Ok(Test::NotIn(texts.clone())),
        (Operand::List(texts), _) => Ok(Test::In(texts.clone())),
        (Operand::Text(text), Comparator::Like) => Ok(Test::Like(Case::Kept, text.clone())),
        (Operand::Text(text), Comparator::Ilike) => Ok(Test::Like(Case::Folded, text.clone())),
        (Operand::Text(text), Comparator::Rlike) => {
            pattern::regular(text).map_err(|message| Fault::new(clause.operand_at, message))?;
            Ok(Test::Matches(text.clone()))
        }
        (Operand::Text(text), comparator) => Ok(Test::Text(comparator, text.clone())),
        (Operand::Int(_) | Operand::Real(_) | Operand::None, _) => {
            let message = format!(
                "Expected a quoted string value for '{}' (e.g. 'my-value')",
                clause.name.key
            );
            Err(Fault::new(clause.operand_at, message))
        }
    }
}

fn no_number(clause: &Clause) -> Fault {
    let message = match clause.name.entity.as_deref() {
        Some("metric" | "metrics") => "Expected numeric value type for metric".to_owned(),
        _ => format!("Expected numeric value type for numeric attribute: {}", clause.name.key),
    };
    Fault::new(clause.operand_at, message)
}

/// A comparison of whole numbers with one that is none: the databases never see two kinds of numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond the last whole number, the last one serves as well"
)]
fn among_ints(comparator: Comparator, value: f64) -> Test {
    let below = value.floor() as i64;
    let above = value.ceil() as i64;
    match comparator {
        Comparator::Less => Test::Int(comparator, above),
        Comparator::GreaterOrEqual => Test::Int(comparator, above),
        Comparator::Greater | Comparator::LessOrEqual => Test::Int(comparator, below),
        _ if below == above => Test::Int(comparator, below),
        Comparator::NotEqual => Test::Always,
        _ => Test::Never,
    }
}

impl Test {
    /// The test of an operand, as SQL. Like all comparisons in SQL it does not hold for null.
    pub(super) fn of(&self, operand: &str, dialect: Dialect) -> Fragment {
        match self {
            Self::Int(comparator, value) => compared(operand, *comparator).bind(*value),
            Self::Real(comparator, value) => compared(operand, *comparator).bind(*value),
            Self::Text(comparator, text) => compared(operand, *comparator).bind(text.as_str()),
            Self::Like(case, pattern) => like(operand, (*case, pattern), dialect),
            Self::Matches(pattern) => {
                let operator = match dialect {
                    Dialect::Sqlite => "REGEXP",
                    Dialect::Postgres => "~",
                };
                Fragment::new(format!("{operand} {operator} ?")).bind(pattern.as_str())
            }
            Self::In(texts) => {
                Fragment::new(format!("{operand} IN ")).list(texts.iter().map(|text| text.as_str().into()))
            }
            Self::NotIn(texts) => {
                Fragment::new(format!("{operand} NOT IN ")).list(texts.iter().map(|text| text.as_str().into()))
            }
            Self::Null => Fragment::new(format!("{operand} IS NULL")),
            Self::NotNull | Self::Always => Fragment::new(format!("{operand} IS NOT NULL")),
            Self::Never => Fragment::new("1 = 0"),
        }
    }

    /// The text that a thing must be equal to, if that is the test: the one that an index of texts answers.
    pub(super) fn equal_text(&self) -> Option<&str> {
        match self {
            Self::Text(Comparator::Equal, text) => Some(text),
            _ => None,
        }
    }
}

/// Equality with a text, as an index on the beginning of the column answers it; mostly without a look at the row.
pub(super) fn equal_by_index(column: &str, text: &str) -> Fragment {
    let beginning = format!("substr({column}, 1, {INDEXED})");
    // What is shorter than the beginning is all of the text. Where the database escapes characters, it is longer there than here.
    if text.chars().count() < INDEXED && !text.contains(['\0', '\u{10FFFF}']) {
        return Fragment::new(format!("{beginning} = ?")).bind(text);
    }
    Fragment::new(format!(
        "{beginning} = substr(CAST(? AS TEXT), 1, {INDEXED}) AND {column} = ?"
    ))
    .bind(text)
    .bind(text)
}

fn compared(operand: &str, comparator: Comparator) -> Fragment {
    Fragment::new(format!("{operand} {} ?", comparator.as_str()))
}

/// SQLite compares case in `LIKE` because each connection is told to, and folds what is not ASCII by a function of ours.
fn like(operand: &str, (case, pattern): (Case, &str), dialect: Dialect) -> Fragment {
    let escaped = pattern::escaped(pattern);
    match (case, dialect) {
        (Case::Kept, _) => Fragment::new(format!(r"{operand} LIKE ? ESCAPE '\'")).bind(escaped.as_str()),
        (Case::Folded, Dialect::Postgres) => {
            Fragment::new(format!(r"{operand} ILIKE ? ESCAPE '\'")).bind(escaped.as_str())
        }
        (Case::Folded, Dialect::Sqlite) => {
            Fragment::new(format!(r"fold({operand}) LIKE ? ESCAPE '\'")).bind(escaped.to_lowercase().as_str())
        }
    }
}
