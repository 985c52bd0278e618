//! Fingerprints, by which two runs can tell whether they were given the same input.

use std::{
    fmt,
    io::{self, Read},
};

/// A 64-bit FNV-1a hash of bytes, the same on every machine and in every release. It tells inputs apart that differ by
/// accident; it is no defence against somebody who wants them to look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

/// A reader that takes the fingerprint of what is read through it.
#[derive(Debug)]
pub(super) struct FingerprintReader<R> {
    inner: R,
    fingerprint: Fingerprint,
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
            fingerprint: Fingerprint::default(),
        }
    }

    /// The fingerprint of what was read so far.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl<R: Read> Read for FingerprintReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.fingerprint.add(&buffer[..count]);
        Ok(count)
    }
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
        assert_eq!(reader.fingerprint().to_string(), "fnv1a64:85944171f73967e8");
    }
}
