//! `loadspan/traces/{id}/find`: spans of one trace by their attributes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use tokio::time::Instant;

use crate::app::App;
use crate::database::Connection;
use crate::error::ApiError;
use crate::http::Json;
use crate::traces::find::{self, Found, Position, Term, Test, Wanted};

/// After so long, what was found is told, and where the rest begins.
const PATIENCE: Duration = Duration::from_secs(5);
/// Terms of a query.
const MOST: usize = 20;

/// What is asked for.
#[derive(Debug, Default)]
struct Query {
    terms: Vec<Term>,
    from: Position,
}

pub(super) async fn find(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Found>, ApiError> {
    let Query { terms, from } = Query::parse(query.as_deref().unwrap_or_default())?;
    let wanted = Arc::new(Wanted { trace_id, terms });
    let until = Instant::now() + PATIENCE;
    let (mut found, mut next) = (Found::default(), Some(from));
    while let Some(position) = next.take() {
        let wanted = Arc::clone(&wanted);
        // Piece by piece, so that others have their turn between them.
        let job = move |connection: &mut dyn Connection| find::piece(connection, &wanted, position);
        let piece = app.store.search(job).await?;
        found = found.and(&piece);
        next = piece.next.filter(|_| Instant::now() < until);
    }
    Ok(Json(found))
}

impl Query {
    /// `key`, `op` and `value` belong together in the order in which they stand: a `key` begins a new term.
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        let mut terms: Vec<Draft> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match (&*name, terms.last_mut()) {
                ("key", _) => terms.push(Draft::new(value)),
                ("page_token", _) => parsed.from = Position::of_token(&value)?,
                ("op", Some(term)) => term.op = Some(value),
                ("value", Some(term)) => term.value = Some(value),
                ("op" | "value", None) => return Err(ApiError::invalid(format!("`{name}` stands before any `key`"))),
                _ => {}
            }
        }
        if terms.is_empty() || terms.len() > MOST {
            let count = terms.len();
            let message = format!("`key` is there {count} times: it must be 1 to {MOST}");
            return Err(ApiError::invalid(message));
        }
        parsed.terms = terms.into_iter().map(Draft::term).collect::<Result<_, _>>()?;
        Ok(parsed)
    }
}

/// A term as it is written.
#[derive(Debug)]
struct Draft {
    key: String,
    op: Option<String>,
    value: Option<String>,
}

impl Draft {
    fn new(key: String) -> Self {
        Self {
            key,
            op: None,
            value: None,
        }
    }

    fn term(self) -> Result<Term, ApiError> {
        if self.key.is_empty() {
            return Err(ApiError::invalid("`key` is empty: it is the name of an attribute"));
        }
        let test = match (self.op.as_deref().unwrap_or("eq"), self.value) {
            ("exists", _) => Test::Exists,
            ("eq", Some(value)) => Test::Is(value),
            ("ne", Some(value)) => Test::IsNot(value),
            ("eq" | "ne", None) => return Err(ApiError::invalid("`value` is missing: only `op=exists` has none")),
            _ => return Err(ApiError::invalid("`op` must be eq, ne or exists")),
        };
        Ok(Term { key: self.key, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(key: &str, test: Test) -> Term {
        Term {
            key: key.to_owned(),
            test,
        }
    }

    #[test]
    fn terms_are_triples_in_order() {
        let query = Query::parse("key=a&op=eq&value=1%202&key=b&op=exists&key=c&op=ne&value=&key=d&value=x").unwrap();
        let expected = [
            term("a", Test::Is("1 2".to_owned())),
            term("b", Test::Exists),
            term("c", Test::IsNot(String::new())),
            term("d", Test::Is("x".to_owned())),
        ];
        assert_eq!(query.terms, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, named) in [
            ("", "`key`"),
            ("key=", "`key`"),
            ("value=1&key=a", "`value`"),
            ("key=a&op=like&value=1", "`op`"),
            ("key=a&op=ne", "`value`"),
            ("key=a&op=exists&page_token=x", "page_token"),
            (&"key=a&op=exists&".repeat(21), "`key`"),
        ] {
            let error = Query::parse(query).unwrap_err();
            assert!(error.message.contains(named), "{query}: {}", error.message);
        }
    }
}
