//! What the page carries with it: style, script and data, and the policy that lets in nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::markup::{Element, element};

/// Nothing is loaded and nothing is run but what has these hashes.
pub(super) fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(style),
        hash(script)
    )
}

pub(super) fn style(style: &str) -> Element {
    element("style").verbatim(style)
}

pub(super) fn script(script: &str) -> Element {
    element("script").verbatim(script)
}

/// Data for the script. JSON has no use for the escaped symbols outside of strings, so that it means the same.
pub(super) fn data(id: &'static str, value: &Value) -> Element {
    let mut json = String::new();
    for symbol in value.to_string().chars() {
        match symbol {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => json.push_str(&format!("\\u{:04x}", u32::from(symbol))),
            _ => json.push(symbol),
        }
    }
    element("script")
        .attribute("type", "application/json")
        .id(id)
        .verbatim(&json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_script() {
        let value = Value::from("</script><img onerror>\u{2028}&\u{2029}<!--");
        let element = data("x", &value).to_string();
        let json = element
            .strip_prefix("<script type=\"application/json\" id=\"x\">")
            .and_then(|rest| rest.strip_suffix("</script>\n"))
            .unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
    }

    #[test]
    fn the_policy_names_the_hashes_that_browsers_compute() {
        // From `printf 'a' | openssl dgst -sha256 -binary | base64`.
        assert!(policy("a", "").starts_with(
            "default-src 'none'; style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='; script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
        ));
    }
}
