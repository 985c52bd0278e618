//! What stages are called where there is little room: by that part of their names in which they differ.

/// What the names of some stages begin and end with, all of them: `40 req/s` and `80 req/s` end with ` req/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommonParts {
    begin: usize,
    end: usize,
}

impl CommonParts {
    /// Whole words. Nothing of a single name.
    pub(super) fn of(names: &[String]) -> Self {
        let Some((first, others)) = names.split_first().filter(|(_, others)| !others.is_empty()) else {
            return Self { begin: 0, end: 0 };
        };
        let begin = others.iter().fold(first.as_str(), |common, name| {
            &common[..same_bytes(common.chars(), name.chars())]
        });
        let begin = begin.rfind(is_between).map_or(0, |at| after(begin, at));
        let end = others.iter().fold(&first[begin..], |common, name| {
            &common[common.len() - same_bytes(common.chars().rev(), name[begin..].chars().rev())..]
        });
        let end = end.find(is_between).map_or(0, |at| end.len() - at);
        Self { begin, end }
    }

    /// What is left of one of the names without them, with ellipses; all of it where nothing would be.
    pub(super) fn without(self, name: &str) -> String {
        let own = name.get(self.begin..name.len().saturating_sub(self.end));
        let Some(own) = own.filter(|own| own.chars().any(char::is_alphanumeric)) else {
            return name.to_owned();
        };
        let ellipsis = |cut: usize| if cut > 0 { "…" } else { "" };
        format!("{}{}{}", ellipsis(self.begin), own.trim(), ellipsis(self.end))
    }
}

/// What stands between words.
fn is_between(character: char) -> bool {
    !character.is_alphanumeric() && character != '.'
}

fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

/// The length of what both have in common.
fn same_bytes(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    let same = one.zip(other).take_while(|(one, other)| one == other);
    same.map(|(one, _)| one.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short<const N: usize>(names: [&str; N]) -> [String; N] {
        let names = names.map(str::to_owned);
        let common = CommonParts::of(&names);
        names.map(|name| common.without(&name))
    }

    #[test]
    fn names_keep_the_words_in_which_they_differ() {
        assert_eq!(short(["40 req/s", "80 req/s"]), ["40…", "80…"]);
        assert_eq!(short(["ramp-to-100-rps", "ramp-to-200-rps"]), ["…100…", "…200…"]);
        assert_eq!(short(["rate 0.5", "rate 1.5"]), ["…0.5", "…1.5"]);
        assert_eq!(short(["größe ä x", "größe ö x"]), ["…ä…", "…ö…"]);
    }

    #[test]
    fn names_without_a_common_word_stay_whole() {
        assert_eq!(short(["low", "high", "höher"]), ["low", "high", "höher"]);
        assert_eq!(short(["load", "load 2"]), ["load", "load 2"]);
        assert_eq!(short(["a b", "a b"]), ["…b", "…b"]);
        assert_eq!(short(["alone at last"]), ["alone at last"]);
        assert_eq!(short([]), [""; 0]);
    }
}
