//! Texts as both databases can keep them. PostgreSQL takes no U+0000, and SQLite's functions end a text there; so it is written with an
//! escape, and what a client sent comes back as it was.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Stands before `0` for U+0000, and before itself. Unicode will never give it a meaning.
const ESCAPE: char = '\u{10FFFF}';
/// How its UTF-8 begins. Nothing but characters for private use begins like that.
const FIRST_BYTE: u8 = 0xF4;

/// A text as the database has it.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    if memchr2(0, FIRST_BYTE, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => encoded.extend([ESCAPE, '0']),
            ESCAPE => encoded.extend([ESCAPE, ESCAPE]),
            character => encoded.push(character),
        }
    }
    Cow::Owned(encoded)
}

/// A text as the client sent it.
pub(super) fn decode(text: String) -> String {
    if memchr(FIRST_BYTE, text.as_bytes()).is_none() {
        return text;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => decoded.extend(
                characters
                    .next()
                    .map(|escaped| if escaped == '0' { '\0' } else { escaped }),
            ),
            character => decoded.push(character),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_without_nul_is_not_touched() {
        assert!(matches!(encode("grün 🦀"), Cow::Borrowed("grün 🦀")));
        assert_eq!(decode("grün 🦀".to_owned()), "grün 🦀");
    }

    #[test]
    fn an_encoded_text_has_no_nul() {
        assert_eq!(encode("a\0b"), "a\u{10FFFF}0b");
        assert_eq!(encode("\u{10FFFF}0"), "\u{10FFFF}\u{10FFFF}0");
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(text in "([a0\\x00\u{10FFFF}\u{10FFFE}]|\\PC){0,40}") {
            let encoded = encode(&text);
            prop_assert!(!encoded.contains('\0'));
            prop_assert_eq!(decode(encoded.into_owned()), text);
        }
    }
}
