//! Fingerprints, by which two runs can tell whether they were given the same input.

use std::{
    fmt::{self, Write},
    io::{self, Read},
};

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A 64-bit FNV-1a hash of bytes, the same on every machine and in every release. It tells inputs apart that differ by
/// accident; it is no defence against somebody who wants them to look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

/// A reader that takes the SHA-256 of what is read through it, so that it can be compared with that of a file anywhere.
pub(crate) struct FingerprintReader<R> {
    inner: R,
    digest: Context,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Adds bytes. How they are cut into calls makes no difference.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fnv1a64:{:016x}", self.0)
    }
}

impl<R: Read> FingerprintReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            digest: Context::new(&SHA256),
        }
    }

    /// The fingerprint of what was read so far: `sha256:` and 64 digits.
    pub(crate) fn fingerprint(&self) -> String {
        named(self.digest.clone().finish().as_ref())
    }
}

impl<R: Read> Read for FingerprintReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}

/// The SHA-256 of bytes: `sha256:` and 64 digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    named(digest(&SHA256, bytes).as_ref())
}

fn named(digest: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_the_standard_algorithm() {
        let mut fingerprint = Fingerprint::default();
        assert_eq!(fingerprint.to_string(), "fnv1a64:cbf29ce484222325");
        fingerprint.add(b"foo");
        fingerprint.add(b"bar");
        assert_eq!(fingerprint.to_string(), "fnv1a64:85944171f73967e8");
    }

    #[test]
    fn reading_takes_the_fingerprint_of_what_was_read() {
        let mut reader = FingerprintReader::new(&b"foobar"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.fingerprint(), sha256_of(b"foobar"));
        assert_eq!(
            reader.fingerprint(),
            "sha256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"
        );
    }
}
