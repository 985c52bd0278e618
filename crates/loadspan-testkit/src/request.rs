//! A request, whichever transport it came by.

mod generation;
mod prompt;

pub(crate) use generation::{Generation, StreamOptions};
pub(crate) use prompt::PromptSize;

use crate::CapturedRequest;

/// A request that has been read whole.
pub(crate) struct RawRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a dyn Headers,
    pub(crate) body: &'a [u8],
}

/// The headers of a request.
pub(crate) trait Headers {
    /// Shows each header, as it came, to `visit`.
    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8]));
}

/// The headers that the server looks at.
#[derive(Debug, Default)]
pub(crate) struct Identity<'a> {
    pub(crate) request_id: Option<&'a str>,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
}

impl<'a> Identity<'a> {
    pub(crate) fn of(headers: &'a dyn Headers) -> Self {
        let mut identity = Self::default();
        headers.each(&mut |name, value| {
            let field = match name.len() {
                12 if name.eq_ignore_ascii_case("x-request-id") => &mut identity.request_id,
                11 if name.eq_ignore_ascii_case("traceparent") => &mut identity.traceparent,
                13 if name.eq_ignore_ascii_case("authorization") => &mut identity.authorization,
                _ => return,
            };
            *field = std::str::from_utf8(value).ok();
        });
        identity.traceparent = identity.traceparent.filter(|value| is_traceparent(value));
        identity
    }
}

impl RawRequest<'_> {
    pub(crate) fn capture(&self) -> CapturedRequest {
        let mut headers = Vec::new();
        self.headers.each(&mut |name, value| {
            headers.push((name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()));
        });
        CapturedRequest {
            method: self.method.to_owned(),
            target: self.target.to_owned(),
            headers,
            body: self.body.to_vec(),
        }
    }
}

/// Whether a `traceparent` is valid by W3C Trace Context: version 00, lower-case hexadecimal, neither id all zero.
fn is_traceparent(value: &str) -> bool {
    let bytes = value.as_bytes();
    let hex = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |range: std::ops::Range<usize>| bytes[range].iter().all(|&byte| byte == b'0');
    bytes.len() == 55
        && value.starts_with("00-")
        && bytes[35] == b'-'
        && bytes[52] == b'-'
        && hex(3..35)
        && hex(36..52)
        && hex(53..55)
        && !zero(3..35)
        && !zero(36..52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_must_be_valid_to_count() {
        assert!(is_traceparent(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        ));
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319céb7ad6b716920333-01",
        ] {
            assert!(!is_traceparent(wrong), "{wrong}");
        }
    }
}
