//! Traces as they are asked for: descriptions, spans, tags, assessments, as functions of a connection.

pub(crate) mod assessment;
mod deletion;
pub(crate) mod export;
pub(crate) mod find;
mod info;
pub(crate) mod link;
pub(crate) mod log;
mod lookup;
pub(crate) mod outline;
pub(crate) mod points;
pub(crate) mod session;
pub(crate) mod skeleton;
pub(crate) mod span;
mod start;
pub(crate) mod table;
pub(crate) mod tag;
mod time;
mod typed;
mod words;

use crate::hex::digits;

pub(crate) use deletion::{Deletable, delete, older_than};
pub(crate) use info::{SIZES, load_infos};
pub(crate) use lookup::{Doomed, Named, Which, doomed, has_all_spans, key, keys};
pub(crate) use start::{Start, start};

/// An id in hexadecimal digits.
fn hex(id: &[u8]) -> String {
    id.iter().flat_map(|byte| digits(*byte)).map(char::from).collect()
}
