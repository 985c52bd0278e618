//! Copies artifacts into a folder of this machine, where the server looks for them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use super::folder::LocalFile;
use super::reading::{Content, Reading};
use crate::mlflow::run::KnownRun;

const PIECE_BYTES: usize = 1 << 20;

/// Where a server on this machine keeps the artifacts of a run: `<root>/<experiment>/<run>/artifacts`, or without the experiment
/// where that has a folder of its own. The server chooses it, and so nothing but that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalFolder {
    /// Where the user lets the server keep artifacts. It may be a link.
    root: PathBuf,
    /// The path of the run's artifacts below it. No part of it may be a link.
    below: PathBuf,
}

impl LocalFolder {
    /// `None`: MLflow makes no such folder for the run.
    pub(super) fn of_run(folder: &Path, run: &KnownRun) -> Option<Self> {
        let is_plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
        if !folder.is_absolute() || !folder.components().all(is_plain) {
            return None;
        }
        let of_run = ends_with(folder, "artifacts")?;
        let mut root = ends_with(of_run, &run.run_id)?;
        root = ends_with(root, &run.experiment_id).unwrap_or(root);
        Some(Self {
            root: root.to_owned(),
            below: folder.strip_prefix(root).ok()?.to_owned(),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the root is on this machine. The server makes it only with the first artifact of all: its parent is enough.
    pub(super) fn is_here(&self) -> bool {
        self.root.is_dir() || self.root.parent().is_some_and(Path::is_dir)
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> PathBuf {
        self.root.join(&self.below)
    }

    /// Makes the folder that an artifact goes to, and says where the artifact goes.
    fn place(&self, artifact: &str) -> io::Result<PathBuf> {
        if !self.root.is_dir() {
            make(&self.root)?;
        }
        let target = self.below.join(artifact);
        let mut path = self.root.clone();
        for part in target.parent().into_iter().flat_map(Path::components) {
            path.push(part);
            make(&path)?;
        }
        Ok(self.root.join(target))
    }
}

/// What a path is in, if its last part is this.
fn ends_with<'a>(path: &'a Path, name: &str) -> Option<&'a Path> {
    path.parent()
        .filter(|_| path.file_name().is_some_and(|last| last == name))
}

/// Makes a folder, unless there is one. A link to one is none.
fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(folder)?.is_dir() {
                return Ok(());
            }
            Err(io::Error::other(format!("{} is no folder", folder.display())))
        }
        made => made,
    }
}

/// Copies a file into a folder, whole or not at all.
///
/// # Errors
///
/// It cannot be read, or not be written.
pub(super) async fn copy(file: &LocalFile, folder: &LocalFolder) -> Result<Content, String> {
    let reading = Reading::begin(file, PIECE_BYTES).map_err(|error| error.to_string())?;
    let shown = folder
        .root
        .join(&folder.below)
        .join(&file.artifact)
        .display()
        .to_string();
    let (folder, artifact) = (folder.clone(), file.artifact.clone());
    let copied = tokio::task::spawn_blocking(move || write(reading, &folder.place(&artifact)?)).await;
    copied
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| format!("cannot copy it to {shown}: {error}"))
}

fn write(mut reading: Reading, target: &Path) -> io::Result<Content> {
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let _ = fs::remove_file(&partial);
    let mut copy = File::create_new(&partial)?;
    let written = write_pieces(&mut reading, &mut copy).and_then(|()| fs::rename(&partial, target));
    written.inspect_err(|_| drop(fs::remove_file(&partial)))?;
    reading.content.blocking_recv().map_err(io::Error::other)
}

fn write_pieces(reading: &mut Reading, copy: &mut File) -> io::Result<()> {
    while let Some(piece) = reading.pieces.blocking_recv() {
        copy.write_all(&piece?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn file(dir: &TempDir, content: &[u8]) -> LocalFile {
        let path = dir.path().join("records.jsonl");
        fs::write(&path, content).unwrap();
        LocalFile::at(&path, "records.jsonl", "exports/deep/records.jsonl".to_owned()).unwrap()
    }

    fn folder(root: &Path) -> LocalFolder {
        LocalFolder {
            root: root.to_owned(),
            below: "1/abc/artifacts".into(),
        }
    }

    #[tokio::test]
    async fn a_file_is_copied_whole_into_folders_that_are_made() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let content = vec![b'x'; 3 * PIECE_BYTES + 5];
        let place = folder(&to.path().join("not yet"));
        let copied = copy(&file(&from, &content), &place).await.unwrap();
        assert_eq!(copied.bytes, content.len() as u64);
        let folder = to.path().join("not yet/1/abc/artifacts/exports/deep");
        assert!(fs::read(folder.join("records.jsonl")).unwrap() == content);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = file(&dir, b"{}");
        // A file where a folder is wanted: that fails for root, too.
        let reason = copy(&file, &folder(&file.path)).await.unwrap_err();
        assert!(
            reason.contains("records.jsonl/1/abc/artifacts/exports/deep/records.jsonl"),
            "{reason}"
        );
    }

    #[tokio::test]
    async fn links_below_the_root_are_not_followed() {
        for linked in ["1", "1/abc", "1/abc/artifacts", "1/abc/artifacts/exports"] {
            let (from, to, outside) = (
                tempfile::tempdir().unwrap(),
                tempfile::tempdir().unwrap(),
                tempfile::tempdir().unwrap(),
            );
            let link = to.path().join(linked);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(outside.path(), &link).unwrap();
            let reason = copy(&file(&from, b"{}"), &folder(to.path())).await.unwrap_err();
            assert!(reason.contains(&format!("{linked} is no folder")), "{reason}");
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        }
    }

    #[tokio::test]
    async fn the_root_may_be_a_link_and_a_file_that_is_one_is_replaced() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = to.path().join("link");
        fs::create_dir_all(to.path().join("root/1/abc/artifacts/exports/deep")).unwrap();
        symlink(to.path().join("root"), &root).unwrap();
        let (target, secret) = (
            to.path().join("root/1/abc/artifacts/exports/deep/records.jsonl"),
            to.path().join("secret"),
        );
        fs::write(&secret, "theirs").unwrap();
        symlink(&secret, &target).unwrap();
        copy(&file(&from, b"ours"), &folder(&root)).await.unwrap();
        assert_eq!(fs::read(&secret).unwrap(), b"theirs");
        assert_eq!(fs::read(&target).unwrap(), b"ours");
    }
}
