//! Renderers: from records and summaries to files and tables.
//!
//! Each format is one file and one function from plain data to bytes or text. Nothing here opens a file, prints, or knows where
//! its output goes; [`records_jsonl`] and [`observed_jsonl`] also read back what was written. `docs/output-formats.md` describes
//! every format.

pub mod aiperf;
pub mod console;
mod csv;
pub mod html;
mod json_lines;
mod number;
pub mod observed_jsonl;
pub mod plot;
pub mod records_jsonl;
pub mod summary_csv;
pub mod summary_json;
pub mod timeslices_csv;
pub mod vllm;
mod wall_time;

pub use json_lines::{LineReader, LinesError};
