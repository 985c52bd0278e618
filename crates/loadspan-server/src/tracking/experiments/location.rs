//! Where the artifacts of an experiment go.

use loadspan_wire::mlflow::artifacts::PROXY_SCHEME;

use crate::artifacts::ArtifactPath;
use crate::error::ApiError;
use crate::tracking::valid;

/// Longest location, in characters.
const CHARS: usize = 2_048;

/// As long as what comes behind a location for sure.
const BELOW: &str = "0123456789abcdef0123456789abcdef/artifacts";

/// Where artifacts go if nobody says where: to this server.
pub(in crate::tracking) fn proxied(experiment_id: i64) -> String {
    format!("{PROXY_SCHEME}:/{experiment_id}")
}

/// The location that a client asks for: a URI, or a folder of this machine, which clients elsewhere cannot reach.
pub(super) fn resolve(location: &str) -> Result<String, ApiError> {
    valid::length("artifact_location", location, CHARS)?;
    if location.starts_with("runs:") {
        return Err(ApiError::invalid(format!(
            "Artifact location cannot be a runs:/ URI. Given: '{location}'"
        )));
    }
    if location.contains(['#', ';', '?']) {
        return Err(ApiError::invalid(
            "'artifact_location' URL can't include fragments or params.",
        ));
    }
    if location.split('/').any(|part| part == "..") || location.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "'artifact_location' must be a URI or a path without `..` and control characters",
        ));
    }
    if let Some(path) = location
        .strip_prefix(PROXY_SCHEME)
        .and_then(|path| path.strip_prefix(":/"))
    {
        check_kept_here(path)?;
    }
    if location.contains(':') {
        return Ok(location.trim_end_matches('/').to_owned());
    }
    let folder = std::path::absolute(location).ok();
    let folder = folder.as_deref().and_then(std::path::Path::to_str);
    folder
        .map(str::to_owned)
        .ok_or_else(|| ApiError::invalid(format!("'artifact_location' is no path of this machine: '{location}'")))
}

/// A location that this server keeps must be one that its artifacts can be put to, and deleted from. Two slashes: another server does.
fn check_kept_here(path: &str) -> Result<(), ApiError> {
    if path.starts_with('/') {
        return Ok(());
    }
    let parsed = ArtifactPath::parse(path);
    let checked = parsed.and_then(|path| path.join(&ArtifactPath::parse(BELOW)?));
    checked.map(drop).map_err(|_| {
        ApiError::invalid(
            "'artifact_location' has a path that no artifact can have: `..`, `%`-encoded or not, `\\`, or too long",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_kept_and_folders_are_those_of_the_server() {
        for (given, kept) in [
            ("s3://bucket/a", "s3://bucket/a"),
            ("s3://bucket/a/", "s3://bucket/a"),
            ("mlflow-artifacts:/x", "mlflow-artifacts:/x"),
            ("mlflow-artifacts:/", "mlflow-artifacts:"),
            ("mlflow-artifacts://other:5000/x", "mlflow-artifacts://other:5000/x"),
            ("/data/a", "/data/a"),
        ] {
            assert_eq!(resolve(given).unwrap(), kept);
        }
        let here = std::env::current_dir().unwrap();
        assert_eq!(resolve("a").unwrap(), here.join("a").to_str().unwrap());
    }

    #[test]
    fn what_can_be_no_location_is_refused() {
        for given in [
            "runs:/a/b",
            "s3://b/a#c",
            "s3://b/a?x=1",
            "s3://b/../c",
            "a\0b",
            "mlflow-artifacts:/%2e%2e/x",
            "mlflow-artifacts:/C:/x",
            "mlflow-artifacts:/a\\b",
            "mlflow-artifacts:/.loadspan-uploads",
            &format!("mlflow-artifacts:/{}", "a/".repeat(440)),
            &"a".repeat(2049),
        ] {
            assert!(resolve(given).is_err(), "{given}");
        }
    }
}
