//! The site whose page sends a request. Browsers let pages of any site post to this machine; they say which site it is.

use axum::extract::Request;
use http::{HeaderMap, HeaderValue};

use super::host;
use crate::error::{ApiError, Code};

/// Refuses what a page of another site would change. What it would read, its browser does not show it.
pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    if request.method().is_safe() || !is_of_another_site(request) {
        return Ok(());
    }
    let message = "a page of another site sent this: only pages of this server, and programs, may";
    Err(ApiError::new(Code::PermissionDenied, message))
}

fn is_of_another_site(request: &Request) -> bool {
    let headers = request.headers();
    let says_so = matches!(text(headers, "sec-fetch-site"), Some("cross-site" | "same-site"));
    says_so || headers.get("origin").is_some_and(|origin| !is_own(request, origin))
}

/// Whether the host and port of an origin are those that the request is for.
fn is_own(request: &Request, origin: &HeaderValue) -> bool {
    let Some(authority) = host::authority(request) else {
        return false;
    };
    let site = origin.to_str().ok().and_then(|origin| {
        let rest = origin.strip_prefix("http://");
        rest.or_else(|| origin.strip_prefix("https://"))
    });
    site.is_some_and(|site| site.eq_ignore_ascii_case(authority.as_str()))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_taken(method: &str, headers: &[(&str, &str)]) -> bool {
        let request = Request::builder()
            .method(method)
            .uri("/v1/traces")
            .header("host", "localhost:5000");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        check(&request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn programs_and_own_pages_may_post() {
        assert!(is_taken("POST", &[]));
        assert!(is_taken(
            "POST",
            &[("origin", "http://localhost:5000"), ("sec-fetch-site", "same-origin")]
        ));
        // Something before the server speaks TLS.
        assert!(is_taken("PATCH", &[("origin", "https://LOCALHOST:5000")]));
    }

    #[test]
    fn pages_of_other_sites_may_not() {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for origin in [
                "http://evil.example",
                "http://localhost:5001",
                "http://localhost",
                "null",
                "",
            ] {
                assert!(!is_taken(method, &[("origin", origin)]), "{method} {origin}");
            }
            assert!(!is_taken(method, &[("sec-fetch-site", "cross-site")]), "{method}");
            assert!(!is_taken(method, &[("sec-fetch-site", "same-site")]), "{method}");
        }
    }

    #[test]
    fn what_changes_nothing_is_left_to_browsers() {
        assert!(is_taken("GET", &[("origin", "http://evil.example")]));
        assert!(is_taken("OPTIONS", &[("origin", "http://evil.example")]));
    }
}
