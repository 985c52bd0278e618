//! What MLflow's servers take: the limits of its `validation.py`, and what a client does about them.

/// Most metrics of a `runs/log-batch`.
pub const METRICS_PER_BATCH: usize = 1_000;
/// Most parameters of a `runs/log-batch`.
pub const PARAMS_PER_BATCH: usize = 100;
/// Most tags of a `runs/log-batch`.
pub const TAGS_PER_BATCH: usize = 100;
/// Most bytes of the body of a `runs/log-batch`.
pub const BATCH_BYTES: usize = 1_000_000;
/// Longest key of a metric, parameter or tag, in characters.
pub const KEY_CHARS: usize = 250;
/// Longest value of a parameter, in characters.
pub const PARAM_VALUE_CHARS: usize = 6_000;
/// Longest value of a tag, in characters.
pub const TAG_VALUE_CHARS: usize = 8_000;
/// Longest name of an experiment, in characters.
pub const EXPERIMENT_NAME_CHARS: usize = 500;
/// Most traces that one request links with a run. A request with more is taken, and none of its traces is linked.
pub const TRACES_PER_LINK: u64 = 100;
/// Most points of one page of a metric's history.
pub const HISTORY_PAGE: usize = 25_000;

/// A key that MLflow takes, as much like `key` as can be: what it does not take becomes `_`, what is too long is cut.
///
/// It takes letters, digits, `_`, `-`, `.`, `:`, `/` and spaces, in what is a normalised relative path.
#[must_use]
pub fn valid_key(key: &str) -> String {
    let fit = |c: char| {
        if c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | ' ') {
            c
        } else {
            '_'
        }
    };
    let key: String = key.chars().map(fit).collect();
    let parts = key
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| if part.chars().all(|c| c == '.') { "_" } else { part });
    let joined = parts.collect::<Vec<_>>().join("/");
    let cut: String = joined.chars().take(KEY_CHARS).collect();
    // A cut may leave a separator at the end.
    match cut.trim_end_matches('/') {
        "" => "_".to_owned(),
        key => key.to_owned(),
    }
}

/// The longest start of a value that a field of so many characters takes.
#[must_use]
pub fn truncated(value: &str, chars: usize) -> &str {
    match value.char_indices().nth(chars) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_what_mlflow_takes() {
        for (key, valid) in [
            ("a.b-c_d e:f/g", "a.b-c_d e:f/g"),
            ("ttft (ms)", "ttft _ms_"),
            ("/a//b/", "a/b"),
            ("a/../b", "a/_/b"),
            ("a/./b", "a/_/b"),
            ("", "_"),
            ("größe", "größe"),
        ] {
            assert_eq!(valid_key(key), valid, "{key}");
        }
        assert_eq!(valid_key(&"a/".repeat(200)).chars().count(), 249);
    }

    #[test]
    fn values_are_cut_between_characters() {
        assert_eq!(truncated("äöü", 2), "äö");
        assert_eq!(truncated("äöü", 3), "äöü");
    }
}
