//! `${NAME}` in values: a variable of the environment, for what shall not stand in a file.

/// Looks up a variable.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Puts the variables in: `${NAME}`, `${NAME:-default}`, and `$${` for `${` itself. A variable that is empty counts as unset where
/// there is a default, as in a shell.
///
/// # Errors
///
/// Says which variable is not set, or what cannot be read. Never what a variable holds.
pub(super) fn substitute(text: &str, variables: Variables<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at]);
            out.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = inner
            .find('}')
            .ok_or_else(|| "`${` without `}`; `$${` stands for `${` itself".to_owned())?;
        out.push_str(&value_of(&inner[..end], variables)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The name of the variable that a value was probably meant to be: all that it says is `$NAME`.
pub(super) fn bare_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let is_letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && name.chars().all(is_letter);
    is_name.then_some(name)
}

/// Whether there may be a variable in a text, so that what it comes to is not to be repeated.
pub(super) fn has_variable(text: &str) -> bool {
    text.contains("${")
}

fn value_of(inner: &str, variables: Variables<'_>) -> Result<String, String> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_letter) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!(
            "`${{{name}}}` names no variable; expected `${{NAME}}` or `${{NAME:-default}}`"
        ));
    }
    match (variables(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!(
            "the variable {name} is not set; set it, or write `${{{name}:-default}}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        substitute(text, &|name| match name {
            "HOST" => Some("h".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_put_in() {
        assert_eq!(of("http://${HOST}:${PORT:-8000}/").unwrap(), "http://h:8000/");
        assert_eq!(of("${EMPTY}${EMPTY:-x}").unwrap(), "x");
        assert_eq!(of("${PORT:-}").unwrap(), "");
        assert_eq!(of("$${HOST} costs $5 and 5$").unwrap(), "${HOST} costs $5 and 5$");
        assert_eq!(of("$${HOST} at ${HOST}").unwrap(), "${HOST} at h");
    }

    #[test]
    fn a_variable_without_braces_is_seen() {
        assert_eq!(bare_variable("$OPENAI_API_KEY"), Some("OPENAI_API_KEY"));
        for other in ["$5", "$", "US$", "$a", "$A-B", "${A}", "A"] {
            assert_eq!(bare_variable(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_put_in_is_named() {
        assert_eq!(
            of("${PORT}").unwrap_err(),
            "the variable PORT is not set; set it, or write `${PORT:-default}`"
        );
        assert!(of("${HOST").unwrap_err().contains("without `}`"));
        assert!(of("${}").unwrap_err().contains("names no variable"));
        assert!(of("${a b}").unwrap_err().contains("`${a b}` names no variable"));
    }
}
