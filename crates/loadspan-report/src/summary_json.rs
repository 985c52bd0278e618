//! `summary.json`: the whole [`Summary`], in the shape of `docs/schema/summary.schema.json`.

use loadspan_record::Summary;
use thiserror::Error;

/// Why a `summary.json` cannot be read.
#[derive(Debug, Error)]
#[error("not a summary of loadspan: {0}")]
pub struct SummaryError(#[from] serde_json::Error);

/// The file, indented, with a line feed at its end.
#[must_use]
pub fn render(summary: &Summary) -> Vec<u8> {
    // Every number in a summary is finite and every key is text: nothing here can fail.
    let mut file = serde_json::to_vec_pretty(summary).expect("a summary is always valid JSON");
    file.push(b'\n');
    file
}

/// Reads what [`render`] wrote, or what another version wrote: figures that this one does not know are skipped.
///
/// # Errors
/// When the text is not JSON or lacks what every summary has.
pub fn parse(file: &[u8]) -> Result<Summary, SummaryError> {
    Ok(serde_json::from_slice(file)?)
}
