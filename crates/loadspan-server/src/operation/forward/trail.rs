//! Which servers passed a request on before it came here, so that two that name each other do not pass it on for ever.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Servers of this program, in the order in which the request went through them.
pub(super) const FORWARDED_BY: HeaderName = HeaderName::from_static("loadspan-forwarded-by");
/// A request that went through more servers than this goes no further.
const LONGEST: usize = 8;

/// The servers that passed a request on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trail(Vec<Uuid>);

impl Trail {
    /// As the request says. What is no server's id is left out.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(FORWARDED_BY).into_iter();
        let ids = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        Self(
            ids.filter_map(|id| Uuid::parse_str(id.trim()).ok())
                .take(LONGEST)
                .collect(),
        )
    }

    /// Whether that server may pass the request on.
    pub(super) fn allows(&self, server: Uuid) -> bool {
        self.0.len() < LONGEST && !self.0.contains(&server)
    }

    /// What the next server is told.
    pub(super) fn header(&self, server: Uuid) -> HeaderValue {
        let ids: Vec<String> = self.0.iter().chain([&server]).map(Uuid::to_string).collect();
        // Hexadecimal digits, hyphens and commas.
        HeaderValue::from_str(&ids.join(",")).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_goes_from_server_to_server_and_ends_where_it_was_before() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let mut headers = HeaderMap::new();
        assert!(Trail::of(&headers).allows(a));
        headers.insert(FORWARDED_BY, Trail::default().header(a));
        let trail = Trail::of(&headers);
        assert!(trail.allows(b) && !trail.allows(a));
        headers.insert(FORWARDED_BY, trail.header(b));
        assert!(!Trail::of(&headers).allows(a) && !Trail::of(&headers).allows(b));
    }

    #[test]
    fn nonsense_is_no_trail_and_a_long_one_ends() {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_BY, HeaderValue::from_static("me, you,,"));
        assert_eq!(Trail::of(&headers), Trail::default());
        let long: Vec<String> = (0..20).map(|id| Uuid::from_u128(id).to_string()).collect();
        headers.insert(FORWARDED_BY, HeaderValue::from_str(&long.join(",")).unwrap());
        assert!(!Trail::of(&headers).allows(Uuid::from_u128(99)));
    }
}
