//! How calls fail, in words that may be recorded.

use std::fmt::Display;
#[cfg(feature = "reqwest")]
use std::{error::Error, io};

/// Characters of a message that are recorded at most.
const LONGEST_MESSAGE: usize = 1_000;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::layer) struct Failure {
    /// `error.type`: one of few words, or the status.
    pub(super) kind: String,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(kind: impl Into<String>, message: &str) -> Self {
        Self {
            kind: kind.into(),
            message: without_queries(message).chars().take(LONGEST_MESSAGE).collect(),
        }
    }

    /// The response has begun, and breaks off.
    pub(in crate::layer) fn of_body(error: &impl Display) -> Self {
        Self::new("response_broken", &format!("the response broke off: {error}"))
    }

    /// There is no response, and nothing is known of the error but its words.
    #[cfg(feature = "tower")]
    pub(in crate::layer) fn of_call(error: &impl Display) -> Self {
        Self::new("_OTHER", &format!("there was no response: {error}"))
    }

    /// There is no response.
    #[cfg(feature = "reqwest")]
    pub(in crate::layer) fn of_request(error: &(dyn Error + 'static)) -> Self {
        let chain: Vec<_> = std::iter::successors(Some(error), |&error| error.source()).collect();
        let words: Vec<String> = chain.iter().map(ToString::to_string).collect();
        let kind = chain.iter().copied().find_map(kind).unwrap_or("_OTHER");
        Self::new(kind, &format!("there was no response: {}", words.join(": ")))
    }
}

#[cfg(feature = "reqwest")]
fn kind(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return match error {
            error if error.is_timeout() => Some("timeout"),
            error if error.is_connect() => Some("connect"),
            _ => None,
        };
    }
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::TimedOut => Some("timeout"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Some("connection_reset"),
        _ => None,
    }
}

/// The message without the queries and credentials of the URLs in it: errors of clients have the URL, and some servers take their
/// key there.
fn without_queries(message: &str) -> String {
    let mut safe = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(scheme_end) = rest.find("://") {
        let (before, url) = rest.split_at(scheme_end + 3);
        let end = url
            .find(|c: char| c.is_whitespace() || "()\"'<>`".contains(c))
            .unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        safe.push_str(before);
        push_safely(&mut safe, url);
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn push_safely(safe: &mut String, url: &str) {
    let (place, query) = url
        .split_once('?')
        .map_or((url, None), |(place, query)| (place, Some(query)));
    let authority_end = place.find('/').unwrap_or(place.len());
    let host_start = place[..authority_end].rfind('@').map_or(0, |at| at + 1);
    safe.push_str(&place[host_start..]);
    if query.is_some() {
        safe.push_str("?…");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_urls_are_not_recorded() {
        let cases = [
            ("no url?", "no url?"),
            (
                "for url (https://u:secret@h/v1?key=secret): reset",
                "for url (https://h/v1?…): reset",
            ),
            ("http://h/ and http://h?key=secret", "http://h/ and http://h?…"),
            ("https://h/a@b", "https://h/a@b"),
        ];
        for (message, safe) in cases {
            assert_eq!(without_queries(message), safe);
        }
    }

    #[test]
    fn messages_are_bounded() {
        assert_eq!(
            Failure::new("429", &"é".repeat(5_000)).message.chars().count(),
            LONGEST_MESSAGE
        );
    }
}
