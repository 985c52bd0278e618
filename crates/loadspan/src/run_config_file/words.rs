//! What is typed behind the file of `loadspan config show`.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

use super::keys::{Key, Keys, Shape};
use crate::cli::OutputFormat;

/// Flags of `loadspan profile` without the `--output-format` among them, which says how settings are printed, and what it says.
///
/// # Errors
///
/// What clap says of words that are no such flags; and another file.
pub(crate) fn take_output_format(words: Vec<OsString>) -> Result<(Vec<OsString>, Option<OutputFormat>), clap::Error> {
    let keys = Keys::of_profile();
    let matches = keys.command.clone().try_get_matches_from(&words)?;
    if is_typed(&matches, "config") {
        let message = "--config cannot be beside the file that is shown";
        return Err(keys.command.clone().error(ErrorKind::ArgumentConflict, message));
    }
    let format = matches.get_one("output_format").copied();
    let Some(format) = format.filter(|_| is_typed(&matches, "output_format")) else {
        return Ok((words, None));
    };
    let typed = keys.all().iter().filter(|key| key.id != "output_format");
    let typed = typed.filter(|key| is_typed(&matches, &key.id));
    Ok((typed.flat_map(|key| words_of(key, &matches)).collect(), Some(format)))
}

fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// A flag as it was typed, or another way to say the same.
fn words_of(key: &Key, matches: &ArgMatches) -> Vec<OsString> {
    if key.shape == Shape::Switch {
        return vec![key.flag.clone().into()];
    }
    let word = |value: &std::ffi::OsStr| {
        let mut word = OsString::from(format!("{}=", key.flag));
        word.push(value);
        word
    };
    let values = matches.get_raw(&key.id);
    values.into_iter().flatten().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(words: &[&str]) -> Result<(Vec<OsString>, Option<OutputFormat>), String> {
        take_output_format(words.iter().map(OsString::from).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_format_is_taken_wherever_it_stands_and_however_it_is_written() {
        let cases = [
            &["--output-format", "json", "--isl", "5", "--streaming", "-m", "x"][..],
            &["--isl=5", "--output-format=json", "--streaming", "--model", "x"],
            &[
                "-mx",
                "--streaming",
                "--synthetic-input-tokens-mean",
                "5",
                "--output-format",
                "json",
            ],
        ];
        for words in cases {
            let (left, format) = taken(words).unwrap();
            let mut left: Vec<_> = left.iter().map(|word| word.to_string_lossy()).collect();
            left.sort();
            assert_eq!(format, Some(OutputFormat::Json), "{words:?}");
            assert_eq!(left, ["--isl=5", "--model=x", "--streaming"], "{words:?}");
        }
        let (left, _) = taken(&["--header", "a: b", "-H", "c: d,e", "--output-format", "text"]).unwrap();
        assert_eq!(left, ["--header=a: b", "--header=c: d,e"]);
        let words = ["--streaming", "-m", "x"];
        assert_eq!(
            taken(&words).unwrap(),
            (words.iter().map(OsString::from).collect(), None)
        );
    }

    #[test]
    fn words_that_are_no_flags_are_refused() {
        assert!(taken(&["--output-format", "xml"]).unwrap_err().contains("xml"));
        assert!(
            taken(&["--outputformat", "json"])
                .unwrap_err()
                .contains("--outputformat")
        );
        assert!(taken(&["-f", "other.yaml"]).unwrap_err().contains("--config"));
    }
}
