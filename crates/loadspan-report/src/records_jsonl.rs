//! `records.jsonl`: one line per finished request, appended while the run goes on, and read back to make a report again.

use std::io::BufRead;
use std::path::Path;

use loadspan_record::RequestRecord;

use crate::json_lines::{LineReader, Origin};

/// Appends one line per record to `out`.
pub fn encode(records: &[RequestRecord], out: &mut Vec<u8>) {
    for record in records {
        // A record has no map with keys that are not text, and a `Vec` takes every byte: nothing here can fail.
        serde_json::to_writer(&mut *out, record).expect("a record is always valid JSON");
        out.push(b'\n');
    }
}

/// Reads records. `path` is for errors only.
pub fn decode<R: BufRead>(reader: R, path: &Path) -> LineReader<R, RequestRecord> {
    LineReader::new(reader, Origin { path, line: "a record" })
}
