//! A table in Parquet: a row for each span, a column for each thing that is said of it. Rows are written in groups, so that neither
//! this program nor a reader needs room for all of them.

mod columns;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use self::columns::{COLUMNS, Row};
use super::{Sink, StepError};
use crate::database::Connection;
use crate::traces::span::StoredSpan;
use crate::traces::table::{self, TraceRow};

/// Rows of a group.
const ROWS: usize = 50_000;
/// Bytes of the texts of a group, more or less.
const BYTES: usize = 32 << 20;

/// A table, as it is written.
pub(super) struct Table<'a> {
    writer: SerializedFileWriter<&'a mut (dyn Write + Send)>,
    /// The trace whose spans come.
    trace: Arc<TraceRow>,
    /// Those of the group that is not written yet.
    rows: Vec<Row>,
    bytes: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let writer = SerializedFileWriter::new(out, Arc::new(schema()), Arc::new(properties()));
        Ok(Self {
            writer: writer.map_err(unwritten)?,
            trace: Arc::default(),
            rows: Vec::new(),
            bytes: 0,
        })
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(unwritten)?;
        for column in COLUMNS {
            let writer = group.next_column().map_err(unwritten)?;
            let mut writer = writer.expect("the schema is made of these columns");
            column.write(&self.rows, writer.untyped()).map_err(unwritten)?;
            writer.close().map_err(unwritten)?;
        }
        group.close().map_err(unwritten)?;
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl Sink for Table<'_> {
    fn trace(&mut self, connection: &mut dyn Connection, trace: i64) -> Result<(), StepError> {
        // One that is deleted meanwhile has no spans either.
        self.trace = Arc::new(table::trace(connection, trace)?.unwrap_or_default());
        Ok(())
    }

    fn keep(&mut self, connection: &mut dyn Connection, spans: Vec<StoredSpan>) -> Result<(), StepError> {
        for span in table::rows(connection, spans)? {
            let row = Row {
                trace: Arc::clone(&self.trace),
                span,
            };
            self.bytes += row.bytes();
            self.rows.push(row);
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }

    fn write(&mut self) -> io::Result<()> {
        if self.is_full() { self.write_group() } else { Ok(()) }
    }

    fn finish(mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        self.writer.close().map_err(unwritten)?;
        Ok(())
    }
}

fn schema() -> Type {
    let fields = COLUMNS.iter().map(|column| Arc::new(column.field())).collect();
    let schema = Type::group_type_builder("spans").with_fields(fields).build();
    schema.expect("names and types are constants that fit together")
}

fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("loadspan ", env!("CARGO_PKG_VERSION")).to_owned());
    for column in COLUMNS.iter().filter(|column| !column.repeats) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(column.name), false);
    }
    properties.build()
}

/// What the disk says is said as it was.
fn unwritten(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
