//! The words of `--trace-keep`: requests whose spans are exported although they were not sampled.

use super::{ConfigError, KeepPolicy};

pub(super) fn parse(values: &[String]) -> Result<KeepPolicy, ConfigError> {
    let mut policy = KeepPolicy::default();
    for word in values.iter().flat_map(|value| value.split(',')).map(str::trim) {
        match word.split_once(':') {
            None if word == "errors" => policy.errors = true,
            Some(("slowest", count)) => {
                policy.slowest = count.parse().ok().filter(|n| *n > 0).ok_or_else(|| bad(word))?
            }
            _ => return Err(bad(word)),
        }
    }
    Ok(policy)
}

fn bad(word: &str) -> ConfigError {
    ConfigError::new(
        format!("--trace-keep: `{word}` names no requests"),
        "expected errors, or slowest:N with N above 0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_the_slowest_are_kept() {
        let policy = parse(&["errors,slowest:10".to_owned()]).unwrap();
        assert_eq!(
            policy,
            KeepPolicy {
                errors: true,
                slowest: 10
            }
        );
        for bad in ["", "slowest", "slowest:0", "slowest:x", "all"] {
            assert!(parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
