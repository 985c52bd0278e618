//! Sizes and time of uploads. Tests have smaller ones.

use crate::mlflow::CompletionLimit;

/// What an upload has to keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) tuning: &'a Tuning,
    pub(super) limit: &'a CompletionLimit,
}

/// From which size on files go in parts, and how large those are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tuning {
    /// The proxy gets files of this size and larger ones in parts, where it takes them.
    pub(super) parts_from: u64,
    /// A part for the proxy.
    pub(super) part_bytes: u64,
    /// A part for an object store, which gets files in parts that are larger than that.
    pub(super) bucket_part_bytes: u64,
}

/// No store takes more parts than this, S3's limit.
const MAX_PARTS: u64 = 10_000;

impl Default for Tuning {
    /// As MLflow's client does it; parts for object stores are smaller, since several files are in memory at once.
    fn default() -> Self {
        Self {
            parts_from: 500 << 20,
            part_bytes: 10 << 20,
            bucket_part_bytes: 8 << 20,
        }
    }
}

impl Tuning {
    /// The size of a part of a file: `wanted`, unless that were too many parts.
    pub(super) fn part_bytes(&self, wanted: u64, file_bytes: u64) -> usize {
        let part = wanted.max(file_bytes.div_ceil(MAX_PARTS)).max(1);
        usize::try_from(part).unwrap_or(usize::MAX)
    }
}
