//! Cuts a filter or an order into tokens, each with its place.

use super::fault::Fault;

/// Bytes of a filter. The longest that make sense name some thousands of runs.
const LONGEST: usize = 256 << 10;

/// A token, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes before it.
    pub(super) start: usize,
    /// Bytes up to its end.
    pub(super) end: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a number or a keyword: which, the grammar knows.
    Word(String),
    /// What stood between quotes; a quote that was doubled counts once.
    Quoted(Quote, String),
    /// `=`, `!=`, `<`, … or something like them that is no comparator.
    Operator(String),
    Open,
    Close,
    Comma,
}

/// With what a token is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    Single,
    Double,
    Backtick,
}

impl Quote {
    const fn of(first: char) -> Option<Self> {
        match first {
            '\'' => Some(Self::Single),
            '"' => Some(Self::Double),
            '`' => Some(Self::Backtick),
            _ => None,
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Single => '\'',
            Self::Double => '"',
            Self::Backtick => '`',
        }
    }
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(LONGEST, format!("the text is longer than {LONGEST} bytes")));
    }
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        if first.is_whitespace() {
            start += first.len_utf8();
            continue;
        }
        let (kind, length) = token(&text[start..], first).map_err(|message| Fault::new(start, message))?;
        let end = start + length;
        tokens.push(Token { kind, start, end });
        start = end;
    }
    Ok(tokens)
}

/// The token that a text begins with, and how many bytes it has.
fn token(text: &str, first: char) -> Result<(Kind, usize), String> {
    match first {
        '(' => Ok((Kind::Open, 1)),
        ')' => Ok((Kind::Close, 1)),
        ',' => Ok((Kind::Comma, 1)),
        _ if is_operator(first) => {
            let operator = run(text, is_operator);
            Ok((Kind::Operator(operator.to_owned()), operator.len()))
        }
        _ if is_word(first) => {
            let word = run(text, is_word);
            Ok((Kind::Word(word.to_owned()), word.len()))
        }
        _ => match Quote::of(first) {
            Some(quote) => quoted(text, quote),
            None => Err(format!(
                "Invalid character '{}': names with special characters stand in back-ticks, texts in quotes",
                first.escape_debug()
            )),
        },
    }
}

fn quoted(text: &str, quote: Quote) -> Result<(Kind, usize), String> {
    let sign = quote.sign();
    let mut content = String::new();
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = signs.next() {
        if char != sign {
            content.push(char);
        } else if signs.next_if(|(_, next)| *next == sign).is_some() {
            content.push(sign);
        } else {
            return Ok((Kind::Quoted(quote, content), at + 1));
        }
    }
    Err(format!("the quote {sign} that opens here is not closed"))
}

fn run(text: &str, belongs: fn(char) -> bool) -> &str {
    let end = text.find(|char| !belongs(char)).unwrap_or(text.len());
    &text[..end]
}

const fn is_operator(char: char) -> bool {
    matches!(char, '=' | '!' | '<' | '>')
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '/' | ':' | '@' | '#' | '+')
}
