//! The two kinds of JSON values that are not literals in a template.

/// Appends a JSON string with its quotes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Appends a whole number.
pub(crate) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_only_when_they_must_be() {
        let mut out = Vec::new();
        write_string(&mut out, "meta/llama é");
        write_string(&mut out, "a\"b\\\n");
        assert_eq!(String::from_utf8(out).unwrap(), r#""meta/llama é""a\"b\\\n""#);
    }
}
