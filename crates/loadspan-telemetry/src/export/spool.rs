//! `telemetry.spool/` in the folder of a run: payloads that could not be delivered, for `loadspan push`.
//!
//! One file holds one payload, an OTLP request in protobuf. It is written under another name and then renamed, and its name tells
//! its size, so that a torn one is not mistaken for a whole one. `spool.json` tells where the payloads were meant to go, without
//! credentials. What lies there may have been put there by somebody else, and is read with care.

mod folder;
mod name;
mod record;
mod spooler;
mod writer;

pub(super) use self::folder::{Folder, FolderError};
pub(super) use self::name::PayloadName;
pub use self::record::SpoolRecord;
pub(super) use self::spooler::{Room, SpoolHandle, Spooler};
pub(super) use self::writer::SpoolWriter;

/// Whoever writes the spool or pushes it holds a lock on this file.
const LOCK_FILE: &str = "lock";
/// End of the names of files that are being written.
const PARTIAL: &str = ".partial";
