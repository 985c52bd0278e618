//! Lines of OTLP/JSON: one request of an exporter on each, as the Collector's file exporter writes them.

use std::io::{self, Write};

use loadspan_wire::otlp::json;

use super::{Sink, StepError};
use crate::database::Connection;
use crate::traces::export as traces;
use crate::traces::span::StoredSpan;

/// Bytes of lines that are written at a time, more or less.
const BYTES: usize = 8 << 20;

/// Lines, as they are written.
pub(super) struct Lines<'a> {
    out: &'a mut (dyn Write + Send),
    /// Those that are not written yet.
    lines: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        let lines = Vec::new();
        Self { out, lines }
    }
}

impl Sink for Lines<'_> {
    fn trace(&mut self, _: &mut dyn Connection, _: i64) -> Result<(), StepError> {
        Ok(())
    }

    fn keep(&mut self, connection: &mut dyn Connection, spans: Vec<StoredSpan>) -> Result<(), StepError> {
        let line = json::encode_traces(&traces::of_spans(connection, spans)?);
        self.lines.extend_from_slice(&line);
        self.lines.push(b'\n');
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= BYTES
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.write()
    }
}
