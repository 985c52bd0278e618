//! Percent-encoding, strictly: what is no code is an error rather than left as it is, since nobody can mean it.

use percent_encoding::percent_decode_str;

/// The text that is meant. `None`: a `%` is not followed by two hexadecimal digits, or it is no UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let is_code = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(is_code) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_nothing() {
        assert_eq!(decode("a%20b%2Cc").as_deref(), Some("a b,c"));
        assert_eq!(decode("%25zz").as_deref(), Some("%zz"));
        for text in ["%zz", "100%", "%2", "%ff", "%2%30"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
