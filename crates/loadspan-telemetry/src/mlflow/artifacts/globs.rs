//! Which files become artifacts.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The files that become artifacts unless the user says otherwise: those of AIPerf, and what else a run of ours leaves. `*` stays
/// within a folder, `**` does not.
pub(crate) const DEFAULT_GLOBS: &[&str] = &[
    "*.json",
    "*.csv",
    "*.jsonl",
    "*.parquet",
    "*_timeslices.*",
    "**/*.png",
    "**/*.jpg",
    "**/*.jpeg",
    "**/*.svg",
    "**/*.html",
    "plots/**",
    "console.txt",
    "loadspan.log",
];

/// Globs, ready to be asked.
#[derive(Debug)]
pub(super) struct Chosen {
    globs: GlobSet,
}

impl Chosen {
    /// # Errors
    ///
    /// A glob cannot be read: it is named.
    pub(super) fn by(globs: &[String]) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let parsed = GlobBuilder::new(glob).literal_separator(true).build();
            set.add(parsed.map_err(|error| format!("the glob `{glob}` cannot be read: {}", error.kind()))?);
        }
        let globs = set.build().map_err(|error| error.to_string())?;
        Ok(Self { globs })
    }

    /// Whether they choose a file, which is given by its path below the folder of the run.
    pub(super) fn choose(&self, file: &str) -> bool {
        self.globs.is_match(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_take_what_a_run_leaves() {
        let globs: Vec<String> = DEFAULT_GLOBS.iter().map(|&glob| glob.to_owned()).collect();
        let defaults = Chosen::by(&globs).unwrap();
        let taken = [
            "run.json",
            "summary.json",
            "summary.csv",
            "timeslices.csv",
            "records.jsonl",
            "inputs.jsonl",
            "server_metrics.jsonl",
            "gpu_metrics.jsonl",
            "console.txt",
            "loadspan.log",
            "report.html",
            "ttft.svg",
            "plots/ttft.svg",
            "plots/deep/ttft.webp",
            "more/pictures/ttft.png",
        ];
        let left = ["notes.txt", "data/records.jsonl", "more/console.txt", "a.out"];
        assert_eq!(
            taken.map(|file| (file, defaults.choose(file))),
            taken.map(|file| (file, true))
        );
        assert_eq!(
            left.map(|file| (file, defaults.choose(file))),
            left.map(|file| (file, false))
        );
    }

    #[test]
    fn a_star_stays_within_its_folder_and_two_do_not() {
        let one = Chosen::by(&["*.txt".to_owned()]).unwrap();
        assert!(one.choose("a.txt") && !one.choose("deep/a.txt"));
        let two = Chosen::by(&["**/*.txt".to_owned()]).unwrap();
        assert!(two.choose("a.txt") && two.choose("very/deep/a.txt"));
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_named() {
        let error = Chosen::by(&["*.json".to_owned(), "[a".to_owned()]).unwrap_err();
        assert!(error.contains("`[a`"), "{error}");
    }
}
