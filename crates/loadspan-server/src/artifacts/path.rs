//! Paths of artifacts, of which none leads anywhere but below the root.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::error::ApiError;

/// Longest path in bytes: what buckets take as a key, with room for a prefix.
const PATH_BYTES: usize = 900;
/// Longest name in bytes: what file systems take.
const NAME_BYTES: usize = 255;
/// How often something may have been percent-encoded. More than that is an attempt to hide something.
const ENCODINGS: usize = 8;
/// Where uploads wait. No path leads there.
pub(super) const UPLOADS: &str = ".loadspan-uploads";

/// A path below the root, without empty names, `.` and `..`. The root itself is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArtifactPath(String);

impl ArtifactPath {
    /// # Errors
    ///
    /// The path is absolute, leads upwards, also if it is decoded again, or has characters that are not for paths.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut decoded = text.to_owned();
        for _ in 0..ENCODINGS {
            if !is_safe(&decoded) {
                return Err(invalid());
            }
            match percent_decode_str(&decoded).decode_utf8() {
                Ok(again) if again == decoded => return Self::of_safe(text),
                Ok(again) => decoded = again.into_owned(),
                Err(_) => return Err(invalid()),
            }
        }
        Err(invalid())
    }

    fn of_safe(text: &str) -> Result<Self, ApiError> {
        let names = text.split('/').filter(|name| !name.is_empty() && *name != ".");
        let path = names.collect::<Vec<_>>().join("/");
        let fits = path.len() <= PATH_BYTES && path.split('/').all(|name| name.len() <= NAME_BYTES);
        // Some file systems do not tell letters apart by their case.
        let is_ours = path
            .split('/')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(UPLOADS));
        if fits && !is_ours {
            Ok(Self(path))
        } else {
            Err(invalid())
        }
    }

    /// A path below this one.
    pub(crate) fn join(&self, below: &Self) -> Result<Self, ApiError> {
        Self::of_safe(&format!("{self}/{below}"))
    }

    /// Whether it is the root.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last name.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path without slashes at its ends.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a path stays where it is joined to, on any system. MLflow takes no `#` either.
fn is_safe(path: &str) -> bool {
    let mut chars = path.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
    !path.starts_with('/')
        && !drive
        && !path.split('/').any(|name| name == "..")
        && !path.chars().any(|c| c.is_control() || c == '\\' || c == '#')
}

pub(super) fn invalid() -> ApiError {
    ApiError::invalid("Invalid path")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn where_uploads_wait_no_path_leads_in_whatever_case() {
        for path in [".loadspan-uploads/x", "/.LOADSPAN-Uploads/x", ".Loadspan-Uploads"] {
            ArtifactPath::parse(path).expect_err(path);
        }
        ArtifactPath::parse("a/.loadspan-uploads").expect("a name like any other");
    }

    #[test]
    fn paths_are_normalised() {
        for (text, path) in [
            ("", ""),
            (".", ""),
            ("a/b.txt", "a/b.txt"),
            ("a//b/", "a/b"),
            ("./a/./b", "a/b"),
            ("größe 50%.txt", "größe 50%.txt"),
            ("a..b/...", "a..b/..."),
        ] {
            assert_eq!(ArtifactPath::parse(text).unwrap().as_str(), path, "{text}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_invalid() {
        let long = "a".repeat(256);
        for text in [
            "..",
            "../a",
            "a/..",
            "a/../b",
            "/etc/passwd",
            "//a",
            "C:/a",
            "c:a",
            "a\\b",
            "..\\a",
            "a\0b",
            "a\nb",
            "a#1",
            "%2e%2e/a",
            "%252e%252e/a",
            "a/%2E%2e",
            "a%2f..%2fb",
            "%2fetc",
            "a%5cb",
            "a%00",
            "a%ff",
            ".loadspan-uploads/x",
            "./.loadspan-uploads/x",
            &long,
        ] {
            assert_eq!(
                ArtifactPath::parse(text).unwrap_err().message,
                "Invalid path",
                "{text:?}"
            );
        }
        let hidden = (0..20).fold("..".to_owned(), |text, _| text.replace('%', "%25").replace('.', "%2e"));
        assert!(ArtifactPath::parse(&hidden).is_err());
    }

    proptest! {
        #[test]
        fn no_path_leads_out(text in "([./%2eEfF5cC\\\\ab:#]|\\PC){0,40}") {
            if let Ok(path) = ArtifactPath::parse(&text) {
                let mut depth = 0_i32;
                for part in std::path::Path::new(path.as_str()).components() {
                    prop_assert!(matches!(part, std::path::Component::Normal(_)), "{text:?} {part:?}");
                    depth += 1;
                }
                prop_assert!(depth > 0 || path.is_root());
            }
        }
    }
}
