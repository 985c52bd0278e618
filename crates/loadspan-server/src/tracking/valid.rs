//! Names and values that MLflow takes, with what it says about those that it does not.

use loadspan_wire::mlflow::limits::{KEY_CHARS, truncated};
use serde_json::Value;

use crate::error::{ApiError, short};

/// Checks a key of a metric, parameter or tag: what it is made of, and that it is a normalised relative path.
///
/// `place` is where it stands in the request: `metrics[3].name`.
pub(crate) fn key(place: &str, name: &str) -> Result<(), ApiError> {
    let fit = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | ' ');
    if !name.chars().all(fit) {
        let hint = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and \
                    slashes (/).";
        return Err(invalid_value(place, &name.into(), hint));
    }
    // Most keys are no paths at all.
    if !name.is_empty() && !name.starts_with('.') && !name.contains('/') {
        return Ok(());
    }
    let normal = normalised(name);
    if normal != name || normal == "." || normal.starts_with("..") || normal.starts_with('/') {
        let hint = format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name \
             would resolve to '{}'",
            truncated(&normal, KEY_CHARS)
        );
        return Err(invalid_value(place, &name.into(), &hint));
    }
    Ok(())
}

/// Checks that a key is not too long. `what` is its name in the message.
pub(crate) fn key_length(what: &str, key: &str) -> Result<(), ApiError> {
    length(what, key, KEY_CHARS)
}

/// Checks that a value has at most so many characters.
pub(crate) fn length(what: &str, value: &str, chars: usize) -> Result<(), ApiError> {
    if truncated(value, chars).len() == value.len() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "'{what}' exceeds the maximum length of {chars} characters"
    )))
}

/// Checks the form of a run's id.
pub(crate) fn run_id(run_id: &str) -> Result<(), ApiError> {
    let mut chars = run_id.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && run_id.len() <= 256 && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Ok(());
    }
    let value = shown(&run_id.into());
    Err(ApiError::invalid(format!(
        "Invalid value {value} for parameter 'run_id' supplied."
    )))
}

/// Checks that a list of a batch is not too long.
pub(crate) fn count(what: &str, count: usize, most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up {what} across multiple \
         requests and try again."
    )))
}

/// An id of an experiment. An empty one stands for the default experiment.
pub(crate) fn experiment_id(text: &str) -> Result<i64, ApiError> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        ApiError::invalid(format!(
            "Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
            short(text)
        ))
    })
}

/// What is said about a value that cannot be.
pub(crate) fn invalid_value(place: &str, value: &Value, hint: &str) -> ApiError {
    let value = shown(value);
    ApiError::invalid(format!(
        "Invalid value {value} for parameter '{place}' supplied: {hint}"
    ))
}

/// A value in a message, which is not to be as long as a request.
pub(crate) fn shown(value: &Value) -> String {
    short(&value.to_string()).into_owned()
}

/// The path that POSIX takes `path` for.
fn normalised(path: &str) -> String {
    // Two slashes at the beginning mean something of their own, three do not.
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(&last) if part == ".." && last != ".." => drop(parts.pop()),
            None if part == ".." && !root.is_empty() => {}
            _ => parts.push(part),
        }
    }
    match format!("{root}{}", parts.join("/")) {
        path if path.is_empty() => ".".to_owned(),
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_words_in_normalised_paths() {
        for name in ["a", "a/b.c", ".a", "größe", "a b:c-d_e", "a..b"] {
            assert!(key("key", name).is_ok(), "{name}");
        }
        for (name, resolved) in [
            ("", "."),
            (".", "."),
            ("..", ".."),
            ("..a", "..a"),
            ("a/../b", "b"),
            ("a//b", "a/b"),
            ("a/", "a"),
            ("/a", "/a"),
            ("./a", "a"),
            ("a/../..", ".."),
            ("/..", "/"),
        ] {
            let error = key("key", name).unwrap_err();
            assert!(
                error.message.ends_with(&format!("resolve to '{resolved}'")),
                "{name}: {error}"
            );
        }
        assert_eq!(
            key("metrics[1].name", "a$b").unwrap_err().message,
            "Invalid value \"a$b\" for parameter 'metrics[1].name' supplied: Names may only contain alphanumerics, underscores (_), \
             dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(length("key", &"ä".repeat(250), 250).is_ok());
        assert_eq!(
            key_length("Param key", &"a".repeat(251)).unwrap_err().message,
            "'Param key' exceeds the maximum length of 250 characters"
        );
    }

    #[test]
    fn ids_have_their_form() {
        assert_eq!(experiment_id("12").unwrap(), 12);
        assert_eq!(experiment_id("").unwrap(), 0);
        assert_eq!(
            experiment_id("x").unwrap_err().message,
            "Invalid experiment ID 'x'. Experiment ID must be a valid integer."
        );
        assert!(experiment_id(&"9".repeat(1 << 20)).unwrap_err().message.len() < 1000);
        assert!(key("key", &"$".repeat(1 << 20)).unwrap_err().message.len() < 1000);
        assert!(run_id("0a_b-c").is_ok());
        for id in ["", "-a", "a/b", "a b", &"a".repeat(257)] {
            assert!(run_id(id).is_err(), "{id}");
        }
    }
}
