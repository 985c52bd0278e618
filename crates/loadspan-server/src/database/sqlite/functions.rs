//! What searches need that SQLite does not have: case folding beyond ASCII, regular expressions, and patterns in a time that does not
//! depend on what is in them. SQLite's own `LIKE` takes the length of the text times that of the pattern, in one step of its machine.

use std::error::Error as StdError;

use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error, ffi};

use super::watch::Watch;
use crate::pattern::{self, Case};

/// Makes the functions known to a connection. Its `LIKE … ESCAPE '\'` tells upper from lower case, as PostgreSQL's does.
pub(super) fn register(connection: &Connection, watch: &Watch) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let direct = flags | FunctionFlags::SQLITE_DIRECTONLY;
    connection.pragma_update(None, "case_sensitive_like", "ON")?;
    connection.create_scalar_function("fold", 1, direct, fold)?;
    let watched = watch.clone();
    // `text LIKE pattern ESCAPE escape` is `like(pattern, text, escape)`.
    connection.create_scalar_function("like", 3, direct, move |context| {
        matches(context, &watched, |pattern| pattern::expression(pattern, Case::Kept))
    })?;
    let watched = watch.clone();
    // `text REGEXP pattern` is `regexp(pattern, text)`.
    connection.create_scalar_function("regexp", 2, direct, move |context| {
        matches(context, &watched, pattern::regular)
    })
}

fn fold(context: &Context<'_>) -> rusqlite::Result<Option<String>> {
    let text = context.get_raw(0).as_str_or_null()?;
    Ok(text.map(str::to_lowercase))
}

/// Whether the second argument matches the first, which is compiled once for a statement.
fn matches(
    context: &Context<'_>,
    watch: &Watch,
    compile: impl FnOnce(&str) -> Result<Regex, String>,
) -> rusqlite::Result<Option<bool>> {
    if watch.is_over() {
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None));
    }
    let pattern = context.get_or_create_aux(0, |pattern| -> Result<_, Box<dyn StdError + Send + Sync>> {
        Ok(compile(pattern.as_str()?)?)
    })?;
    let text = context
        .get_raw(1)
        .as_str_or_null()
        .map_err(|error| Error::UserFunctionError(Box::new(error)))?;
    Ok(text.map(|text| pattern.is_match(text)))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::database::{Allowance, Waits};

    fn with_functions(watch: &Watch) -> Connection {
        let connection = Connection::open_in_memory().expect("a database in memory");
        register(&connection, watch).expect("functions");
        connection
    }

    fn ask(sql: &str) -> Option<bool> {
        let connection = with_functions(&Watch::default());
        connection.query_row(sql, [], |row| row.get(0)).expect("an answer")
    }

    #[test]
    fn like_tells_upper_from_lower_case() {
        for escape in ["", r" ESCAPE '\'"] {
            assert_eq!(ask(&format!("SELECT 'abc' LIKE 'a%'{escape}")), Some(true));
            assert_eq!(ask(&format!("SELECT 'ABC' LIKE 'a%'{escape}")), Some(false));
        }
        assert_eq!(ask(r"SELECT 'a%c' LIKE 'a\%c' ESCAPE '\'"), Some(true));
        assert_eq!(ask(r"SELECT 'abc' LIKE 'a\%c' ESCAPE '\'"), Some(false));
        assert_eq!(ask(r"SELECT NULL LIKE 'a' ESCAPE '\'"), None);
    }

    #[test]
    fn nothing_is_compared_when_the_time_is_over() {
        let watch = Watch::default();
        let connection = with_functions(&watch);
        let waits = Waits::default();
        watch.allow(Some(Allowance {
            bytes: 1,
            until: Instant::now(),
            asker: waits.asker(),
        }));
        for sql in [r"SELECT 'abc' LIKE '%b%' ESCAPE '\'", "SELECT 'abc' REGEXP 'b'"] {
            let asked: Result<bool, Error> = connection.query_row(sql, [], |row| row.get(0));
            let code = asked.expect_err("it is over").sqlite_error_code();
            assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted), "{sql}");
        }
    }

    #[test]
    fn fold_knows_more_than_ascii() {
        assert_eq!(ask("SELECT fold('GRÜN') = 'grün'"), Some(true));
        assert_eq!(ask("SELECT fold(NULL) = 'a'"), None);
    }

    #[test]
    fn an_expression_is_found_anywhere_in_a_text() {
        assert_eq!(ask("SELECT 'abc' REGEXP 'b'"), Some(true));
        assert_eq!(ask("SELECT 'abc' REGEXP '^b'"), Some(false));
        assert_eq!(ask("SELECT NULL REGEXP 'b'"), None);
    }
}
