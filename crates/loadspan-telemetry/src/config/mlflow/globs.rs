//! `--mlflow-artifact-glob`: which files of the run's folder become artifacts.

use globset::Glob;

use super::super::ConfigError;
use crate::mlflow::DEFAULT_GLOBS;

const FLAG: &str = "--mlflow-artifact-glob";

/// Those of flags in place of the defaults. All of them can be parsed, and none leaves the folder.
pub(super) fn parse(flags: &[String]) -> Result<Vec<String>, ConfigError> {
    if flags.is_empty() {
        return Ok(defaults());
    }
    flags.iter().map(|flag| check(flag)).collect()
}

/// Those that nobody has to name.
pub(super) fn defaults() -> Vec<String> {
    DEFAULT_GLOBS.iter().map(|glob| (*glob).to_owned()).collect()
}

fn check(flag: &str) -> Result<String, ConfigError> {
    // Names of files are given without it.
    let glob = flag.trim().trim_start_matches("./");
    if glob.is_empty() {
        return Err(ConfigError::new(
            format!("{FLAG} is empty"),
            "name files of the run's folder, such as *.json, or leave it out",
        ));
    }
    if glob.starts_with('/') || glob.split('/').any(|part| part == "..") {
        return Err(ConfigError::new(
            format!("{FLAG}: `{glob}` leads out of the run's folder"),
            "write it relative to that folder, such as plots/*.png",
        ));
    }
    match Glob::new(glob) {
        Ok(_) => Ok(glob.to_owned()),
        Err(error) => Err(ConfigError::new(
            format!("{FLAG}: `{glob}` is no pattern: {}", error.kind()),
            "expected one such as *.json or **/*.png",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(flags: &[&str]) -> Result<Vec<String>, ConfigError> {
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        parse(&flags)
    }

    #[test]
    fn flags_replace_the_defaults() {
        assert_eq!(parsed(&[]).unwrap(), DEFAULT_GLOBS);
        assert_eq!(parsed(&[" *.json ", "**/*.png"]).unwrap(), ["*.json", "**/*.png"]);
        assert_eq!(parsed(&["./plots/*"]).unwrap(), ["plots/*"]);
        assert_eq!(parsed(&["..json", "a..b/*"]).unwrap().len(), 2);
    }

    #[test]
    fn what_no_file_of_the_folder_can_match_is_an_error() {
        for (bad, what) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("/etc/*", "leads out of the run's folder"),
            ("../*.json", "leads out of the run's folder"),
            ("plots/../../*", "leads out of the run's folder"),
            ("*.{json", "is no pattern"),
            ("[a", "is no pattern"),
        ] {
            let error = parsed(&["*.csv", bad]).unwrap_err();
            assert!(
                error.message.starts_with(FLAG) && error.message.contains(what),
                "{bad}: {error}"
            );
        }
    }
}
