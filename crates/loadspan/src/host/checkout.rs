//! What is checked out where the benchmark was started: commit and branch.
//!
//! Read from git's files, and nothing more than that: running git in a folder means to do what the configuration in it says, and the
//! folder may be anybody's.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// More than `HEAD`, a reference, or `.git` of a worktree ever has.
const SMALL: u64 = 4 << 10;
/// References of a large repository, packed.
const LARGE: u64 = 32 << 20;

/// A commit, and the branch that it is the tip of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Checkout {
    /// Its id.
    pub(crate) commit: String,
    /// `None` when no branch is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
}

impl Checkout {
    /// What is checked out in `folder` or above it. `None` outside of repositories, and before the first commit.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        let git = folder.ancestors().find_map(|folder| git_folder(&folder.join(".git")))?;
        let head = read(&git.join("HEAD"), SMALL)?;
        let Some(reference) = head.strip_prefix("ref: ") else {
            return Some(Self {
                commit: commit_id(&head)?,
                branch: None,
            });
        };
        // A name that leads out of the folder is none.
        let is_name = reference.starts_with("refs/") && !reference.split('/').any(|part| part == "..");
        let commit = is_name.then(|| commit_of(&git, reference))??;
        let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        Some(Self {
            commit,
            branch: Some(branch.to_owned()),
        })
    }
}

/// The folder that `.git` is, or, in a worktree, names.
fn git_folder(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let named = read(git, SMALL)?;
    let folder = git.parent()?.join(named.strip_prefix("gitdir: ")?);
    folder.is_dir().then_some(folder)
}

/// The commit that a reference names. Worktrees share references with the repository that they belong to.
fn commit_of(git: &Path, reference: &str) -> Option<String> {
    let shared = read(&git.join("commondir"), SMALL).map(|folder| git.join(folder));
    let folders = [Some(git.to_owned()), shared];
    folders.into_iter().flatten().find_map(|folder| {
        let loose = read(&folder.join(reference), SMALL).and_then(|id| commit_id(&id));
        loose.or_else(|| packed(&read(&folder.join("packed-refs"), LARGE)?, reference))
    })
}

fn packed(references: &str, wanted: &str) -> Option<String> {
    let mut lines = references.lines().filter_map(|line| line.split_once(' '));
    lines.find_map(|(id, name)| commit_id(id).filter(|_| name == wanted))
}

/// An id of SHA-1 or SHA-256.
fn commit_id(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_owned())
}

/// The text of a file without the end of its last line. `None` for anything that is no file, or longer than that.
fn read(path: &Path, longest: u64) -> Option<String> {
    // Before it is opened: a pipe would wait for somebody to write.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut text = String::new();
    let read = File::open(path)
        .ok()?
        .take(longest + 1)
        .read_to_string(&mut text)
        .ok()?;
    (read as u64 <= longest).then(|| text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "76543210fedcba9876543210fedcba9876543210";

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn on(branch: &str) -> Checkout {
        Checkout {
            commit: COMMIT.to_owned(),
            branch: Some(branch.to_owned()),
        }
    }

    #[test]
    fn a_branch_is_found_from_any_folder_within() {
        let head = (".git/HEAD", "ref: refs/heads/feature/x\n");
        let loose = format!("{COMMIT}\n");
        let folder = folder(&[head, (".git/refs/heads/feature/x", &loose), ("a/b/c", "")]);
        assert_eq!(Checkout::around(&folder.path().join("a/b")), Some(on("feature/x")));
    }

    #[test]
    fn packed_references_are_read() {
        let packed =
            format!("# pack-refs with: peeled\n{OTHER} refs/heads/main2\n{COMMIT} refs/heads/main\n^{OTHER}\n");
        let folder = folder(&[(".git/HEAD", "ref: refs/heads/main\n"), (".git/packed-refs", &packed)]);
        assert_eq!(Checkout::around(folder.path()), Some(on("main")));
    }

    #[test]
    fn a_worktree_shares_the_references_of_its_repository() {
        let folder = folder(&[
            ("repo/.git/worktrees/w/HEAD", "ref: refs/heads/main\n"),
            ("repo/.git/worktrees/w/commondir", "../..\n"),
            ("repo/.git/refs/heads/main", COMMIT),
            ("w/.git", "gitdir: ../repo/.git/worktrees/w\n"),
        ]);
        assert_eq!(Checkout::around(&folder.path().join("w")), Some(on("main")));
    }

    #[test]
    fn a_commit_without_a_branch_has_none() {
        let folder = folder(&[(".git/HEAD", COMMIT)]);
        let branch = Checkout::around(folder.path()).map(|checkout| checkout.branch);
        assert_eq!(branch, Some(None));
    }

    #[test]
    fn what_is_no_repository_says_nothing() {
        for files in [
            &[(".git/HEAD", "ref: refs/heads/main\n")][..],
            &[(".git/HEAD", "ref: refs/../../secret\n"), ("secret", COMMIT)],
            &[(".git/HEAD", "ref: ../secret\n"), ("secret", COMMIT)],
            &[(".git/HEAD", "not a commit\n")],
            &[(".git", "gitdir: /no/such/folder\n")],
        ] {
            // Nothing above the folder may answer in its place.
            let folder = folder(files);
            let around = git_folder(&folder.path().join(".git")).and_then(|_| Checkout::around(folder.path()));
            assert_eq!(around, None, "{files:?}");
        }
    }
}
