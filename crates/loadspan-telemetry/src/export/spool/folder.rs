//! A spool as `loadspan push` finds it. Whoever holds a [`Folder`] holds its lock.
//!
//! A payload leaves the spool in one step, and what is left of one that went in parts takes its place in one: the remainder is
//! written under the same order with fewer items, and of two files of the same order the one with fewer items is the newer.

use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use thiserror::Error;

use super::name::NotAPayload;
use super::writer::{lock, write_whole};
use super::{PARTIAL, PayloadName};
use crate::export::Payload;

/// Where payloads go that the backend has rejected for good.
const REJECTED_DIR: &str = "rejected";

/// A spool, locked.
#[derive(Debug)]
pub(in crate::export) struct Folder {
    dir: PathBuf,
    _lock: File,
}

/// What lies in a spool.
#[derive(Debug, Default)]
pub(in crate::export) struct Content {
    /// Payloads, oldest first.
    pub(in crate::export) payloads: Vec<PayloadName>,
    /// Files with the name of a payload that are something else: torn, links, of another size, with more items than bytes.
    pub(in crate::export) damaged: Vec<String>,
    /// Older states of payloads that are there in a newer one.
    outdated: Vec<PayloadName>,
    /// Leftovers of writing.
    partial: Vec<String>,
}

/// Why a spool cannot be worked with.
#[derive(Debug, Error)]
pub(in crate::export) enum FolderError {
    #[error("there is no spool")]
    Missing,
    #[error("somebody else is writing or pushing it")]
    InUse,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Folder {
    pub(in crate::export) fn open(dir: &Path) -> Result<Self, FolderError> {
        let lock = lock(dir).map_err(|error| match error.kind() {
            ErrorKind::NotFound => FolderError::Missing,
            ErrorKind::ResourceBusy => FolderError::InUse,
            _ => FolderError::Io(error),
        })?;
        let dir = dir.to_path_buf();
        Ok(Self { dir, _lock: lock })
    }

    /// What lies in it, after what an interrupted push or run has left behind is cleared away.
    pub(in crate::export) fn tidy(&self) -> io::Result<Content> {
        let mut content = scan(&self.dir)?;
        let outdated = content.outdated.drain(..).map(|name| name.to_string());
        for name in outdated.chain(content.partial.drain(..)) {
            fs::remove_file(self.dir.join(name))?;
        }
        Ok(content)
    }

    /// Reads a payload.
    pub(in crate::export) fn read(&self, name: &PayloadName) -> io::Result<Payload> {
        let mut body = Vec::new();
        let file = File::open(self.dir.join(name.to_string()))?;
        file.take(name.bytes).read_to_end(&mut body)?;
        Ok(Payload {
            contents: name.contents,
            items: name.items,
            body: Bytes::from(body),
        })
    }

    /// Notes on disk, for good, that of a payload only `remaining` is still to be delivered. `None`: nothing is.
    pub(in crate::export) fn settle(
        &self,
        name: &PayloadName,
        remaining: &[Payload],
    ) -> io::Result<Option<PayloadName>> {
        let remainder = merge(remaining).map(|payload| (PayloadName::of(&payload, name.order), payload));
        if let Some((remainder, payload)) = &remainder {
            let path = self.dir.join(remainder.to_string());
            write_whole(&path, &payload.body)?;
            File::open(path)?.sync_all()?;
        }
        fs::remove_file(self.dir.join(name.to_string()))?;
        File::open(&self.dir)?.sync_all()?;
        Ok(remainder.map(|(name, _)| name))
    }

    /// Puts a payload where no push finds it again, for whoever wants to know what was wrong with it.
    pub(in crate::export) fn keep_rejected(&self, name: &PayloadName, payload: &Payload) -> io::Result<()> {
        let dir = self.dir.join(REJECTED_DIR);
        match fs::create_dir(&dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !fs::symlink_metadata(&dir)?.is_dir() {
            return Err(io::Error::other(format!("{} is not a folder", dir.display())));
        }
        let name = PayloadName::of(payload, name.order);
        write_whole(&dir.join(name.to_string()), &payload.body)
    }
}

/// Looks into a spool. What does not bear a name of ours is not touched, and no link is followed.
pub(super) fn scan(dir: &Path) -> io::Result<Content> {
    let mut content = Content::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let stem = name.strip_suffix(PARTIAL);
        match stem.unwrap_or(&name).parse() {
            Ok(_) if stem.is_some() => content.partial.push(name),
            Ok(payload) if is_whole(&entry, &payload)? => content.payloads.push(payload),
            Ok(_) => content.damaged.push(name),
            Err(NotAPayload) => {}
        }
    }
    content.set_outdated_apart();
    Ok(content)
}

fn is_whole(entry: &DirEntry, name: &PayloadName) -> io::Result<bool> {
    let found = entry.metadata()?;
    Ok(found.is_file() && found.len() == name.bytes && name.is_plausible())
}

impl Content {
    fn set_outdated_apart(&mut self) {
        // Of the same order, the one with fewer items comes first and stays.
        self.payloads.sort_unstable_by_key(|name| (name.order, name.items));
        let mut last = None;
        self.payloads.retain(|name| {
            let is_outdated = last.replace(name.order) == Some(name.order);
            if is_outdated {
                self.outdated.push(*name);
            }
            !is_outdated
        });
    }
}

/// Several requests as one: of encoded messages, one after the other is both merged.
fn merge(payloads: &[Payload]) -> Option<Payload> {
    let first = payloads.first()?;
    let bodies: Vec<&[u8]> = payloads.iter().map(|payload| &*payload.body).collect();
    Some(Payload {
        contents: first.contents,
        items: payloads.iter().map(|payload| payload.items).sum(),
        body: Bytes::from(bodies.concat()),
    })
}
