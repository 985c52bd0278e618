//! Metadata that is made of columns: tokens and cost, which clients know as JSON objects.

use serde_json::{Map, Value};

use crate::search::clause::{Clause, Comparator, Operand};
use crate::search::fault::Fault;
use crate::search::fragment::{Bound, Fragment};
use crate::search::test::wrong_comparator;

/// A JSON object of numbers, each in a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reserved {
    fields: &'static [(&'static str, &'static str)],
    numbers: Numbers,
}

#[derive(Debug, Clone, Copy)]
enum Numbers {
    Ints,
    Reals,
}

const COMPARATORS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::IsNull,
    Comparator::IsNotNull,
];

const TOKENS: Reserved = Reserved {
    fields: &[
        ("input_tokens", "t.input_tokens"),
        ("output_tokens", "t.output_tokens"),
        ("total_tokens", "t.total_tokens"),
        ("cache_read_input_tokens", "t.cache_read_tokens"),
        ("cache_creation_input_tokens", "t.cache_write_tokens"),
    ],
    numbers: Numbers::Ints,
};
const COST: Reserved = Reserved {
    fields: &[
        ("input_cost", "t.input_cost"),
        ("output_cost", "t.output_cost"),
        ("total_cost", "t.total_cost"),
    ],
    numbers: Numbers::Reals,
};

/// The columns that a metadata is made of.
pub(super) fn of_metadata(key: &str) -> Option<Reserved> {
    match key {
        "mlflow.trace.tokenUsage" => Some(TOKENS),
        "mlflow.trace.cost" => Some(COST),
        _ => None,
    }
}

impl Reserved {
    /// That it is there, or is, or is not, a certain object.
    pub(super) fn condition(self, clause: &Clause) -> Result<Fragment, Fault> {
        let there: Vec<Fragment> = self
            .fields
            .iter()
            .map(|(_, column)| Fragment::new(format!("{column} IS NOT NULL")))
            .collect();
        let there = Fragment::new("(").then(&Fragment::join(&there, " OR ")).sql(")");
        match (clause.comparator, &clause.operand) {
            (Comparator::IsNotNull, _) => Ok(there),
            (Comparator::IsNull, _) => Ok(Fragment::new("NOT ").then(&there)),
            (Comparator::Equal, Operand::Text(text)) => Ok(self.equal(text)),
            (Comparator::NotEqual, Operand::Text(text)) => Ok(there.sql(" AND NOT ").then(&self.equal(text))),
            (Comparator::Equal | Comparator::NotEqual, _) => {
                let message = format!(
                    "Expected a quoted string value for '{}' (a JSON object)",
                    clause.name.key
                );
                Err(Fault::new(clause.operand_at, message))
            }
            _ => Err(wrong_comparator(clause, COMPARATORS)),
        }
    }

    /// That all columns are as an object has them.
    fn equal(self, text: &str) -> Fragment {
        let object: Option<Map<String, Value>> = serde_json::from_str(text).ok();
        let Some(object) = object.filter(|object| self.knows_all(object)) else {
            return Fragment::new("(1 = 0)");
        };
        let equal = self.fields.iter().map(|(field, column)| match object.get(*field) {
            None => Fragment::new(format!("{column} IS NULL")),
            Some(value) => match self.number(value) {
                None => Fragment::new("1 = 0"),
                Some(number) => Fragment::new(format!("{column} IS NOT NULL AND {column} = ?")).bind(number),
            },
        });
        let equal: Vec<Fragment> = equal.collect();
        Fragment::new("(").then(&Fragment::join(&equal, " AND ")).sql(")")
    }

    fn knows_all(self, object: &Map<String, Value>) -> bool {
        let known = |key: &String| self.fields.iter().any(|(field, _)| field == key);
        !object.is_empty() && object.keys().all(known)
    }

    fn number(self, value: &Value) -> Option<Bound> {
        match self.numbers {
            Numbers::Ints => value.as_i64().map(Bound::Int),
            Numbers::Reals => value.as_f64().map(Bound::Real),
        }
    }
}
