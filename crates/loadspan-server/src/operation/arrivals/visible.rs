//! Texts of clients as people may look at them.

/// Characters of a text that is kept.
const MOST: usize = 200;

/// The beginning of a text, in which what cannot be seen, or turns what follows around, is written as an escape.
pub(super) fn visible(text: &str) -> String {
    let mut visible = String::new();
    let mut room = MOST;
    for character in text.chars() {
        let escaped = is_hidden(character).then(|| character.escape_unicode().to_string());
        let piece = escaped.unwrap_or_else(|| character.to_string());
        let Some(left) = room.checked_sub(piece.chars().count()) else {
            break;
        };
        room = left;
        visible.push_str(&piece);
    }
    visible
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(visible("a\nb\u{202e}c<b>"), r"a\u{a}b\u{202e}c<b>");
        assert_eq!(visible(&"ä".repeat(300)).chars().count(), 200);
        assert!(visible(&"\u{202e}".repeat(300)).chars().count() <= 200);
    }
}
