//! Feedback, expectations and issues of traces.

use super::Context;
use crate::database::Dialect;
use crate::search::clause::{Clause, Comparator, Operand};
use crate::search::condition::Condition;
use crate::search::fault::Fault;
use crate::search::fragment::Fragment;
use crate::search::plan::among;
use crate::search::test::{Takes, Test, test, wrong_comparator};

const TEXTS: &[Comparator] = &[
    Comparator::Equal,
    Comparator::NotEqual,
    Comparator::Like,
    Comparator::Ilike,
    Comparator::Rlike,
    Comparator::IsNull,
    Comparator::IsNotNull,
];

/// Assessments of a whole session say so in their metadata, and count for each of its traces. As the index on them has it.
const OF_SESSION: &str = r#"replace(a.content, '"mlflow.trace.session":', '') <> a.content"#;
/// The name, as the indexes have it.
const NAMED: &str = "a.kind = ? AND substr(a.name, 1, 64) = substr(CAST(? AS TEXT), 1, 64)";
/// The value: of a JSON string what it says, of anything else its JSON.
const TEXT_SQLITE: &str =
    "(CASE WHEN substr(a.value, 1, 1) = '\"' AND json_valid(a.value) THEN json_extract(a.value, '$') ELSE a.value END)";
const TEXT_POSTGRES: &str =
    "(CASE WHEN substr(a.value, 1, 1) = '\"' THEN CAST(a.value AS json) #>> '{}' ELSE a.value END)";
/// The value, if it is a number.
const NUMBER: &str = "(CASE WHEN a.value NOT IN ('true', 'false', 'null') AND substr(a.value, 1, 1) NOT IN ('\"', '[', '{') \
                      THEN CAST(a.value AS DOUBLE PRECISION) END)";

/// That a trace has a valid assessment that stands the test of a clause, or is of a session that has one.
pub(super) fn condition(kind: &'static str, clause: &Clause, context: Context<'_>) -> Result<Condition, Fault> {
    let name = clause.name.key.as_str();
    let test = value_test(clause)?;
    let found = Fragment::new(NAMED).bind(kind).bind(name).then(&found_by(&test));
    let matching = found.clone().sql(" AND a.name = ?").bind(name).sql(" AND a.valid = 1");
    let (matching, wanted) = match test {
        Test::Null => (matching, false),
        Test::NotNull => (matching, true),
        Test::Int(..) | Test::Real(..) => (matching.sql(" AND ").then(&test.of(NUMBER, context.dialect)), true),
        _ => {
            let text = match context.dialect {
                Dialect::Sqlite => TEXT_SQLITE,
                Dialect::Postgres => TEXT_POSTGRES,
            };
            (matching.sql(" AND ").then(&test.of(text, context.dialect)), true)
        }
    };
    let filter = holds_for(&matching, context);
    if !wanted {
        return Ok(Condition::plain(Fragment::new("NOT ").then(&filter)));
    }
    Ok(Condition::plain(filter).driven_by(keys(&found, context)))
}

/// That a trace has a certain issue.
pub(super) fn issue(clause: &Clause) -> Result<Condition, Fault> {
    if clause.name.key != "id" {
        let message = format!(
            "Invalid issue attribute '{}'. Supported attributes: id",
            clause.name.key
        );
        return Err(Fault::new(clause.name.at, message));
    }
    let test = test(clause, Takes::Texts(&[Comparator::Equal]))?;
    let id = test.equal_text().unwrap_or_default();
    let found = Fragment::new(NAMED).bind("issue").bind(id);
    let filter = Fragment::new("EXISTS (SELECT 1 FROM assessments a WHERE a.trace_key = t.trace_key AND ")
        .then(&found)
        .sql(" AND a.name = ?)")
        .bind(id);
    let drive = Fragment::new("SELECT DISTINCT a.trace_key AS k FROM assessments a WHERE ").then(&found);
    Ok(Condition::plain(filter).driven_by(drive))
}

/// What the index on assessments finds beside the name: of texts that are wanted, whether as JSON strings or as they are, the beginning.
fn found_by(test: &Test) -> Fragment {
    let Some(text) = test.equal_text() else {
        return Fragment::default();
    };
    let quoted = serde_json::Value::from(text).to_string();
    let beginning = "substr(CAST(? AS TEXT), 1, 64)";
    Fragment::new(format!(" AND substr(a.value, 1, 64) IN ({beginning}, {beginning})"))
        .bind(text)
        .bind(quoted.as_str())
}

/// More and less are for numbers, all else is for texts.
fn value_test(clause: &Clause) -> Result<Test, Fault> {
    match (clause.comparator, &clause.operand) {
        (Comparator::Less | Comparator::LessOrEqual | Comparator::Greater | Comparator::GreaterOrEqual, operand) => {
            if matches!(operand, Operand::Text(_)) {
                let message = format!(
                    "Expected a numeric value for '{}' when using comparator '{}'",
                    clause.name.key,
                    clause.comparator.as_str()
                );
                return Err(Fault::new(clause.operand_at, message));
            }
            test(clause, Takes::Reals)
        }
        (Comparator::In | Comparator::NotIn, _) => Err(wrong_comparator(clause, TEXTS)),
        _ => test(clause, Takes::Texts(TEXTS)),
    }
}

fn holds_for(matching: &Fragment, context: Context<'_>) -> Fragment {
    Fragment::new("(EXISTS (SELECT 1 FROM assessments a WHERE a.trace_key = t.trace_key AND ")
        .then(matching)
        .sql(") OR t.session_id IS NOT NULL AND t.session_id IN (SELECT o.session_id FROM ")
        .then(&of_sessions(matching, context))
        .sql("))")
}

/// The keys of traces that have assessments which are found, or whose sessions have.
fn keys(found: &Fragment, context: Context<'_>) -> Fragment {
    Fragment::new("SELECT DISTINCT k FROM (SELECT a.trace_key AS k FROM assessments a WHERE ")
        .then(found)
        .sql(" UNION ALL SELECT s.trace_key AS k FROM ")
        .sql("(SELECT o.session_id FROM ")
        .then(&of_sessions(found, context))
        .sql(
            ") h CROSS JOIN traces s WHERE s.session_id IS NOT NULL \
             AND substr(s.session_id, 1, 64) = substr(h.session_id, 1, 64) AND ",
        )
        .then(&among("s.experiment_id", context.experiments))
        .sql(") u")
}

/// Assessments of sessions, and the traces `o` that have them.
fn of_sessions(matching: &Fragment, context: Context<'_>) -> Fragment {
    Fragment::new("assessments a CROSS JOIN traces o WHERE o.trace_key = a.trace_key AND o.session_id IS NOT NULL AND ")
        .then(&among("o.experiment_id", context.experiments))
        .sql(" AND ")
        .sql(OF_SESSION)
        .sql(" AND ")
        .then(matching)
}
