//! The columns of the table, in their order.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

use self::Cells::{Double, Int, Text, Time};
use crate::traces::table::{SpanRow, TraceRow};

/// A span with its trace.
pub(super) struct Row {
    pub(super) trace: Arc<TraceRow>,
    pub(super) span: SpanRow,
}

/// A column. Any of its cells may be empty.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Whether few values come again and again: these are written once.
    pub(super) repeats: bool,
    cells: Cells,
}

/// How a cell is read off a row.
#[derive(Clone, Copy)]
enum Cells {
    Text(fn(&Row) -> Option<&str>),
    Int(fn(&Row) -> Option<i64>),
    /// Nanoseconds since 1970, UTC.
    Time(fn(&Row) -> Option<i64>),
    Double(fn(&Row) -> Option<f64>),
}

/// A column of a few values.
const fn few(name: &'static str, cells: Cells) -> Column {
    Column {
        name,
        repeats: true,
        cells,
    }
}

/// A column whose values differ.
const fn many(name: &'static str, cells: Cells) -> Column {
    Column {
        name,
        repeats: false,
        cells,
    }
}

/// Documented in `docs/server.md`.
pub(super) const COLUMNS: &[Column] = &[
    few("trace_id", Text(|row| Some(&row.trace.trace_id))),
    few("trace_name", Text(|row| row.trace.name.as_deref())),
    few("trace_state", Text(|row| Some(&row.trace.state))),
    few("trace_tags", Text(|row| row.trace.tags.as_deref())),
    few("session", Text(|row| row.trace.session.as_deref())),
    few("user", Text(|row| row.trace.user.as_deref())),
    many("span_id", Text(|row| Some(&row.span.span_id))),
    many("parent_span_id", Text(|row| row.span.parent_span_id.as_deref())),
    few("name", Text(|row| Some(&row.span.name))),
    few("kind", Text(|row| row.span.kind.as_deref())),
    few("type", Text(|row| row.span.span_type.as_deref())),
    few("status", Text(|row| Some(&row.span.status))),
    few("status_message", Text(|row| row.span.status_message.as_deref())),
    many("start_time", Time(|row| Some(row.span.start_ns))),
    many("end_time", Time(|row| row.span.end_ns)),
    many(
        "duration_ns",
        Int(|row| row.span.end_ns?.checked_sub(row.span.start_ns)),
    ),
    few("service", Text(|row| row.span.service.as_deref())),
    few("model", Text(|row| row.span.model.as_deref())),
    few("provider", Text(|row| row.span.provider.as_deref())),
    many("input_tokens", Int(|row| Some(row.span.usage?.input))),
    many("output_tokens", Int(|row| Some(row.span.usage?.output))),
    many("total_tokens", Int(|row| Some(row.span.usage?.total))),
    many("cache_read_tokens", Int(|row| row.span.usage?.cache_read)),
    many("cache_write_tokens", Int(|row| row.span.usage?.cache_write)),
    many("input_cost", Double(|row| Some(row.span.cost?[0]))),
    many("output_cost", Double(|row| Some(row.span.cost?[1]))),
    many("total_cost", Double(|row| Some(row.span.cost?[2]))),
    many("inputs", Text(|row| row.span.inputs.as_deref())),
    many("outputs", Text(|row| row.span.outputs.as_deref())),
    many("attributes", Text(|row| row.span.attributes.as_deref())),
    many("events", Text(|row| row.span.events.as_deref())),
    many("links", Text(|row| row.span.links.as_deref())),
    few("resource", Text(|row| row.span.resource.as_deref())),
    few("scope", Text(|row| row.span.scope.as_deref())),
    few("scope_version", Text(|row| row.span.scope_version.as_deref())),
];

impl Row {
    /// How much room its texts take.
    pub(super) fn bytes(&self) -> usize {
        let texts = COLUMNS.iter().filter_map(|column| match column.cells {
            Text(cell) => cell(self),
            Int(_) | Time(_) | Double(_) => None,
        });
        texts.map(str::len).sum()
    }
}

impl Column {
    /// What the schema says of it.
    pub(super) fn field(&self) -> Type {
        let (physical, logical) = match self.cells {
            Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Int(_) => (Physical::INT64, None),
            Time(_) => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::NANOS))),
            Double(_) => (Physical::DOUBLE, None),
        };
        let field = Type::primitive_type_builder(self.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build();
        field.expect("physical and logical type fit together")
    }

    /// Writes the cells of some rows.
    pub(super) fn write(&self, rows: &[Row], writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        match (self.cells, writer) {
            (Text(cell), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                put(writer, rows.iter().map(|row| cell(row).map(ByteArray::from)))
            }
            (Int(cell) | Time(cell), ColumnWriter::Int64ColumnWriter(writer)) => put(writer, rows.iter().map(cell)),
            (Double(cell), ColumnWriter::DoubleColumnWriter(writer)) => put(writer, rows.iter().map(cell)),
            _ => Err(ParquetError::General(format!(
                "column {} is of another type",
                self.name
            ))),
        }
    }
}

/// Where a cell is empty, there is a level and no value.
fn put<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let mut levels = Vec::new();
    let mut values = Vec::new();
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    writer.write_batch(&values, Some(&levels), None)?;
    Ok(())
}
