//! Keeps secrets out of reasons: some servers repeat the credentials that they do not like.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Delivery;
use crate::config::Secret;

/// Knows the values of headers, and what is in them.
pub(in crate::export) struct Censor(Vec<String>);

impl Censor {
    pub(in crate::export) fn new(headers: &[(String, Secret)]) -> Self {
        let mut secrets: Vec<String> = headers.iter().flat_map(|(_, value)| parts_of(&value.0)).collect();
        secrets.retain(|secret| !secret.is_empty());
        // Longer ones first: one may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The same without secrets.
    pub(in crate::export) fn clean(&self, mut delivery: Delivery) -> Delivery {
        let text = match &mut delivery {
            Delivery::Accepted { message, .. } => message.as_mut(),
            Delivery::Retry { reason, .. }
            | Delivery::TooLarge { reason }
            | Delivery::Spoiled { reason }
            | Delivery::Refused { reason } => Some(reason),
        };
        if let Some(text) = text {
            for secret in &self.0 {
                *text = text.replace(secret, "[redacted]");
            }
        }
        delivery
    }
}

impl fmt::Debug for Censor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Censor").finish_non_exhaustive()
    }
}

/// Of `Bearer abc` the `abc`, of `Basic …` the password, too.
fn parts_of(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    let Some((scheme, credentials)) = value.split_once(' ') else {
        return parts;
    };
    parts.push(credentials.to_owned());
    if scheme.eq_ignore_ascii_case("basic")
        && let Ok(plain) = STANDARD.decode(credentials)
        && let Some((_, password)) = String::from_utf8_lossy(&plain).split_once(':')
    {
        parts.push(password.to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_a_credential_is_not_told() {
        let basic = format!("Basic {}", STANDARD.encode("me:hunter2"));
        let headers = [("a", "Bearer canary"), ("b", basic.as_str())];
        let censor = Censor::new(&headers.map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))));
        let reason = format!("canary is bad, hunter2 as well, and {basic}");
        let Delivery::Refused { reason } = censor.clean(Delivery::Refused { reason }) else {
            panic!("another delivery");
        };
        assert_eq!(reason, "[redacted] is bad, [redacted] as well, and [redacted]");
    }
}
