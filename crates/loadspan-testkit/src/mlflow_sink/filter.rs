//! As much of MLflow's filter language as clients need that look for a run: `tags.x = 'y' AND attributes.run_name != 'z'`.

use super::SinkRun;
use super::reply::Failure;

/// What runs have to be like: all of it.
#[derive(Debug)]
pub(super) struct Filter(Vec<Clause>);

#[derive(Debug)]
struct Clause {
    field: Field,
    key: String,
    comparison: Comparison,
    value: String,
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Attribute,
    Param,
    Tag,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    Different,
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut rest = text.trim();
        let mut clauses = Vec::new();
        while !rest.is_empty() {
            let (clause, after) =
                clause(rest).ok_or_else(|| Failure::invalid(format!("Invalid filter string: {text}")))?;
            clauses.push(clause);
            rest = after;
        }
        Ok(Self(clauses))
    }

    pub(super) fn means(&self, run: &SinkRun) -> bool {
        self.0.iter().all(|clause| clause.means(run))
    }
}

impl Clause {
    /// What a run does not have is neither equal to anything nor different.
    fn means(&self, run: &SinkRun) -> bool {
        let found = match (self.field, self.key.as_str()) {
            (Field::Tag, key) => run.tags.get(key),
            (Field::Param, key) => run.params.get(key),
            (Field::Attribute, "run_name" | "Run name" | "name") => Some(&run.name),
            (Field::Attribute, "run_id") => Some(&run.id),
            (Field::Attribute, _) => run.status.as_ref(),
        };
        match self.comparison {
            Comparison::Equal => found.is_some_and(|found| *found == self.value),
            Comparison::Different => found.is_some_and(|found| *found != self.value),
        }
    }
}

/// The first clause, and what follows the `AND` behind it. `None`: this is no filter that we know.
fn clause(text: &str) -> Option<(Clause, &str)> {
    let (field, rest) = field(text);
    let (key, rest) = key(rest)?;
    if matches!(field, Field::Attribute) && !matches!(key, "run_name" | "Run name" | "name" | "run_id" | "status") {
        return None;
    }
    let (comparison, rest) = comparison(rest.trim_start())?;
    let (value, rest) = quoted(rest.trim_start(), &['\'', '"'])?;
    let clause = Clause {
        field,
        key: key.to_owned(),
        comparison,
        value: value.to_owned(),
    };
    Some((clause, following(rest.trim())?))
}

/// A key without a field is that of an attribute.
fn field(text: &str) -> (Field, &str) {
    let fields = [
        ("tags.", Field::Tag),
        ("tag.", Field::Tag),
        ("params.", Field::Param),
        ("param.", Field::Param),
        ("attributes.", Field::Attribute),
        ("attribute.", Field::Attribute),
    ];
    let found = fields
        .iter()
        .find_map(|(name, field)| Some((*field, text.strip_prefix(name)?)));
    found.unwrap_or((Field::Attribute, text))
}

fn key(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(['`', '"']) {
        return quoted(text, &['`', '"']);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '=' || c == '!')?;
    (end > 0).then(|| text.split_at(end))
}

fn comparison(text: &str) -> Option<(Comparison, &str)> {
    if let Some(rest) = text.strip_prefix("!=") {
        return Some((Comparison::Different, rest));
    }
    Some((Comparison::Equal, text.strip_prefix('=')?))
}

/// What stands in quotes at the start, and what follows them.
fn quoted<'a>(text: &'a str, quotes: &[char]) -> Option<(&'a str, &'a str)> {
    let quote = text.chars().next().filter(|c| quotes.contains(c))?;
    text[quote.len_utf8()..].split_once(quote)
}

/// What follows `AND`; nothing at the end.
fn following(text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some(text);
    }
    let (and, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    (and.eq_ignore_ascii_case("and") && !rest.is_empty()).then_some(rest)
}
