//! Requests that are encoded once and sent many times, each time with ids and times of their own.
//!
//! What changes has the same length in each of them: it is written over marks in the bytes, which costs next to nothing.

use std::cell::RefCell;

use memchr::memmem;

/// What marks begin with. It is text, so that marks may stand in texts; nothing else has it.
const MAGIC: [u8; 5] = *b"\x02~#%\x03";
const LENGTH: usize = 8;
/// Two bytes of seven bits, so that a mark stays text.
const MOST: usize = 1 << 14;
/// Traces that follow one another in a session.
const SESSION_TRACES: u64 = 20;
/// All numbers have eight digits.
const FIRST_NUMBER: u64 = 10_000_000;

/// Eight bytes that are written anew for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Followed by eight more bytes that are also written.
    Trace,
    Span,
    /// Nanoseconds after the request's time, little-endian.
    Time,
    /// Eight hexadecimal digits.
    Session,
    /// Eight decimal digits.
    Number,
}

/// What makes one request different from all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh {
    /// Other seeds have other ids.
    pub(crate) seed: u64,
    /// Counts requests.
    pub(crate) request: u64,
    /// Nanoseconds since 1970.
    pub(crate) time_ns: u64,
}

/// Makes the marks of one template.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    times: RefCell<Vec<u64>>,
}

/// A request with places for what changes.
#[derive(Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    places: Vec<Place>,
    times: Vec<u64>,
    traces: u64,
    spans: u64,
    numbers: u64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    mark: Mark,
    index: u64,
}

impl Marks {
    /// The id of the request's trace of this number.
    pub(crate) fn trace(&self, index: usize) -> Vec<u8> {
        [mark(b'T', index), [0; LENGTH]].concat()
    }

    pub(crate) fn span(&self, index: usize) -> Vec<u8> {
        mark(b'S', index).to_vec()
    }

    /// So long after the time of the request.
    pub(crate) fn time(&self, offset_ns: u64) -> u64 {
        let mut times = self.times.borrow_mut();
        times.push(offset_ns);
        u64::from_le_bytes(mark(b'C', times.len() - 1))
    }

    /// The session of the request's trace of this number.
    pub(crate) fn session(&self, trace: usize) -> String {
        text(mark(b'V', trace))
    }

    /// A number that rises from request to request.
    pub(crate) fn number(&self, index: usize) -> String {
        text(mark(b'N', index))
    }
}

fn text(mark: [u8; LENGTH]) -> String {
    mark.into_iter().map(char::from).collect()
}

fn mark(kind: u8, index: usize) -> [u8; LENGTH] {
    assert!(index < MOST, "a template has at most {MOST} marks of a kind");
    let [a, b, c, d, e] = MAGIC;
    [a, b, c, d, e, kind, (index >> 7) as u8, (index & 0x7f) as u8]
}

impl Template {
    /// `bytes` has marks of `marks`.
    pub(crate) fn new(bytes: Vec<u8>, marks: Marks) -> Self {
        let places: Vec<Place> = memmem::find_iter(&bytes, &MAGIC)
            .filter_map(|at| place(&bytes, at))
            .collect();
        let count = |mark| {
            let indices = places
                .iter()
                .filter(|place| place.mark == mark)
                .map(|place| place.index + 1);
            indices.max().unwrap_or_default()
        };
        Self {
            traces: count(Mark::Trace),
            spans: count(Mark::Span),
            numbers: count(Mark::Number),
            times: marks.times.into_inner(),
            bytes,
            places,
        }
    }

    /// The bytes of one request.
    pub(crate) fn fill(&mut self, fresh: Fresh) -> &[u8] {
        let Fresh { seed, request, time_ns } = fresh;
        let first_trace = request * self.traces;
        for Place { at, mark, index } in &self.places {
            let bytes = &mut self.bytes[*at..];
            match mark {
                Mark::Trace => bytes[..16].copy_from_slice(&trace_id(seed, first_trace + index)),
                Mark::Span => bytes[..8].copy_from_slice(&mixed(!seed, request * self.spans + index)),
                Mark::Time => bytes[..8].copy_from_slice(&(time_ns + self.times[*index as usize]).to_le_bytes()),
                Mark::Session => write_digits::<16>(bytes, (first_trace + index) / SESSION_TRACES),
                Mark::Number => write_digits::<10>(bytes, FIRST_NUMBER + request * self.numbers + index),
            }
        }
        &self.bytes
    }
}

fn place(bytes: &[u8], at: usize) -> Option<Place> {
    let [kind, high, low] = *bytes.get(at + MAGIC.len()..at + LENGTH)? else {
        return None;
    };
    let mark = match kind {
        b'T' => Mark::Trace,
        b'S' => Mark::Span,
        b'C' => Mark::Time,
        b'V' => Mark::Session,
        b'N' => Mark::Number,
        _ => return None,
    };
    let index = u64::from(high) << 7 | u64::from(low);
    Some(Place { at, mark, index })
}

/// The id of the trace of this number, counted over all requests of a template.
pub(crate) fn trace_id(seed: u64, number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&mixed(seed, number * 2));
    id[8..].copy_from_slice(&mixed(seed, number * 2 + 1));
    id
}

/// The session that this trace is in.
pub(crate) fn session(number: u64) -> String {
    format!("{:08x}", number / SESSION_TRACES)
}

/// What looks like chance, as ids do: SplitMix64.
pub(crate) fn mixed(seed: u64, number: u64) -> [u8; 8] {
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let mut z = seed.wrapping_mul(0xd129_0da7_9b3f_51ed) ^ (number + 1).wrapping_mul(step);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).to_be_bytes()
}

/// Eight digits of a number; what does not fit is left out.
fn write_digits<const BASE: u64>(bytes: &mut [u8], mut number: u64) {
    for byte in bytes[..LENGTH].iter_mut().rev() {
        *byte = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Fresh = Fresh {
        seed: 1,
        request: 3,
        time_ns: 1_000,
    };

    #[test]
    fn everything_that_is_marked_is_written() {
        let marks = Marks::default();
        let mut bytes = b"trace ".to_vec();
        bytes.extend(marks.trace(1));
        bytes.extend(marks.time(5).to_le_bytes());
        bytes.extend(format!("session {} step {}", marks.session(1), marks.number(0)).bytes());
        let mut template = Template::new(bytes, marks);

        let filled = template.fill(FRESH);
        assert_eq!(filled[6..22], trace_id(1, 3 * 2 + 1));
        assert_eq!(filled[22..30], 1_005_u64.to_le_bytes());
        assert_eq!(&filled[30..], b"session 00000000 step 10000003");
        assert_eq!(session(3 * 2 + 1), "00000000");
    }

    #[test]
    fn no_two_requests_have_an_id_in_common() {
        let marks = Marks::default();
        let bytes = [marks.span(0), marks.span(200)].concat();
        let mut template = Template::new(bytes, marks);
        let mut ids: Vec<Vec<u8>> = Vec::new();
        for request in 0..10 {
            let filled = template.fill(Fresh { request, ..FRESH });
            ids.extend(filled.chunks(8).map(<[u8]>::to_vec));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 20);
    }

    #[test]
    fn a_filled_template_can_be_filled_again() {
        let marks = Marks::default();
        let bytes = marks.number(0).into_bytes();
        let mut template = Template::new(bytes, marks);
        assert_eq!(template.fill(FRESH), b"10000003");
        assert_eq!(template.fill(Fresh { request: 4, ..FRESH }), b"10000004");
    }
}
