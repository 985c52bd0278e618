//! Reads a file piece by piece on a thread of its own, so that a slow disk does not hold up other uploads, and computes its checksum
//! on the way. It is never in memory as a whole.

use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::thread;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::folder::LocalFile;

/// How many pieces may wait.
const PIECES_AHEAD: usize = 2;

/// A file that is being read. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Reading {
    /// Its pieces, all of the same size but the last; of an empty file there is none.
    pub(super) pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// How many bytes all pieces together have, unless reading fails.
    pub(super) bytes: u64,
    /// What was read. It comes after the last piece.
    pub(super) content: oneshot::Receiver<Content>,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
    /// Whether the file was the same before and after: otherwise nobody knows what was read.
    pub(super) steady: bool,
}

impl Reading {
    /// Begins to read.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub(super) fn begin(file: &LocalFile, piece_bytes: usize) -> io::Result<Self> {
        let mut source = Source::open(file, piece_bytes)?;
        let bytes = source.left;
        let (pieces_in, pieces) = mpsc::channel(PIECES_AHEAD);
        let (content_in, content) = oneshot::channel();
        let read = move || {
            while let Some(piece) = source.next() {
                let failed = piece.is_err();
                if pieces_in.blocking_send(piece).is_err() || failed {
                    return;
                }
            }
            // Whoever has got all bytes asks for this next: it must be there when the last piece is followed by nothing.
            let _ = content_in.send(source.finish());
        };
        thread::Builder::new().name("artifact-reader".to_owned()).spawn(read)?;
        Ok(Self { pieces, bytes, content })
    }
}

/// Reads a file for its checksum only.
///
/// # Errors
///
/// It cannot be read.
pub(super) async fn content_of(file: &LocalFile) -> io::Result<Content> {
    let mut reading = Reading::begin(file, 1 << 20)?;
    while let Some(piece) = reading.pieces.recv().await {
        piece?;
    }
    reading.content.await.map_err(io::Error::other)
}

struct Source {
    file: File,
    before: Metadata,
    piece_bytes: usize,
    /// What is left to be read of what there was when it was opened: a file that grows is not read forever.
    left: u64,
    digest: Context,
}

impl Source {
    fn open(file: &LocalFile, piece_bytes: usize) -> io::Result<Self> {
        let file = file.open()?;
        let before = file.metadata()?;
        Ok(Self {
            left: before.len(),
            file,
            before,
            piece_bytes,
            digest: Context::new(&SHA256),
        })
    }

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.piece_bytes);
        if wanted == 0 {
            return None;
        }
        let mut piece = vec![0; wanted];
        Some(self.file.read_exact(&mut piece).map(|()| {
            self.left -= wanted as u64;
            self.digest.update(&piece);
            Bytes::from(piece)
        }))
    }

    fn finish(self) -> Content {
        let steady = self.file.metadata().is_ok_and(|after| same(&self.before, &after));
        Content {
            bytes: self.before.len(),
            sha256: hexadecimal(self.digest.finish().as_ref()),
            steady,
        }
    }
}

fn same(before: &Metadata, after: &Metadata) -> bool {
    let state = |file: &Metadata| (file.len(), file.mtime(), file.mtime_nsec());
    state(before) == state(after)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_file_is_read_in_pieces_and_its_checksum_is_that_of_all_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut reading = Reading::begin(&file(dir.path(), b"abcdefgh"), 3).unwrap();
        assert_eq!(reading.bytes, 8);
        let mut pieces = Vec::new();
        while let Some(piece) = reading.pieces.recv().await {
            pieces.push(piece.unwrap());
        }
        assert_eq!(pieces, ["abc", "def", "gh"]);
        let content = reading.content.await.unwrap();
        let sha256 = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab".to_owned();
        assert_eq!(
            content,
            Content {
                bytes: 8,
                sha256,
                steady: true
            }
        );
    }

    #[tokio::test]
    async fn an_empty_file_has_a_checksum_and_no_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let content = content_of(&file(dir.path(), b"")).await.unwrap();
        assert_eq!(content.bytes, 0);
        assert!(content.sha256.starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }

    #[tokio::test]
    async fn a_file_that_grows_while_it_is_read_is_not_steady() {
        let dir = tempfile::tempdir().unwrap();
        // Far more pieces than may wait, so that the thread is still reading when the file grows.
        let file = file(dir.path(), &[7; 100]);
        let mut reading = Reading::begin(&file, 1).unwrap();
        let mut growing = fs::OpenOptions::new().append(true).open(&file.path).unwrap();
        growing.write_all(b"more").unwrap();
        let mut read = 0;
        while let Some(piece) = reading.pieces.recv().await {
            read += piece.unwrap().len();
        }
        assert_eq!(read, 100);
        assert!(!reading.content.await.unwrap().steady);
    }

    #[tokio::test]
    async fn a_file_that_shrinks_while_it_is_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = file(dir.path(), &[7; 100]);
        let mut reading = Reading::begin(&file, 1).unwrap();
        fs::File::options()
            .write(true)
            .open(&file.path)
            .unwrap()
            .set_len(10)
            .unwrap();
        let mut last = reading.pieces.recv().await;
        while let Some(Ok(_)) = last {
            last = reading.pieces.recv().await;
        }
        last.unwrap().unwrap_err();
        reading.content.await.unwrap_err();
    }

    fn file(dir: &Path, content: &[u8]) -> LocalFile {
        let path = dir.join("file");
        fs::write(&path, content).unwrap();
        LocalFile::at(&path, "file", "exports/file".to_owned()).unwrap()
    }
}
