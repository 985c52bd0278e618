//! What became of the scraping.

use loadspan_record::LiveNotice;

/// What became of the scraping.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScrapeReport {
    /// Each source that could be asked.
    pub sources: Vec<SourceReport>,
    /// All that was noticed, in the order in which it was.
    pub notices: Vec<LiveNotice>,
}

/// A source, and how often it answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// The URL without credentials, or `nvml`.
    pub source: String,
    /// Samples taken.
    pub samples: u64,
    /// Attempts that gave none.
    pub failed: u64,
    /// What was wrong with the last one that failed.
    pub last_error: Option<String>,
}
