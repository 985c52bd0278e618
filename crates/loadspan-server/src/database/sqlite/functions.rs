//! What searches need that SQLite does not have: case folding beyond ASCII, and regular expressions.

use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Error};

/// Makes the functions known to a connection, and has its `LIKE` tell upper from lower case, as PostgreSQL's does.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.pragma_update(None, "case_sensitive_like", "ON")?;
    connection.create_scalar_function("fold", 1, flags, fold)?;
    connection.create_scalar_function("regexp", 2, flags, regexp)
}

fn fold(context: &Context<'_>) -> rusqlite::Result<Option<String>> {
    let text = context.get_raw(0).as_str_or_null()?;
    Ok(text.map(str::to_lowercase))
}

/// `text REGEXP pattern` is `regexp(pattern, text)`. The pattern is compiled once for a statement.
fn regexp(context: &Context<'_>) -> rusqlite::Result<Option<bool>> {
    let pattern = context.get_or_create_aux(0, |pattern| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Regex::new(pattern.as_str()?)?)
    })?;
    let text = context
        .get_raw(1)
        .as_str_or_null()
        .map_err(|error| Error::UserFunctionError(Box::new(error)))?;
    Ok(text.map(|text| pattern.is_match(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(sql: &str) -> Option<bool> {
        let connection = Connection::open_in_memory().expect("a database in memory");
        register(&connection).expect("functions");
        connection.query_row(sql, [], |row| row.get(0)).expect("an answer")
    }

    #[test]
    fn like_tells_upper_from_lower_case() {
        assert_eq!(ask("SELECT 'abc' LIKE 'a%'"), Some(true));
        assert_eq!(ask("SELECT 'ABC' LIKE 'a%'"), Some(false));
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
