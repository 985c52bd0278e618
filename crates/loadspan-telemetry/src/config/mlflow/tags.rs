//! `--mlflow-tag`: `key:value` or `key=value`.

use loadspan_wire::mlflow::limits::valid_key;
use loadspan_wire::mlflow::tags::{BENCHMARK_ID, PARENT_RUN_ID, RUN_NAME};

use super::super::ConfigError;

const FLAG: &str = "--mlflow-tag";

/// The tags, in the order in which they were given. Of two with one key the later one counts.
pub(super) fn parse(flags: &[String]) -> Result<Vec<(String, String)>, ConfigError> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for flag in flags {
        let tag = parse_tag(flag)?;
        tags.retain(|(key, _)| *key != tag.0);
        tags.push(tag);
    }
    Ok(tags)
}

/// Whichever separator comes first separates.
fn parse_tag(flag: &str) -> Result<(String, String), ConfigError> {
    let (key, value) = flag.split_once([':', '=']).unwrap_or_default();
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || value.is_empty() || valid_key(key) != key {
        return Err(ConfigError::new(
            format!("{FLAG}: `{flag}` is no tag"),
            "write key:value or key=value, such as team:perf or team=perf, with letters, digits, `_`, `-`, `.`, `/` and blanks in the key",
        ));
    }
    let reserved = match key {
        RUN_NAME => "use --mlflow-run-name",
        PARENT_RUN_ID => "use --mlflow-parent-run-id",
        BENCHMARK_ID => "choose another key: a run is found again by this one",
        _ => return Ok((key.to_owned(), value.to_owned())),
    };
    Err(ConfigError::new(
        format!("{FLAG}: `{key}` is set by loadspan"),
        reserved,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(flags: &[&str]) -> Result<Vec<(String, String)>, ConfigError> {
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        parse(&flags)
    }

    fn tags(tags: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        tags.iter().map(owned).collect()
    }

    #[test]
    fn whichever_separator_comes_first_separates() {
        for (flag, tag) in [
            ("team:perf", ("team", "perf")),
            ("team=perf", ("team", "perf")),
            ("url=http://h:1", ("url", "http://h:1")),
            ("expr: a=b ", ("expr", "a=b")),
            ("mlflow.note.content=why", ("mlflow.note.content", "why")),
        ] {
            assert_eq!(parsed(&[flag]).unwrap(), tags(&[tag]), "{flag}");
        }
    }

    #[test]
    fn of_two_tags_with_one_key_the_later_one_counts() {
        assert_eq!(parsed(&["a:1", "b:2", "a=3"]).unwrap(), tags(&[("b", "2"), ("a", "3")]));
    }

    #[test]
    fn what_is_no_tag_is_shown_both_forms() {
        for bad in [
            "",
            "team",
            "=perf",
            "team=",
            ":",
            "{\"team\":\"perf\"}",
            "a//b=c",
            "../a=b",
        ] {
            let error = parsed(&[bad]).unwrap_err();
            assert_eq!(error.message, format!("--mlflow-tag: `{bad}` is no tag"));
            assert!(error.advice.contains("key:value or key=value"), "{error}");
        }
    }

    #[test]
    fn tags_that_would_break_the_run_are_refused() {
        for (flag, advice) in [
            ("mlflow.runName=x", "--mlflow-run-name"),
            ("mlflow.parentRunId=x", "--mlflow-parent-run-id"),
            ("benchmark_id=x", "another key"),
        ] {
            assert!(parsed(&[flag]).unwrap_err().advice.contains(advice), "{flag}");
        }
    }
}
