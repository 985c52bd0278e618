//! Which keys MLflow takes.

use loadspan_wire::mlflow::limits::KEY_CHARS;

use super::reply::Failure;

/// Checks the key of a metric, parameter or tag; `what` says where it stood.
pub(super) fn check(key: &str, what: &str) -> Result<(), Failure> {
    if key.is_empty() {
        return Err(Failure::missing(what));
    }
    let refused = |why: &str| {
        Err(Failure::invalid(format!(
            "Invalid value \"{key}\" for parameter '{what}' supplied: {why}"
        )))
    };
    if !key.chars().all(is_taken) {
        return refused(
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
        );
    }
    if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refused(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such.",
        );
    }
    if key.chars().count() > KEY_CHARS {
        return refused(&format!("exceeds the maximum length of {KEY_CHARS} characters"));
    }
    Ok(())
}

fn is_taken(c: char) -> bool {
    c.is_alphanumeric() || "_-. :/".contains(c)
}
