//! Renderers: from records and summaries to files and tables.
//!
//! Each format is one file and one function from plain data to bytes or text. Nothing here opens a file, prints, or knows where
//! its output goes; [`records_jsonl`] also reads back what it wrote. The formats are described in `docs/output-formats.md`.

pub mod records_jsonl;
