//! Values that come as text or from files: headers, keys, fields of the body.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use loadspan_record::Secret;
use serde_json::{Map, Value};

use crate::exit::UsageError;

/// `name: value`. The value may be a credential.
pub(super) fn parse_header(text: &str) -> Result<(String, Secret), UsageError> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), Secret::new(value.trim())))
        }
        // The text is not repeated: without a colon it may be the credential itself.
        _ => Err(UsageError::with_hint(
            "--header: expected `name: value`",
            "for example `x-tenant: blue`",
        )),
    }
}

/// Bytes that no key has: no server takes headers of this length.
const LONGEST_KEY: u64 = 64 << 10;

/// The key from the flag, its variable, or a file.
pub(super) fn api_key(key: Option<String>, file: Option<&Path>) -> Result<Option<Secret>, UsageError> {
    let Some(path) = file else {
        return Ok(key.filter(|key| !key.is_empty()).map(Secret::new));
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_KEY).read_to_string(&mut text))
        .map_err(|error| UsageError::new(format!("--api-key-file: cannot read {}: {error}", path.display())))?;
    if text.len() as u64 == LONGEST_KEY {
        let message = format!("--api-key-file: {} is too long for a key", path.display());
        return Err(UsageError::new(message));
    }
    match text.trim() {
        "" => Err(UsageError::new(format!("--api-key-file: {} is empty", path.display()))),
        key => Ok(Some(Secret::new(key))),
    }
}

/// Fields of the user's own, each `key:value` or a JSON object of several. A value that is JSON is taken as such.
pub(super) fn parse_extra(inputs: &[String]) -> Result<Map<String, Value>, UsageError> {
    let mut fields = Map::new();
    for input in inputs {
        if input.trim_start().starts_with('{') {
            let object: Map<String, Value> = serde_json::from_str(input)
                .map_err(|error| UsageError::new(format!("--extra-inputs: `{input}` is not a JSON object: {error}")))?;
            fields.extend(object);
            continue;
        }
        let Some((key, value)) = input.split_once(':').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(UsageError::with_hint(
                format!("--extra-inputs: `{input}` is neither `key:value` nor a JSON object"),
                "for example `temperature:0`, or `{\"top_k\": 1}`",
            ));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        fields.insert(key.trim().to_owned(), value);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn extra_inputs_are_json_where_they_can_be() {
        let inputs = [
            "temperature:0.5",
            "stop:END",
            "flag:true",
            r#"{"top_k": 1, "stop": null}"#,
        ]
        .map(String::from);
        let fields = parse_extra(&inputs).unwrap();
        assert_eq!(
            Value::Object(fields),
            json!({"temperature": 0.5, "stop": null, "flag": true, "top_k": 1})
        );
        assert!(parse_extra(&["x".to_owned()]).is_err());
        assert!(parse_extra(&["{x".to_owned()]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_holds_no_key() {
        let error = api_key(None, Some(Path::new("/dev/zero"))).unwrap_err();
        assert_eq!(error.to_string(), "--api-key-file: /dev/zero is too long for a key");
    }

    #[test]
    fn a_header_without_a_colon_is_not_repeated() {
        assert_eq!(
            parse_header("X-Key: a:b").unwrap(),
            ("x-key".to_owned(), Secret::new("a:b"))
        );
        assert!(!parse_header("canary").unwrap_err().to_string().contains("canary"));
    }
}
