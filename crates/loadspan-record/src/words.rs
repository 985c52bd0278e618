//! Words that messages have in common.

/// `1 request`, `2 requests`: a number of things, for people.
///
/// # Examples
///
/// ```
/// assert_eq!(loadspan_record::counted(1, "session"), "1 session");
/// assert_eq!(loadspan_record::counted(0, "session"), "0 sessions");
/// ```
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
