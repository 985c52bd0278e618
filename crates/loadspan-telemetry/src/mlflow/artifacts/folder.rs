//! The folder of a run: which of its files are to become artifacts, and under which names.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::globs::Chosen;
use crate::mlflow::EXPORT_FILE;

/// Files with these endings are pictures and pages.
const PICTURES: &[&str] = &["png", "jpg", "jpeg", "svg", "gif", "webp", "html"];
/// Where pictures and pages go.
pub(super) const PLOTS: &str = "plots";
/// Where everything else goes.
const EXPORTS: &str = "exports";
/// Telemetry that waits for `loadspan push`.
const SPOOL_DIR: &str = "telemetry.spool";
/// No run of ours has folders as deep as that.
const MAX_DEPTH: usize = 16;
/// No run of ours leaves as many files.
const MAX_FILES: usize = 10_000;

/// A file that is to become an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its path below the folder of the run.
    pub(super) file: String,
    /// Its path below the artifacts of the run.
    pub(super) artifact: String,
    /// How large it was when it was found.
    pub(super) bytes: u64,
    /// What it was: another file that has taken its name since, a link for instance, is not read in its place.
    identity: Identity,
}

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// What a folder has to offer.
#[derive(Debug, Default)]
pub(super) struct Offered {
    /// What is to be uploaded, small files first: under a deadline the summary is worth more than a part of the records.
    pub(super) files: Vec<LocalFile>,
    /// What was chosen and cannot be uploaded ever, and why.
    pub(super) skipped: Vec<(String, String)>,
}

impl LocalFile {
    /// # Errors
    ///
    /// It is no regular file, or cannot be looked at.
    pub(super) fn at(path: &Path, file: &str, artifact: String) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        if !found.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Self {
            path: path.to_path_buf(),
            file: file.to_owned(),
            artifact,
            bytes: found.len(),
            identity: Identity::of(&found),
        })
    }

    /// Opens it for reading.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or another file has taken its place.
    pub(super) fn open(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        if Identity::of(&file.metadata()?) == self.identity {
            Ok(file)
        } else {
            Err(io::Error::other("another file has taken its place"))
        }
    }
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
        }
    }
}

/// Looks through a folder for the files that globs choose. Links are not followed; hidden files, the spool and
/// `mlflow_export.json`, which comes last, are passed over.
pub(super) fn look_through(run_dir: &Path, chosen: &Chosen) -> Offered {
    let mut search = Search {
        chosen,
        offered: Offered::default(),
        taken: BTreeSet::new(),
    };
    search.enter(run_dir, "", 0);
    search
        .offered
        .files
        .sort_by(|a, b| (a.bytes, &a.file).cmp(&(b.bytes, &b.file)));
    search.offered
}

/// Where an artifact goes: pictures and pages to `plots/`, everything else to `exports/`, each in the folders that it is in.
pub(super) fn artifact_path(file: &str) -> String {
    if !is_picture(file) {
        return format!("{EXPORTS}/{file}");
    }
    match file.split_once('/') {
        Some((PLOTS, _)) => file.to_owned(),
        _ => format!("{PLOTS}/{file}"),
    }
}

fn is_picture(file: &str) -> bool {
    let suffix = Path::new(file).extension().and_then(|suffix| suffix.to_str());
    suffix.is_some_and(|suffix| PICTURES.iter().any(|picture| suffix.eq_ignore_ascii_case(picture)))
}

struct Search<'a> {
    chosen: &'a Chosen,
    offered: Offered,
    /// Names that artifacts have already.
    taken: BTreeSet<String>,
}

impl Search<'_> {
    fn enter(&mut self, dir: &Path, below: &str, depth: usize) {
        let mut names = match names_in(dir) {
            Ok(names) => names,
            Err(error) => return self.skip(below, format!("the folder cannot be read: {error}")),
        };
        // The same order everywhere, so that the same files are skipped everywhere.
        names.sort();
        for name in names {
            self.look_at(dir, below, &Entry { name: &name, depth });
        }
    }

    fn look_at(&mut self, dir: &Path, below: &str, entry: &Entry<'_>) {
        let name = entry.name;
        if name.starts_with('.') || (below.is_empty() && (name == SPOOL_DIR || name == EXPORT_FILE)) {
            return;
        }
        let path = dir.join(name);
        let file = if below.is_empty() {
            name.to_owned()
        } else {
            format!("{below}/{name}")
        };
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() && entry.depth < MAX_DEPTH => self.enter(&path, &file, entry.depth + 1),
            Ok(found) if found.is_dir() => self.skip(&file, "the folder is too deep".to_owned()),
            _ if !self.chosen.choose(&file) => {}
            Ok(found) if found.is_symlink() => {
                self.skip(&file, "it is a link, and links are not followed".to_owned());
            }
            Ok(_) => self.offer(&path, file),
            Err(error) => self.skip(&file, error.to_string()),
        }
    }

    fn offer(&mut self, path: &Path, file: String) {
        if self.offered.files.len() == MAX_FILES {
            return self.skip(&file, format!("there are more than {MAX_FILES} files"));
        }
        if let Some(reason) = unfit(&file) {
            return self.skip(&file, reason.to_owned());
        }
        let artifact = artifact_path(&file);
        if self.taken.contains(&artifact) {
            return self.skip(&file, format!("another file has become {artifact}"));
        }
        match LocalFile::at(path, &file, artifact) {
            Ok(found) => {
                self.taken.insert(found.artifact.clone());
                self.offered.files.push(found);
            }
            Err(error) => self.skip(&file, error.to_string()),
        }
    }

    fn skip(&mut self, file: &str, reason: String) {
        // A folder with so many of them is none of ours, and the first ones tell what is wrong.
        if self.offered.skipped.len() < MAX_FILES {
            self.offered.skipped.push((file.to_owned(), reason));
        }
    }
}

struct Entry<'a> {
    name: &'a str,
    depth: usize,
}

/// The names in a folder. One that is no UTF-8 is none of ours and no artifact of MLflow.
fn names_in(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

/// Why an artifact of such a name would be none. MLflow decodes what looks like percent-encoding again, so that another name would
/// come of it, and its client cannot download a run in which there is a `?`.
pub(super) fn unfit(file: &str) -> Option<&'static str> {
    let has = |unfit: fn(char) -> bool| file.chars().any(unfit);
    if has(|character| matches!(character, '#' | '%' | '?')) {
        Some("MLflow copes with no `#`, `%` or `?` in the name of an artifact: rename it")
    } else if has(|character| character == '\\' || character.is_control()) {
        Some("MLflow copes with no backslash and no control character in the name of an artifact: rename it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn artifacts_go_where_aiperfs_go_and_plots_are_not_nested() {
        let table = [
            ("summary.json", "exports/summary.json"),
            ("report.html", "plots/report.html"),
            ("ttft.PNG", "plots/ttft.PNG"),
            ("plots/ttft.svg", "plots/ttft.svg"),
            ("plots/deep/ttft.svg", "plots/deep/ttft.svg"),
            ("plots/data.csv", "exports/plots/data.csv"),
            ("phases/1/cdf.webp", "plots/phases/1/cdf.webp"),
            ("phases/1/slices.csv", "exports/phases/1/slices.csv"),
            ("png", "exports/png"),
        ];
        assert_eq!(
            table.map(|(file, _)| (file, artifact_path(file))),
            table.map(|(file, to)| (file, to.to_owned()))
        );
    }

    #[test]
    fn only_regular_files_that_are_chosen_are_offered_small_ones_first() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.json"), "secret").unwrap();
        let dir = run_dir(&[
            ("records.jsonl", "many records"),
            ("run.json", "{}"),
            ("summary.json", "{ }"),
            (".hidden.json", "hidden"),
            (".cache/hidden.png", "hidden"),
            ("telemetry.spool/spool.json", "{}"),
            ("telemetry.spool/a.png", "spooled"),
            ("mlflow_export.json", "{}"),
            ("notes.txt", "of nobody's concern"),
            ("plots/ttft.svg", "<svg/>"),
        ]);
        symlink(outside.path().join("secret.json"), dir.path().join("link.json")).unwrap();
        symlink(outside.path(), dir.path().join("elsewhere")).unwrap();
        symlink("notes.txt", dir.path().join("link.txt")).unwrap();
        fs::create_dir(dir.path().join("folder.json")).unwrap();
        let offered = look_through(dir.path(), &chosen(&["*.json", "*.jsonl", "**/*.svg", "**/*.png"]));
        let files: Vec<_> = offered.files.iter().map(|file| file.artifact.as_str()).collect();
        assert_eq!(
            files,
            [
                "exports/run.json",
                "exports/summary.json",
                "plots/ttft.svg",
                "exports/records.jsonl"
            ]
        );
        let links = [(
            "link.json".to_owned(),
            "it is a link, and links are not followed".to_owned(),
        )];
        assert_eq!(offered.skipped, links);
    }

    #[test]
    fn a_name_that_mlflow_does_not_take_is_skipped_with_its_reason() {
        let dir = run_dir(&[
            ("a#b.json", ""),
            ("a%41.json", ""),
            ("a?b.json", ""),
            ("a\\b.json", ""),
            ("ä b.json", ""),
        ]);
        let offered = look_through(dir.path(), &chosen(&["*.json"]));
        assert_eq!(offered.files.len(), 1, "{offered:?}");
        assert_eq!(offered.files[0].artifact, "exports/ä b.json");
        assert_eq!(offered.skipped.len(), 4);
        assert!(offered.skipped.iter().all(|(_, reason)| reason.ends_with("rename it")));
    }

    #[test]
    fn two_files_do_not_become_the_same_artifact() {
        let dir = run_dir(&[("ttft.svg", "of the user"), ("plots/ttft.svg", "ours")]);
        let offered = look_through(dir.path(), &chosen(&["**/*.svg"]));
        assert_eq!(offered.files.len(), 1);
        assert_eq!(offered.files[0].file, "plots/ttft.svg");
        let skipped = [(
            "ttft.svg".to_owned(),
            "another file has become plots/ttft.svg".to_owned(),
        )];
        assert_eq!(offered.skipped, skipped);
    }

    #[test]
    fn a_file_that_another_has_taken_the_place_of_is_not_read() {
        let dir = run_dir(&[("summary.json", "ours"), ("other.json", "another")]);
        let path = dir.path().join("summary.json");
        let found = LocalFile::at(&path, "summary.json", artifact_path("summary.json")).unwrap();
        found.open().unwrap();
        fs::remove_file(&path).unwrap();
        symlink(dir.path().join("other.json"), &path).unwrap();
        assert_eq!(
            found.open().unwrap_err().to_string(),
            "another file has taken its place"
        );
    }

    fn chosen(globs: &[&str]) -> Chosen {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        Chosen::by(&globs).unwrap()
    }

    fn run_dir(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        dir
    }
}
