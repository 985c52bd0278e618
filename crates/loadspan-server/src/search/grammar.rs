//! The grammar that all filters and orders share. What names and comparators there are, each kind of search knows.
//!
//! ```text
//! filter     = [ clause { "AND" clause } ]
//! clause     = name ( comparator value | "IS" [ "NOT" ] "NULL" | [ "NOT" ] "IN" list )
//! name       = [ word | quoted ] "." ( word | quoted ) | word | quoted
//! comparator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "LIKE" | "ILIKE" | "RLIKE"
//! value      = number | text
//! list       = "(" text { "," text } [ "," ] ")"
//! order      = name [ "ASC" | "DESC" ]
//! ```

use super::clause::{Clause, Comparator, Direction, Name, Operand, OrderClause};
use super::fault::Fault;
use super::lexer::{Kind, Quote, Token, tokens};

/// Clauses of a filter: each is work for the database.
const MOST_CLAUSES: usize = 64;
/// Clauses with a pattern: each looks at whole texts, where others compare the beginning.
const MOST_PATTERNS: usize = 16;
/// Texts in all lists of a filter: databases take only so many values.
const MOST_TEXTS: usize = 5_000;

/// Parses a filter.
pub(super) fn parse_filter(text: &str) -> Result<Vec<Clause>, Fault> {
    let tokens = tokens(text)?;
    let mut parser = Parser::new(&tokens, text.len());
    let mut clauses = Vec::new();
    if parser.peek().is_none() {
        return Ok(clauses);
    }
    loop {
        if clauses.len() == MOST_CLAUSES {
            return Err(parser.fault(format!("a filter has at most {MOST_CLAUSES} clauses")));
        }
        clauses.push(parser.clause()?);
        if clauses.iter().filter(|clause| clause.has_pattern()).count() > MOST_PATTERNS {
            return Err(parser.fault(format!("a filter has at most {MOST_PATTERNS} patterns")));
        }
        match parser.next() {
            None => return Ok(clauses),
            Some(token) if is_word(token, "AND") => {}
            Some(token) => return Err(no_conjunction(token)),
        }
    }
}

/// Parses a clause of an order.
pub(super) fn parse_order(text: &str) -> Result<OrderClause, Fault> {
    let tokens = tokens(text)?;
    let mut parser = Parser::new(&tokens, text.len());
    let name = parser.name()?;
    let direction = match parser.next() {
        None => Direction::Ascending,
        Some(token) if is_word(token, "ASC") => Direction::Ascending,
        Some(token) if is_word(token, "DESC") => Direction::Descending,
        Some(token) => {
            let message = format!("Invalid ordering key {}: ASC or DESC goes here", shown(token));
            return Err(Fault::new(token.start, message));
        }
    };
    match parser.next() {
        None => Ok(OrderClause { name, direction }),
        Some(token) => {
            let message = format!("Invalid order_by clause: {} is more than one name", shown(token));
            Err(Fault::new(token.start, message))
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    place: usize,
    /// Bytes of the text: where something is missing that should follow.
    length: usize,
    texts: usize,
}

impl<'a> Parser<'a> {
    fn new(tokens: &'a [Token], length: usize) -> Self {
        Self {
            tokens,
            place: 0,
            length,
            texts: 0,
        }
    }

    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek()?;
        self.place += 1;
        Some(token)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| is_word(token, word));
        self.place += usize::from(found);
        found
    }

    /// Where the next token stands, or would.
    fn here(&self) -> usize {
        self.peek().map_or(self.length, |token| token.start)
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.here(), message)
    }

    fn clause(&mut self) -> Result<Clause, Fault> {
        let name = self.name()?;
        let comparator_at = self.here();
        let comparator = self.comparator()?;
        let operand_at = self.here();
        let operand = match comparator {
            Comparator::IsNull | Comparator::IsNotNull => Operand::None,
            Comparator::In | Comparator::NotIn => Operand::List(self.list()?),
            _ => self.value(comparator)?,
        };
        Ok(Clause {
            name,
            comparator,
            comparator_at,
            operand,
            operand_at,
        })
    }

    /// A name: tokens that follow each other without a gap.
    fn name(&mut self) -> Result<Name, Fault> {
        let at = self.here();
        let (entity, key) = match self.next().map(|token| &token.kind) {
            Some(Kind::Word(word)) => match word.split_once('.') {
                None => (None, word.clone()),
                Some((entity, key)) => (Some(entity.to_owned()), self.key(key)?),
            },
            Some(Kind::Quoted(_, text)) => match self.after_full_stop() {
                None => (None, text.clone()),
                Some(key) => (Some(text.clone()), self.key(key)?),
            },
            Some(Kind::Open) => return Err(Fault::new(at, NO_PARENTHESES)),
            Some(_) => return Err(Fault::new(at, "Invalid clause: a name like metrics.x goes here")),
            None => return Err(Fault::new(at, "Invalid clause: a name like metrics.x is missing")),
        };
        Ok(Name { entity, key, at })
    }

    /// What follows the full stop of a name whose first part was quoted.
    fn after_full_stop(&mut self) -> Option<&'a str> {
        let Some(Kind::Word(word)) = self.adjoining() else {
            return None;
        };
        let key = word.strip_prefix('.')?;
        self.place += 1;
        Some(key)
    }

    /// The second part of a name, of which the end may be quoted.
    fn key(&mut self, written: &str) -> Result<String, Fault> {
        if !written.is_empty() && !written.ends_with('.') {
            return Ok(written.to_owned());
        }
        let Some(Kind::Quoted(_, text)) = self.adjoining() else {
            return Err(self.fault("Invalid clause: a name is missing after the full stop"));
        };
        self.place += 1;
        Ok(format!("{written}{text}"))
    }

    /// The next token, if nothing is between it and the one before.
    fn adjoining(&self) -> Option<&'a Kind> {
        let before = self.tokens.get(self.place.checked_sub(1)?)?;
        self.peek()
            .filter(|token| token.start == before.end)
            .map(|token| &token.kind)
    }

    fn comparator(&mut self) -> Result<Comparator, Fault> {
        let at = self.here();
        match self.next().map(|token| &token.kind) {
            Some(Kind::Operator(operator)) => of_operator(operator).ok_or_else(|| {
                let message = format!("Invalid comparator '{operator}': there are =, !=, <, <=, > and >=");
                Fault::new(at, message)
            }),
            Some(Kind::Word(word)) => self.comparator_word(word).ok_or_else(|| {
                let message =
                    format!("Invalid comparator '{word}': there are LIKE, ILIKE, RLIKE, IN, NOT IN and IS [NOT] NULL");
                Fault::new(at, message)
            }),
            Some(_) => Err(Fault::new(
                at,
                "Invalid comparison clause: a comparator like = goes here",
            )),
            None => Err(Fault::new(
                at,
                "Invalid comparison clause: a comparator like = is missing",
            )),
        }
    }

    fn comparator_word(&mut self, word: &str) -> Option<Comparator> {
        match word.to_ascii_uppercase().as_str() {
            "LIKE" => Some(Comparator::Like),
            "ILIKE" => Some(Comparator::Ilike),
            "RLIKE" => Some(Comparator::Rlike),
            "IN" => Some(Comparator::In),
            "NOT" => self.take_word("IN").then_some(Comparator::NotIn),
            "IS" if self.take_word("NULL") => Some(Comparator::IsNull),
            "IS" if self.take_word("NOT") => self.take_word("NULL").then_some(Comparator::IsNotNull),
            _ => None,
        }
    }

    fn value(&mut self, comparator: Comparator) -> Result<Operand, Fault> {
        let at = self.here();
        match self.next().map(|token| &token.kind) {
            Some(Kind::Quoted(Quote::Backtick, _)) => Err(Fault::new(
                at,
                "Parameter value is either not quoted or unidentified quote types used for string value: back-ticks are for \
                 names, texts stand in ' or \"",
            )),
            Some(Kind::Quoted(_, text)) => Ok(Operand::Text(text.clone())),
            Some(Kind::Word(word)) => number(word).ok_or_else(|| {
                let message = format!("Expected a quoted string value or a number. Got value {word}");
                Fault::new(at, message)
            }),
            Some(Kind::Open) => Err(Fault::new(
                at,
                "Invalid comparison clause: a list goes with IN and NOT IN only",
            )),
            Some(_) => Err(Fault::new(at, "Invalid comparison clause: a value goes here")),
            None => {
                let message = format!(
                    "Invalid comparison clause: a value is missing after {}",
                    comparator.as_str()
                );
                Err(Fault::new(at, message))
            }
        }
    }

    fn list(&mut self) -> Result<Vec<String>, Fault> {
        let at = self.here();
        let Some(Kind::Open) = self.next().map(|token| &token.kind) else {
            return Err(Fault::new(at, "a list like ('a', 'b') goes after IN"));
        };
        let mut texts = Vec::new();
        loop {
            let at = self.here();
            match self.next().map(|token| &token.kind) {
                Some(Kind::Quoted(Quote::Single | Quote::Double, text)) => texts.push(text.clone()),
                Some(Kind::Close) if !texts.is_empty() => return Ok(texts),
                Some(Kind::Close) => return Err(Fault::new(at, format!("{LIST}, but got empty list"))),
                Some(_) => return Err(Fault::new(at, format!("{LIST}, but got different type in list"))),
                None => {
                    return Err(Fault::new(
                        at,
                        format!("{LIST}, but got ill-formed list: a ) is missing"),
                    ));
                }
            }
            self.texts += 1;
            if self.texts > MOST_TEXTS {
                return Err(Fault::new(
                    at,
                    format!("the lists of a filter have at most {MOST_TEXTS} texts"),
                ));
            }
            let at = self.here();
            match self.next().map(|token| &token.kind) {
                Some(Kind::Comma) => {}
                Some(Kind::Close) => return Ok(texts),
                _ => {
                    return Err(Fault::new(
                        at,
                        format!("{LIST}, but got ill-formed list: , or ) goes here"),
                    ));
                }
            }
        }
    }
}

const NO_PARENTHESES: &str =
    "Invalid clause(s) in filter string: '('. There are no parentheses in filters: all clauses are joined by AND";
const LIST: &str = "While parsing a list in the query, expected a non-empty list of string values";

fn no_conjunction(token: &Token) -> Fault {
    let advice = if is_word(token, "OR") {
        "there is no OR in filters: search twice"
    } else {
        "clauses are joined by AND"
    };
    let message = format!("Invalid clause(s) in filter string: {}: {advice}", shown(token));
    Fault::new(token.start, message)
}

fn of_operator(operator: &str) -> Option<Comparator> {
    match operator {
        "=" => Some(Comparator::Equal),
        "!=" => Some(Comparator::NotEqual),
        "<" => Some(Comparator::Less),
        "<=" => Some(Comparator::LessOrEqual),
        ">" => Some(Comparator::Greater),
        ">=" => Some(Comparator::GreaterOrEqual),
        _ => None,
    }
}

/// A number, of which a digit must be part: `inf` and `nan` are none.
fn number(word: &str) -> Option<Operand> {
    let first = word.trim_start_matches(['+', '-']).chars().next()?;
    if !first.is_ascii_digit() && first != '.' {
        return None;
    }
    let int = word.parse().ok().map(Operand::Int);
    int.or_else(|| word.parse().ok().map(Operand::Real))
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(&token.kind, Kind::Word(found) if found.eq_ignore_ascii_case(word))
}

fn shown(token: &Token) -> String {
    match &token.kind {
        Kind::Word(text) | Kind::Quoted(_, text) | Kind::Operator(text) => format!("'{text}'"),
        Kind::Open => "'('".to_owned(),
        Kind::Close => "')'".to_owned(),
        Kind::Comma => "','".to_owned(),
    }
}

#[cfg(test)]
mod tests;
