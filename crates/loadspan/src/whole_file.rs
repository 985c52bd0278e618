//! Files that are written whole, into folders that may be somebody else's.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Writes a file, so that nobody ever sees half of it. What lies there under its name is replaced: a link is, and not what it leads
/// to.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let beside = path.with_file_name(format!(".{}.new", name.to_string_lossy()));
    // Whatever lies there is of an earlier attempt; a link is removed, not followed.
    let _ = fs::remove_file(&beside);
    File::create_new(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path))
}

/// Makes a folder, unless there is one. A link to one is none.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(path)?.is_dir() {
                return Ok(());
            }
            Err(io::Error::other("it is no folder, and links are not followed"))
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_replaced_and_what_it_leads_to_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let [file, beside, theirs] = ["a.svg", ".a.svg.new", "theirs"].map(|name| dir.path().join(name));
        fs::write(&theirs, "theirs").unwrap();
        symlink(&theirs, &file).unwrap();
        symlink(&theirs, &beside).unwrap();
        write_whole(&file, b"ours").unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        assert_eq!(fs::read(&file).unwrap(), b"ours");
        assert!(!beside.exists());
    }

    #[test]
    fn a_link_is_no_folder() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let plots = dir.path().join("plots");
        symlink(elsewhere.path(), &plots).unwrap();
        make_folder(&plots).unwrap_err();
        fs::remove_file(&plots).unwrap();
        make_folder(&plots).unwrap();
        make_folder(&plots).unwrap();
    }
}
