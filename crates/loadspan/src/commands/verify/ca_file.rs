//! The certificate of a test server's CA, in a file for as long as the client needs it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file that goes away with this value.
#[derive(Debug)]
pub(super) struct CaFile(PathBuf);

impl CaFile {
    /// Writes the certificate into a file that was not there before.
    pub(super) fn write(pem: &str) -> io::Result<Self> {
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("loadspan-verify-{}-{number}.pem", std::process::id()));
        File::create_new(&path)?.write_all(pem.as_bytes())?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        // Nothing is lost if it stays: it is a public certificate.
        let _ = std::fs::remove_file(&self.0);
    }
}
