//! The one type for secrets.

use std::fmt;

use serde::{Serialize, Serializer};

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";

/// A value that must be in no file, log, process title or error: `Debug`, `Display` and `Serialize` redact it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a secret value.
    #[must_use]
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the bytes that go to the server.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of the secret replaced: servers like to echo keys in their errors.
    ///
    /// Secrets of fewer than four bytes are left alone: they would tear ordinary words apart and hide nothing.
    #[must_use]
    pub fn redact_from(&self, text: &str) -> String {
        if self.0.len() < 4 {
            return text.to_owned();
        }
        text.replace(&*self.0, REDACTED)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

/// A URL fit for files and messages: userinfo and the values of query parameters are replaced.
///
/// Every query value goes, not only those with a telling name: a benchmark target has no use for a readable one, and a
/// list of telling names is never complete.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let (before_fragment, _) = url.split_once('#').unwrap_or((url, ""));
    let (base, query) = match before_fragment.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (before_fragment, None),
    };
    let mut redacted = redact_userinfo(base);
    if let Some(query) = query {
        redacted.push('?');
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={REDACTED}"),
            None => REDACTED.to_owned(),
        });
        redacted.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    redacted
}

/// `scheme://user:password@host/path` without what stands before the `@` of the authority.
fn redact_userinfo(base: &str) -> String {
    let (scheme, rest) = match base.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), base),
    };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    match rest[..authority_end].rfind('@') {
        Some(at) => format!("{scheme}{REDACTED}@{}", &rest[at + 1..]),
        None => format!("{scheme}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        let secret = Secret::new("sk-canary");
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""[redacted]""#);
        assert_eq!(
            secret.redact_from("Incorrect API key: sk-canary."),
            "Incorrect API key: [redacted]."
        );
    }

    #[test]
    fn urls_lose_userinfo_and_query_values() {
        assert_eq!(redact_url("http://host:8000/v1"), "http://host:8000/v1");
        assert_eq!(
            redact_url("https://me:pw@host/v1?api_key=k&x"),
            "https://[redacted]@host/v1?api_key=[redacted]&[redacted]"
        );
        assert_eq!(redact_url("me:p@w@host"), "[redacted]@host");
        assert_eq!(redact_url("http://host/a@b"), "http://host/a@b");
    }
}
