//! Reasons fit to be printed: one line, short, and free of secrets, whatever a server has put into its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loadspan_record::Secret;

use crate::config::OtlpConfig;
use crate::export::Delivery;

/// The longest reason, in characters.
const MAX_CHARACTERS: usize = 300;

/// Takes secrets out of reasons.
#[derive(Debug)]
pub(crate) struct Censor {
    /// Longer ones first: one may be part of another.
    secrets: Vec<Secret>,
}

impl Censor {
    /// Knows the secrets of an endpoint: the values of its headers, and those of the query of its URL.
    pub(super) fn new(config: &OtlpConfig) -> Self {
        let values = config.headers.iter().map(|(_, value)| value.expose().to_owned());
        let query = config.endpoint.query_pairs().map(|(_, value)| value.into_owned());
        Self::of(values.chain(query))
    }

    /// Knows the values of headers and parameters.
    pub(crate) fn of(values: impl Iterator<Item = String>) -> Self {
        let mut texts: Vec<String> = values.collect();
        let parts: Vec<String> = texts.iter().flat_map(|text| parts_of(text)).collect();
        texts.extend(parts);
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self {
            secrets: texts.into_iter().map(Secret::new).collect(),
        }
    }

    /// The same delivery with its texts cleaned.
    pub(super) fn clean(&self, mut delivery: Delivery) -> Delivery {
        match &mut delivery {
            Delivery::Accepted { message, .. } => {
                if let Some(message) = message {
                    *message = self.line(message);
                }
            }
            Delivery::Retry { reason, .. }
            | Delivery::TooLarge { reason }
            | Delivery::NotTaken { reason }
            | Delivery::Gone { reason }
            | Delivery::Invalid { reason }
            | Delivery::Refused { reason } => *reason = self.line(reason),
        }
        delivery
    }

    /// A text as one short line without secrets.
    pub(crate) fn line(&self, text: &str) -> String {
        let redacted = self
            .secrets
            .iter()
            .fold(text.to_owned(), |text, secret| secret.redact_from(&text));
        let plain: String = redacted
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect();
        let words: Vec<_> = plain.split_whitespace().collect();
        cut(&words.join(" "))
    }
}

/// What servers repeat of a credential: of `Bearer abc` the `abc`, of `Basic …` user and password, too.
fn parts_of(text: &str) -> Vec<String> {
    let Some((scheme, credentials)) = text.split_once(' ') else {
        return Vec::new();
    };
    let mut parts = vec![credentials.to_owned()];
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(plain) = STANDARD.decode(credentials)
        && let Some((user, password)) = String::from_utf8_lossy(&plain).split_once(':')
    {
        parts.extend([user.to_owned(), password.to_owned()]);
    }
    parts
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_CHARACTERS {
        return text.to_owned();
    }
    let kept = text.chars().take(MAX_CHARACTERS - 1);
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Compression, Protocol, TlsFiles};

    fn censor() -> Censor {
        Censor::new(&OtlpConfig {
            endpoint: "http://127.0.0.1:4318/v1/traces?key=qu%65ry-canary".parse().unwrap(),
            protocol: Protocol::HttpProtobuf,
            had_credentials: true,
            headers: vec![
                ("authorization".to_owned(), Secret::new("Basic bWU6cEBzc3dvcmQ=")),
                ("x-forwarded".to_owned(), Secret::new("Bearer sk-canary")),
            ],
            timeout: None,
            compression: Compression::None,
            tls: TlsFiles::default(),
        })
    }

    #[test]
    fn secrets_are_taken_out_whole_or_in_part() {
        let line = censor().line("`Bearer sk-canary` (sk-canary), p@ssword, Basic bWU6cEBzc3dvcmQ=, query-canary");
        assert_eq!(line, "`[redacted]` ([redacted]), [redacted], [redacted], [redacted]");
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(censor().line(" a\r\n\tb\u{1b}[31m\0c  d "), "a b [31m c d");
        let long = censor().line(&"ä".repeat(500));
        assert_eq!(long.chars().count(), 300);
        assert!(long.ends_with("ä…"));
    }

    #[test]
    fn a_secret_at_the_cut_is_not_cut_in_two() {
        let line = censor().line(&format!("{}sk-canary", "x".repeat(296)));
        assert!(!line.contains("sk-"), "{line}");
    }
}
