//! How large answers are: the bounds of everything that goes out, and of what is read for it.
//!
//! A few clients that ask for all there is must not take the memory that the others need. What the numbers add up to, in the worst case
//! and for as long as such requests go on: four readers with [`ROWS`] each, what is decoded of them, and [`IN_FLIGHT`] of answers that
//! slow clients have not read yet.

/// Bytes of spans, as they are stored, in one answer: as many as one request brings at most, unless a flag says something else.
pub(crate) const SPANS: usize = 64 << 20;

/// Bytes that these take once they are decoded, at most: mostly it is a few times what is stored, but there are spans that become seventy
/// times as large.
pub(crate) const DECODED: usize = 512 << 20;

/// Bytes of rows that one job reads: the largest answer, and what is looked at to find it.
pub(crate) const ROWS: usize = 96 << 20;

/// Bytes after which a page ends, and its token leads to the rest: no client needs more at once, and a page that is this large pays for
/// its request.
pub(crate) const PAGE: usize = 16 << 20;

/// Bytes that what is on a page takes once it is decoded.
pub(crate) const DECODED_PAGE: usize = 128 << 20;

/// Bytes of one answer as it is written. JSON takes more room than what is stored; twice as much is enough for all but control
/// characters.
pub(crate) const BODY: usize = 2 * SPANS;

/// Bytes of answers that wait for their clients.
pub(crate) const IN_FLIGHT: usize = 4 * SPANS;

/// Bytes of an answer that is too small to be counted among these: as many of them as there are connections are as much as one of the
/// bounds above.
pub(crate) const SMALL: usize = 64 << 10;

/// Bytes that the texts of JSON in one answer take when they are taken apart. Beyond that they stay texts.
pub(crate) const TREES: usize = 64 << 20;
