use std::fs;
use std::io;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// Artifacts in a folder, which has a neighbour that nothing may touch.
struct Shelf {
    folder: TempDir,
    artifacts: Artifacts,
}

impl Shelf {
    fn new(durability: Durability) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("neighbour")).unwrap();
        fs::write(folder.path().join("neighbour/secret"), "secret").unwrap();
        let url = Url::from_directory_path(folder.path().join("root")).unwrap();
        let artifacts = Artifacts::open(&url, durability).unwrap();
        Self { folder, artifacts }
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("root")
    }

    /// That the neighbour is as it was, and that no upload has left anything behind.
    fn check(&self) {
        let neighbour = self.folder.path().join("neighbour");
        assert_eq!(fs::read_dir(&neighbour).unwrap().count(), 1);
        assert_eq!(fs::read(neighbour.join("secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 2);
        assert_eq!(fs::read_dir(self.root().join(path::UPLOADS)).unwrap().count(), 0);
    }
}

fn bucket() -> Artifacts {
    Artifacts::open(&Url::parse("memory:///prefix/x").unwrap(), Durability::Process).unwrap()
}

fn at(path: &str) -> ArtifactPath {
    ArtifactPath::parse(path).unwrap()
}

fn upload(pieces: Vec<io::Result<Bytes>>) -> Upload {
    Upload::new(stream::iter(pieces).boxed(), 1 << 30)
}

fn whole(content: &[u8]) -> Upload {
    upload(
        content
            .chunks(100_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect(),
    )
}

async fn read(artifacts: &Artifacts, path: &str) -> Result<Vec<u8>, ApiError> {
    let found = artifacts.get(&at(path)).await?;
    let pieces: Vec<Bytes> = found.content.try_collect().await.unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.len() as u64).sum::<u64>(), found.bytes);
    Ok(pieces.concat())
}

async fn names(artifacts: &Artifacts, path: &str) -> Vec<(String, Option<i64>)> {
    let files = artifacts.list(&at(path)).await.unwrap();
    files.into_iter().map(|file| (file.path, file.file_size)).collect()
}

#[tokio::test]
async fn what_was_put_is_listed_and_read_and_deleted() {
    let shelf = Shelf::new(Durability::Full);
    for artifacts in [shelf.artifacts.clone(), bucket()] {
        let large = vec![7; 20 << 20];
        for (path, content) in [
            ("1/r/a.txt", b"a".as_slice()),
            ("1/r/d/größe %41.bin", &large),
            ("1/r/empty", b""),
        ] {
            artifacts.put(&at(path), whole(b"before")).await.unwrap();
            artifacts.put(&at(path), whole(content)).await.unwrap();
            assert!(read(&artifacts, path).await.unwrap() == content, "{path}");
        }
        let file = |name: &str, bytes| (name.to_owned(), Some(bytes));
        assert_eq!(
            names(&artifacts, "1/r").await,
            [file("a.txt", 1), ("d".to_owned(), None), file("empty", 0)]
        );
        assert_eq!(names(&artifacts, "1/r/d").await, [file("größe %41.bin", 20 << 20)]);
        assert_eq!(names(&artifacts, "").await, [("1".to_owned(), None)]);
        // A file has nothing in it, and what is not there neither.
        assert_eq!(names(&artifacts, "1/r/a.txt").await, []);
        assert_eq!(names(&artifacts, "2").await, []);

        artifacts.delete(&at("1/r/a.txt")).await.unwrap();
        artifacts.delete(&at("1/r/a.txt")).await.unwrap();
        assert_eq!(
            read(&artifacts, "1/r/a.txt").await.unwrap_err().message,
            "No such artifact: '1/r/a.txt'"
        );
        artifacts.delete(&at("1")).await.unwrap();
        assert_eq!(names(&artifacts, "").await, []);
        assert_eq!(artifacts.delete(&at("")).await.unwrap_err().message, "Invalid path");
    }
    shelf.check();
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_what_was_there() {
    let shelf = Shelf::new(Durability::Process);
    for artifacts in [shelf.artifacts.clone(), bucket()] {
        artifacts.put(&at("a"), whole(b"before")).await.unwrap();
        for path in ["a", "new/b"] {
            let piece = Bytes::from(vec![1; 12 << 20]);
            let broken = upload(vec![Ok(piece), Err(io::Error::other("gone"))]);
            let error = artifacts.put(&at(path), broken).await.unwrap_err();
            assert_eq!(
                (error.code, error.message.as_str()),
                (Code::BadRequest, "the upload broke off")
            );
        }
        assert_eq!(read(&artifacts, "a").await.unwrap(), b"before");
        assert_eq!(names(&artifacts, "").await, [("a".to_owned(), Some(6))]);
    }
    shelf.check();
}

#[tokio::test]
async fn an_upload_that_is_dropped_leaves_nothing() {
    let shelf = Shelf::new(Durability::Process);
    let endless = stream::iter([Ok(Bytes::from_static(b"a"))]).chain(stream::pending());
    let path = at("a");
    let put = shelf.artifacts.put(&path, Upload::new(endless.boxed(), 10));
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(50), put)
            .await
            .is_err()
    );
    assert_eq!(names(&shelf.artifacts, "").await, []);
    shelf.check();
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_taken() {
    let shelf = Shelf::new(Durability::Process);
    for artifacts in [shelf.artifacts.clone(), bucket()] {
        let pieces = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")))
            .take(3)
            .boxed();
        let error = artifacts.put(&at("a"), Upload::new(pieces, 29)).await.unwrap_err();
        assert_eq!(error.code, Code::RequestTooLarge);
        let pieces = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789")))
            .take(3)
            .boxed();
        artifacts.put(&at("b"), Upload::new(pieces, 30)).await.unwrap();
        assert_eq!(names(&artifacts, "").await, [("b".to_owned(), Some(30))]);
    }
    shelf.check();
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let shelf = Shelf::new(Durability::Process);
    shelf.artifacts.put(&at("d/a"), whole(b"a")).await.unwrap();
    for path in ["d", "d/a/b"] {
        let error = shelf.artifacts.put(&at(path), whole(b"x")).await.unwrap_err();
        assert_eq!(error.code, Code::InvalidParameterValue, "{path}: {error}");
    }
    let error = read(&shelf.artifacts, "d").await.unwrap_err();
    assert_eq!(error.message, "Artifact path refers to a directory, not a file: 'd'");
    assert_eq!(
        shelf.artifacts.put(&at(""), whole(b"x")).await.unwrap_err().message,
        "Invalid path"
    );
    assert_eq!(read(&shelf.artifacts, "d/a").await.unwrap(), b"a");
    shelf.check();
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_nowhere_else() {
    use std::os::unix::fs::symlink;
    let shelf = Shelf::new(Durability::Process);
    let neighbour = shelf.folder.path().join("neighbour");
    fs::create_dir(shelf.root().join("d")).unwrap();
    for (target, link) in [
        (neighbour.clone(), "d/folder"),
        (neighbour.join("secret"), "d/file"),
        (neighbour.join("new"), "d/dangling"),
        (Path::new("../../neighbour").to_owned(), "d/relative"),
    ] {
        symlink(target, shelf.root().join(link)).unwrap();
    }
    for path in [
        "d/file",
        "d/folder/secret",
        "d/folder/new",
        "d/dangling",
        "d/relative/secret",
        "d/relative/x/y",
    ] {
        assert!(read(&shelf.artifacts, path).await.is_err(), "{path}");
        assert!(shelf.artifacts.put(&at(path), whole(b"x")).await.is_err(), "{path}");
        assert!(shelf.artifacts.delete(&at(path)).await.is_err(), "{path}");
    }
    assert_eq!(names(&shelf.artifacts, "d").await, []);
    assert!(shelf.artifacts.list(&at("d/folder")).await.is_err());
    // The links themselves go with their folder.
    shelf.artifacts.delete(&at("d")).await.unwrap();
    shelf.check();
}

#[test]
fn places_that_cannot_be_say_so() {
    for url in ["ftp://host/x", "http://host/x", "file://elsewhere/x"] {
        let error = Artifacts::open(&Url::parse(url).unwrap(), Durability::Process).unwrap_err();
        assert_eq!(error.setting, "--artifacts-destination", "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let url = Url::from_directory_path(folder.path().join("file")).unwrap();
    let error = Artifacts::open(&url, Durability::Process).unwrap_err();
    assert!(error.message.starts_with("cannot make the folder"), "{}", error.message);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_path_is_asked_for_nothing_outside_is_touched(text in "(\\.\\.|/|%2e|%2f|%5c|\\\\|neighbour|secret|root|\\PC){0,12}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shelf = Shelf::new(Durability::Process);
            if let Ok(path) = ArtifactPath::parse(&text) {
                let put = shelf.artifacts.put(&path, whole(text.as_bytes())).await;
                prop_assert_eq!(put.is_ok(), !path.is_root(), "{:?}", put);
                if put.is_ok() {
                    prop_assert_eq!(read(&shelf.artifacts, &text).await.unwrap(), text.as_bytes());
                    shelf.artifacts.delete(&path).await.unwrap();
                }
            }
            shelf.check();
            Ok(())
        })?;
    }
}
