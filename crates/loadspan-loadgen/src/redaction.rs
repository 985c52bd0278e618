//! Messages fit to be shown. Servers like to repeat what they were sent, keys included.

use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loadspan_record::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// The longest message that is kept, in characters.
const SHOWN: usize = 300;

/// What must be in no message.
#[derive(Debug, Clone)]
pub(crate) struct Redaction(Vec<Secret>);

impl Redaction {
    /// Redacts each of `secrets`. One may be a part of another: the longest are looked for first, so that none leaves its rest.
    pub(crate) fn new(mut secrets: Vec<Secret>) -> Self {
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// `text` without secrets.
    pub(crate) fn redact(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| secret.redact_from(&text))
    }

    /// A short word of somebody else's, such as an id. Nearly always it is fit as it stands, and costs a look.
    pub(crate) fn quote_word<Word: Deref<Target = str> + From<Box<str>>>(&self, word: &mut Word) {
        let is_fit = word.len() <= SHOWN
            && !word.chars().any(char::is_control)
            && !self.0.iter().any(|secret| word.contains(secret.expose()));
        if !is_fit {
            *word = self.quote(word).into();
        }
    }

    /// Takes secrets out of a long text, which nearly always has none.
    pub(crate) fn redact_in(&self, text: &mut String) {
        if self.0.iter().any(|secret| text.contains(secret.expose())) {
            *text = self.redact(std::mem::take(text));
        }
    }

    /// The same for a body, which is text as a rule: one that is none is left out if there are secrets.
    pub(crate) fn redact_bytes(&self, body: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let mut text = String::from_utf8(std::mem::take(body)).unwrap_or_default();
        self.redact_in(&mut text);
        *body = text.into_bytes();
    }

    /// What somebody else said, as one line of bounded length without secrets. Redacted first: a key that was cut in two would not
    /// be found.
    pub(crate) fn quote(&self, text: &str) -> Box<str> {
        let redacted = self.redact(text.to_owned());
        let words = redacted.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = words.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        shown.into_boxed_str()
    }
}

/// What is secret of a header: its value, and where that names a scheme (`Bearer …`), what stands behind it.
pub(crate) fn secrets_of_header(value: &Secret) -> impl Iterator<Item = Secret> {
    let credentials = value
        .expose()
        .split_once(' ')
        .map(|(_, credentials)| credentials.trim());
    std::iter::once(value.clone()).chain(credentials.map(Secret::new))
}

/// What is secret of a URL: user, password, the header made of both, and the values of the query; as they stand and decoded.
pub(crate) fn secrets_of_url(url: &Url) -> Vec<Secret> {
    let userinfo = [Some(url.username()), url.password()].into_iter().flatten();
    let query = url.query().unwrap_or_default().split('&');
    let values = query.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
    let raw = userinfo.chain(values).map(str::to_owned);
    let decoded = |text: &String| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let spelled = raw.flat_map(|text| [decoded(&text), text.replace('+', " "), text]);
    spelled
        .chain(basic_credentials(url))
        .filter(|text| !text.is_empty())
        .map(Secret::new)
        .collect()
}

/// The credentials of a URL as HTTP's basic scheme has them; `None` when it has none.
pub(crate) fn basic_credentials(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let credentials: Vec<u8> = percent_decode_str(user)
        .chain(*b":")
        .chain(percent_decode_str(password))
        .collect();
    Some(STANDARD.encode(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(secrets: &[&str], text: &str) -> String {
        Redaction::new(secrets.iter().copied().map(Secret::new).collect())
            .quote(text)
            .into()
    }

    #[test]
    fn a_secret_within_another_leaves_no_rest() {
        assert_eq!(quote(&["canary", "canary-two"], "key canary-two."), "key [redacted].");
    }

    #[test]
    fn a_key_at_the_end_of_what_is_shown_is_not_cut_in_two() {
        let shown = quote(&["sk-canary"], &format!("{} sk-canary", "x".repeat(SHOWN - 4)));
        assert!(!shown.contains("sk"), "{shown}");
    }

    #[test]
    fn messages_are_one_line_of_bounded_length() {
        assert_eq!(quote(&[], "a\r\n\t b\u{7}"), "a b");
        assert_eq!(quote(&[], &"ü".repeat(5_000)).chars().count(), SHOWN);
    }

    #[test]
    fn bodies_lose_their_secrets_and_nothing_else() {
        let redact = |secrets: &[&str], body: &[u8]| {
            let mut body = body.to_vec();
            Redaction::new(secrets.iter().copied().map(Secret::new).collect()).redact_bytes(&mut body);
            body
        };
        assert_eq!(redact(&[], b"\xff"), b"\xff");
        assert_eq!(redact(&["canary"], b"\xff canary"), b"");
        assert_eq!(redact(&["canary"], br#"{"a":"canary"}"#), br#"{"a":"[redacted]"}"#);
    }

    #[test]
    fn the_scheme_of_a_header_is_not_part_of_its_secret() {
        let secrets: Vec<_> = secrets_of_header(&Secret::new("Bearer sk-canary"))
            .map(|secret| secret.expose().to_owned())
            .collect();
        assert_eq!(secrets, ["Bearer sk-canary", "sk-canary"]);
    }

    #[test]
    fn all_that_a_url_hides_is_secret_however_it_is_spelled() {
        let url = Url::parse("https://us%2Fer:pa%2Fss@h/?key=a%2Fb&flag").unwrap();
        let secrets: Vec<_> = secrets_of_url(&url)
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect();
        for expected in [
            "us%2Fer",
            "us/er",
            "pa%2Fss",
            "pa/ss",
            "a%2Fb",
            "a/b",
            &STANDARD.encode("us/er:pa/ss"),
        ] {
            assert!(secrets.iter().any(|secret| secret == expected), "{expected}");
        }
        assert!(secrets_of_url(&Url::parse("https://h/v1").unwrap()).is_empty());
    }
}
