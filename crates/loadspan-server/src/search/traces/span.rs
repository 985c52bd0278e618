//! What a filter says about spans. One span of the trace must stand all of it.

use regex::Regex;

use super::attribute::TEXTS;
use crate::pattern::{self, Case};
use crate::search::clause::{Clause, Comparator, Operand};
use crate::search::fault::Fault;
use crate::search::test::{Takes, Test, test};

/// What a span is tested for.
#[derive(Debug, Clone)]
pub(super) enum SpanTest {
    /// A column, as SQL.
    Column(&'static str, Test),
    /// All of its text.
    Content(Regex),
    /// One of its attributes.
    Attribute(String, TextTest),
}

/// A test of a text outside the database.
#[derive(Debug, Clone)]
pub(super) enum TextTest {
    Is(String),
    IsNot(String),
    Among(Vec<String>),
    NotAmong(Vec<String>),
    Matches(Regex),
}

/// How keys of attributes begin.
const ATTRIBUTES: &str = "attributes.";

/// The test of a clause on something of a span.
pub(super) fn test_of(clause: &Clause, key: &str) -> Result<SpanTest, Fault> {
    let column = |column| Ok(SpanTest::Column(column, test(clause, Takes::Texts(TEXTS))?));
    match key {
        "name" => column("s.name"),
        "type" => column("COALESCE(s.type, 'UNKNOWN')"),
        "status" => column("s.status"),
        "content" => content(clause),
        key => match key.strip_prefix(ATTRIBUTES) {
            Some("") => Err(Fault::new(
                clause.name.at,
                "Span attribute name cannot be empty after 'attributes.'",
            )),
            Some(attribute) => attribute_test(clause, attribute),
            None => {
                let message = format!(
                    "Invalid span attribute '{key}'. Supported attributes: content, name, status, type, \
                     attributes.<attribute_name>."
                );
                Err(Fault::new(clause.name.at, message))
            }
        },
    }
}

fn content(clause: &Clause) -> Result<SpanTest, Fault> {
    match test(clause, Takes::Texts(&[Comparator::Like, Comparator::Ilike]))? {
        Test::Like(case, pattern) => Ok(SpanTest::Content(like(clause, &pattern, case)?)),
        _ => Err(Fault::new(
            clause.operand_at,
            "Expected a quoted string value for 'content'",
        )),
    }
}

fn attribute_test(clause: &Clause, attribute: &str) -> Result<SpanTest, Fault> {
    // Attributes that are numbers are compared as they are written.
    let clause = &match clause.operand {
        Operand::Int(number) => with_text(clause, number.to_string()),
        Operand::Real(number) => with_text(clause, number.to_string()),
        _ => clause.clone(),
    };
    let text_test = match test(clause, Takes::Texts(TEXTS))? {
        Test::Text(Comparator::NotEqual, text) => TextTest::IsNot(text),
        Test::Text(_, text) => TextTest::Is(text),
        Test::In(texts) => TextTest::Among(texts),
        Test::NotIn(texts) => TextTest::NotAmong(texts),
        Test::Like(case, pattern) => TextTest::Matches(like(clause, &pattern, case)?),
        Test::Matches(pattern) => {
            let regex = pattern::regular(&pattern).map_err(|message| Fault::new(clause.operand_at, message))?;
            TextTest::Matches(regex)
        }
        _ => {
            return Err(Fault::new(
                clause.operand_at,
                "Expected a quoted string value for a span attribute",
            ));
        }
    };
    Ok(SpanTest::Attribute(attribute.to_owned(), text_test))
}

fn with_text(clause: &Clause, text: String) -> Clause {
    Clause {
        operand: Operand::Text(text),
        ..clause.clone()
    }
}

fn like(clause: &Clause, pattern: &str, case: Case) -> Result<Regex, Fault> {
    pattern::expression(pattern, case).map_err(|message| Fault::new(clause.operand_at, message))
}

impl TextTest {
    /// Whether a text stands it.
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(wanted) => text == wanted,
            Self::IsNot(unwanted) => text != unwanted,
            Self::Among(texts) => texts.iter().any(|wanted| wanted == text),
            Self::NotAmong(texts) => texts.iter().all(|unwanted| unwanted != text),
            Self::Matches(regex) => regex.is_match(text),
        }
    }
}
