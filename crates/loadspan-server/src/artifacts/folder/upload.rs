//! A file that is being uploaded: under a name of its own until it is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};
use uuid::Uuid;

use crate::config::Durability;

/// Bytes that are written at once.
const PIECE: usize = 256 << 10;
/// What is older was left behind by a process that was killed. Other servers may have uploads of their own here.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// Deletes what uploads have left behind.
pub(super) fn sweep(uploads: &Path) {
    let Ok(entries) = fs::read_dir(uploads) else {
        return;
    };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|found| found.modified());
        let age = modified.map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
        if age.is_ok_and(|age| age > STALE) {
            // Another server may have been faster.
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// A file under a name of its own, which goes away with it.
pub(super) struct Pending {
    file: BufWriter<File>,
    name: Name,
    durability: Durability,
}

/// A file that is whole, and has its place yet to come.
pub(super) struct Whole(Name);

/// The name of a file that is deleted with it.
struct Name(PathBuf);

impl Pending {
    pub(super) fn begin(uploads: &Path, durability: Durability) -> io::Result<Self> {
        let name = Name(uploads.join(Uuid::new_v4().simple().to_string()));
        let file = fs::File::create_new(&name.0)?;
        Ok(Self {
            file: BufWriter::with_capacity(PIECE, File::from_std(file)),
            name,
            durability,
        })
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece).await
    }

    pub(super) async fn whole(mut self) -> io::Result<Whole> {
        self.file.flush().await?;
        if self.durability == Durability::Full {
            self.file.get_ref().sync_all().await?;
        }
        Ok(Whole(self.name))
    }
}

impl Whole {
    /// Puts the file where it belongs, in place of what is there.
    pub(super) fn publish(self, target: &Path) -> io::Result<()> {
        if let Err(error) = fs::rename(&self.0.0, target) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(target.parent().unwrap_or(target))?;
            fs::rename(&self.0.0, target)?;
        }
        Ok(())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // Once it is published there is nothing under this name.
        drop(fs::remove_file(&self.0));
    }
}
